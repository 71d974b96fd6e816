// What an issuer was asked, and said of itself: one question at a time, which can be left alone.
import type { Backend } from "../backend/backend";
import { failureOf } from "../backend/failure";
import type { Failure } from "../wire/Failure";
import type { Metadata } from "../wire/Metadata";

/** The question to one issuer. */
export class Discovery {
  /** The issuer that is asked now. */
  asking = $state<string | null>(null);
  found = $state.raw<Metadata | null>(null);
  failure = $state.raw<Failure | null>(null);

  readonly #backend: Backend;
  #turn = 0;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Asks, and answers what was found. Null: nothing, or nobody waits for it any more. */
  async ask(issuer: string, session: string | null): Promise<Metadata | null> {
    const turn = ++this.#turn;
    [this.asking, this.found, this.failure] = [issuer, null, null];
    try {
      const found = await this.#backend.call("discover", { issuer, session });
      if (turn !== this.#turn) return null;
      this.found = found;
      return found;
    } catch (error) {
      if (turn === this.#turn) this.failure = failureOf(error);
      return null;
    } finally {
      if (turn === this.#turn) this.asking = null;
    }
  }

  /** Nobody waits for the answer any more, and what was found is about something else now. */
  leave(): void {
    this.#turn += 1;
    [this.asking, this.found, this.failure] = [null, null, null];
  }
}
