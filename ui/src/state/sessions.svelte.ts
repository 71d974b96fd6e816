// The sessions as the engine last described them, and which one is looked at.
import type { Backend } from "../backend/backend";
import { type Moment, compareKeys } from "../lib/moment";
import type { SessionSnapshot } from "../wire/SessionSnapshot";
import type { Timeline } from "./timeline.svelte";

/** Events after which a session may stand differently. */
const TELLING = new Set<Moment["kind"]>([
  "StateChanged", "Published", "SignedIn", "SignedOut", "LoginRequired", "SessionRestored", "CooldownStarted", "TokenExpired", "Persisted",
  "PersistFailed", "StoreChosen", "StoreUnavailable", "RecordSetAside", "FlightFinished",
  "WorkspaceRead", "BindingApproved", "BindingQuestioned", "FaultSwitched",
]);

/** Questions that come closer together than this are one. */
const SETTLE_MS = 30;

/** All sessions of the workspace. */
export class Sessions {
  all = $state.raw<SessionSnapshot[]>([]);
  /** The session that the token pane shows. */
  selected = $state<string | null>(null);
  readonly current = $derived(this.all.find((one) => one.name === this.selected) ?? null);

  readonly #backend: Backend;
  #due: ReturnType<typeof setTimeout> | null = null;

  constructor(backend: Backend, timeline: Timeline) {
    this.#backend = backend;
    timeline.listen((moment) => {
      if (TELLING.has(moment.kind)) this.#askSoon();
    });
  }

  find(name: string | null): SessionSnapshot | null {
    return this.all.find((one) => one.name === name) ?? null;
  }

  /** Takes snapshots in, unless newer ones are here. */
  set(sessions: SessionSnapshot[]): void {
    const [held, come] = [this.all[0]?.as_of, sessions[0]?.as_of];
    if (held && come && compareKeys(come, held) < 0) return;
    this.all = sessions;
    if (this.selected === null || !this.find(this.selected)) this.selected = sessions[0]?.name ?? null;
  }

  #askSoon(): void {
    this.#due ??= setTimeout(() => {
      this.#due = null;
      void this.#backend.call("list_sessions", {}).then((sessions) => this.set(sessions), () => {});
    }, SETTLE_MS);
  }
}
