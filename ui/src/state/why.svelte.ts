// Why the send on show ended as it did: asked of the engine whenever the timeline says something about it.
import type { Backend } from "../backend/backend";
import type { Moment } from "../lib/moment";
import type { Explanation } from "../wire/Explanation";
import type { Timeline } from "./timeline.svelte";

const TELLING = new Set<Moment["kind"]>(["ResponseClassified", "AttemptFailed", "WaitingForRefresh", "RetryDecided", "RequestFinished"]);

/** The verdict on one send. */
export class Why {
  explanation = $state.raw<Explanation | null>(null);
  #of: { run: number; number: number } | null = null;
  readonly #backend: Backend;

  constructor(backend: Backend, timeline: Timeline) {
    this.#backend = backend;
    timeline.listen((moment) => {
      const of = this.#of;
      if (of && moment.run === of.run && moment.request === of.number && TELLING.has(moment.kind)) void this.#ask(of);
    });
  }

  /** Looks at another send, or at none. */
  of(send: { run: number; number: number } | null): void {
    if (send?.run === this.#of?.run && send?.number === this.#of?.number) return;
    this.#of = send;
    this.explanation = null;
    if (send) void this.#ask(send);
  }

  async #ask(send: { run: number; number: number }): Promise<void> {
    try {
      const explanation = await this.#backend.call("explain_request", { run: send.run, request: send.number });
      // An answer that was overtaken by a later one tells less than what is shown.
      const stale = explanation && this.explanation && explanation.as_of.seq < this.explanation.as_of.seq;
      if (send === this.#of && !stale) this.explanation = explanation;
    } catch {
      // The banner stays as it was; the answer itself is what counts.
    }
  }
}
