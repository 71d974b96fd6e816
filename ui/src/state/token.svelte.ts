// What is known of the token of the session that is looked at. Never the token itself.
import type { Backend } from "../backend/backend";
import type { Moment } from "../lib/moment";
import type { TokenDetails } from "../wire/TokenDetails";
import type { Timeline } from "./timeline.svelte";

const TELLING = new Set<Moment["kind"]>(["Published", "SessionRestored", "SignedOut", "LeaseTaken", "ResponseClassified", "Persisted", "StoreChosen"]);
const SETTLE_MS = 60;

/** The token pane's content. */
export class Token {
  details = $state.raw<TokenDetails | null>(null);
  #session: string | null = null;
  readonly #backend: Backend;
  #due: ReturnType<typeof setTimeout> | null = null;

  constructor(backend: Backend, timeline: Timeline) {
    this.#backend = backend;
    timeline.listen((moment) => {
      if (TELLING.has(moment.kind) && (moment.session === this.#session || moment.session === undefined)) this.#askSoon();
    });
  }

  /** Looks at another session. */
  of(session: string | null): void {
    if (session === this.#session) return;
    this.#session = session;
    this.details = null;
    void this.#ask();
  }

  #askSoon(): void {
    this.#due ??= setTimeout(() => {
      this.#due = null;
      void this.#ask();
    }, SETTLE_MS);
  }

  async #ask(): Promise<void> {
    const session = this.#session;
    if (session === null) return;
    try {
      const details = await this.#backend.call("read_token", { session });
      if (session === this.#session) this.details = details;
    } catch {
      // The session list says what is wrong with the session; the pane stays as it was.
    }
  }
}
