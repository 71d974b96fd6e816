// What the user should know and may put away: found at the start, or left by a command that failed.
import type { Failure } from "../wire/Failure";

/** A failure with a name of its own, so that two alike can be told apart. */
export interface Notice {
  id: number;
  failure: Failure;
}

/** At most this many are shown; the oldest give way. */
export const NOTICES_MAX = 4;

/** The banners. */
export class Notices {
  all = $state.raw<Notice[]>([]);
  #next = 1;

  add(failure: Failure): void {
    const others = this.all.filter((one) => JSON.stringify(one.failure) !== JSON.stringify(failure));
    this.all = [...others, { id: this.#next++, failure }].slice(-NOTICES_MAX);
  }

  dismiss(id: number): void {
    this.all = this.all.filter((one) => one.id !== id);
  }

  /** Puts away every notice with this code: what it told of is over. */
  clear(code: Failure["code"]): void {
    this.all = this.all.filter((one) => one.failure.code !== code);
  }
}
