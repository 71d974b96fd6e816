// Time for the played engine: the real one, or one that a test moves by hand.

/** Where the played engine reads the time and waits. */
export interface FakeClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls back after this many milliseconds; answers what cancels it. */
  after(ms: number, act: () => void): () => void;
}

/** The time of the page. */
export const pageClock: FakeClock = {
  now: () => Date.now(),
  after: (ms, act) => {
    const timer = setTimeout(act, ms);
    return () => clearTimeout(timer);
  },
};

/** Time that stands still until `advance`. */
export class HandClock implements FakeClock {
  #now: number;
  #waiting: { at: number; order: number; act: () => void }[] = [];
  #order = 0;

  constructor(start = Date.UTC(2026, 10, 23, 12, 1, 0)) {
    this.#now = start;
  }

  now(): number {
    return this.#now;
  }

  after(ms: number, act: () => void): () => void {
    const entry = { at: this.#now + ms, order: this.#order++, act };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((one) => one !== entry);
    };
  }

  /** Moves time on, and lets everything happen that was due, in order. */
  async advance(ms: number): Promise<void> {
    const end = this.#now + ms;
    await settled();
    for (;;) {
      const next = this.#waiting.filter((one) => one.at <= end).sort((a, b) => a.at - b.at || a.order - b.order)[0];
      if (!next) break;
      this.#waiting = this.#waiting.filter((one) => one !== next);
      this.#now = next.at;
      next.act();
      await settled();
    }
    this.#now = end;
    await settled();
  }
}

/** Lets promises that are ready run on; a played flow has a few steps between two waits. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}
