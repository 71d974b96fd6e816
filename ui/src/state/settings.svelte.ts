// Theme and sizes: changed here at once, saved a moment later.
import type { Backend } from "../backend/backend";
import type { Settings as Kept } from "../wire/Settings";

const SAVE_AFTER_MS = 400;

/** Smallest and largest size of each pane, in CSS pixels. */
export const LIMITS = { sessions: [180, 380], inspector: [260, 520], timeline: [132, 560] } as const;

/** The settings of this machine. */
export class Settings {
  theme = $state<Kept["theme"]>("system");
  sessions = $state(232);
  inspector = $state(316);
  timeline = $state(268);
  view = $state<Kept["timeline_view"]>("story");
  /** Keys that the user gave to commands. */
  keys = $state.raw<Kept["keys"]>({});
  /** Sends that are remembered of each workspace. */
  historyKept = $state(10_000);
  readonly #backend: Backend;
  #due: ReturnType<typeof setTimeout> | null = null;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  take(kept: Kept): void {
    this.theme = kept.theme;
    this.sessions = within(kept.sessions_width_px, LIMITS.sessions);
    this.inspector = within(kept.inspector_width_px, LIMITS.inspector);
    this.timeline = within(kept.timeline_height_px, LIMITS.timeline);
    this.view = kept.timeline_view;
    this.keys = kept.keys;
    this.historyKept = kept.history_kept;
  }

  resize(pane: keyof typeof LIMITS, size: number): void {
    this[pane] = within(size, LIMITS[pane]);
    this.#saveSoon();
  }

  setTheme(theme: Kept["theme"]): void {
    this.theme = theme;
    this.#saveSoon();
  }

  setView(view: Kept["timeline_view"]): void {
    this.view = view;
    this.#saveSoon();
  }

  setKeys(keys: Kept["keys"]): void {
    this.keys = keys;
    this.#saveSoon();
  }

  keepHistory(sends: number): void {
    this.historyKept = sends;
    this.#saveSoon();
  }

  #saveSoon(): void {
    if (this.#due !== null) clearTimeout(this.#due);
    this.#due = setTimeout(() => {
      this.#due = null;
      const kept: Kept = {
        theme: this.theme, sessions_width_px: this.sessions, inspector_width_px: this.inspector, timeline_height_px: this.timeline,
        last_workspace: null, last_environment: null, timeline_view: this.view, keys: this.keys, history_kept: this.historyKept,
      };
      // Losing a pane's size is no news for the user.
      void this.#backend.call("save_settings", kept).catch(() => {});
    }, SAVE_AFTER_MS);
  }
}

function within(size: number, [least, most]: readonly [number, number]): number {
  return Math.round(Math.min(most, Math.max(least, Number.isFinite(size) ? size : least)));
}
