// What the user marked in the timeline, kept over a restart: marks, the range, the filter in force and those with names.
import type { Backend } from "../backend/backend";
import type { Bookmarks as Kept } from "../wire/Bookmarks";
import type { Explore } from "./explore.svelte";

const SAVE_AFTER_MS = 400;

/** Takes back what was kept, and keeps what changes. */
export class Bookmarks {
  readonly #backend: Backend;
  readonly #explore: Explore;
  #due: ReturnType<typeof setTimeout> | null = null;
  /** What the program has. */
  #kept = "";
  #watched = false;

  constructor(backend: Backend, explore: Explore) {
    this.#backend = backend;
    this.#explore = explore;
  }

  /** Takes back what was kept for this workspace. */
  async open(): Promise<void> {
    let kept: Kept;
    try {
      kept = await this.#backend.call("read_bookmarks", {});
    } catch {
      // They are no news for the user: the timeline is there without them.
      return;
    }
    const { search } = this.#explore;
    this.#explore.marks = new Map(kept.marks.map(({ key, at_ms }) => [`${key.run}-${key.seq}`, { ...key, at: at_ms }]));
    this.#explore.range = kept.range ? { from: kept.range.from_ms, to: kept.range.to_ms } : null;
    search.saved = kept.filters;
    if (kept.filter) await search.apply(kept.filter);
    this.#kept = JSON.stringify(this.#now());
    this.#watch();
  }

  #now(): Kept {
    const { marks, range, search } = this.#explore;
    return {
      marks: [...marks.values()].map(({ run, seq, at }) => ({ key: { run, seq }, at_ms: Math.round(at) })),
      range: range ? { from_ms: Math.round(range.from), to_ms: Math.round(range.to) } : null,
      filter: search.filter.trim(), filters: search.saved,
    };
  }

  #watch(): void {
    if (this.#watched) return;
    this.#watched = true;
    $effect.root(() => {
      $effect(() => {
        const now = JSON.stringify(this.#now());
        if (now !== this.#kept) this.#saveSoon(now);
      });
    });
  }

  #saveSoon(now: string): void {
    if (this.#due !== null) clearTimeout(this.#due);
    this.#due = setTimeout(() => {
      this.#due = null;
      this.#kept = now;
      void this.#backend.call("keep_bookmarks", JSON.parse(now) as Kept).catch(() => {});
    }, SAVE_AFTER_MS);
  }
}
