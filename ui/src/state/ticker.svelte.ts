// Now, for words that tick: a quarter of a second is fine enough for text that changes once a second.

const STEP_MS = 250;

/** The time of the page as something that views can depend on. */
export class Ticker {
  now = $state(Date.now());
  #timer: ReturnType<typeof setInterval> | null = null;

  start(): void {
    this.#timer ??= setInterval(() => {
      this.now = Date.now();
    }, STEP_MS);
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }
}
