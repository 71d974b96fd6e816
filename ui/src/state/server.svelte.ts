// What was learned of the server of the session that is looked at: asked again whenever a refresh or an answer may have taught more.
import type { Backend } from "../backend/backend";
import { failureOf } from "../backend/failure";
import type { Moment } from "../lib/moment";
import type { Known } from "../wire/Known";
import type { Replay } from "../wire/Replay";
import type { Notices } from "./notices.svelte";
import type { Timeline } from "./timeline.svelte";

const TELLING = new Set<Moment["kind"]>(["FlightFinished", "SignedIn", "LoginRequired", "ClockSkewed"]);
/** A storm of refreshes is asked about at most this often. */
const SETTLE_MS = 200;

/** The server pane's content. */
export class Server {
  known = $state.raw<Known | null>(null);
  #session: string | null = null;
  #due: ReturnType<typeof setTimeout> | null = null;
  readonly #backend: Backend;
  readonly #notices: Notices;

  constructor(backend: Backend, timeline: Timeline, notices: Notices) {
    this.#backend = backend;
    this.#notices = notices;
    timeline.listen((moment) => {
      if (TELLING.has(moment.kind) && this.#session !== null) this.#askSoon();
    });
  }

  /** Looks at another session, or at none: nothing is asked while nobody looks. */
  of(session: string | null): void {
    if (session === this.#session) return;
    this.#session = session;
    if (session !== null) void this.#ask();
  }

  /** Says whether it forgives a token that comes twice; null: what was learned counts. */
  async choose(replay: Replay | null): Promise<void> {
    const session = this.#session;
    if (session === null) return;
    await this.#take(session, this.#backend.call("choose_replay", { session, replay }));
  }

  async forget(): Promise<void> {
    const session = this.#session;
    if (session !== null) await this.#take(session, this.#backend.call("forget_profile", { session }));
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
      const known = await this.#backend.call("read_profile", { session });
      if (session === this.#session) this.known = known;
    } catch {
      // The session list says what is wrong with the session; the pane stays as it was.
    }
  }

  async #take(session: string, answer: Promise<Known>): Promise<void> {
    try {
      const known = await answer;
      if (session === this.#session) this.known = known;
    } catch (error) {
      this.#notices.add(failureOf(error));
      await this.#ask();
    }
  }
}
