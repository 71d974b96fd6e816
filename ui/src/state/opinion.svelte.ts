// The second opinion on one send: asked for, waited for, and shown.
import type { Backend } from "../backend/backend";
import { failureOf } from "../backend/failure";
import type { Failure } from "../wire/Failure";
import type { SecondOpinion } from "../wire/SecondOpinion";

/** One question to the other client. */
export class Opinion {
  asking = $state(false);
  withToken = $state(true);
  given = $state.raw<SecondOpinion | null>(null);
  failure = $state.raw<Failure | null>(null);

  constructor(
    readonly backend: Backend,
    readonly request: number,
    readonly attempt: number | null,
  ) {}

  async ask(withToken: boolean): Promise<void> {
    this.asking = true;
    this.withToken = withToken;
    this.failure = null;
    try {
      this.given = await this.backend.call("ask_second_opinion", { request: this.request, with_token: withToken, ...(this.attempt === null ? {} : { attempt: this.attempt }) });
    } catch (error) {
      this.given = null;
      this.failure = failureOf(error);
    }
    this.asking = false;
  }
}
