// The played timeline: numbers every event and hands it to whoever watches.
import type { Actor } from "../../wire/Actor";
import type { Event } from "../../wire/Event";
import type { EventKey } from "../../wire/EventKey";
import type { TimelineBatch } from "../../wire/TimelineBatch";
import type { FakeClock } from "./clock";

/** What happened, without its envelope. */
type FactOf<E> = E extends { kind: infer Kind; data: infer Data } ? { kind: Kind; data: Data } : never;
type Fact = FactOf<Event>;

/** What an event is about. */
type Subject = Partial<Pick<Event, "session" | "epoch" | "generation" | "request" | "attempt" | "flight">>;

/** At most this many events travel in one batch. */
const BATCH = 60;

/** Events of one run. */
export class FakeLog {
  readonly run: number;
  readonly events: Event[] = [];
  readonly #clock: FakeClock;
  readonly #start: number;
  #watcher: ((batch: TimelineBatch) => void) | null = null;
  #sent = 0;
  #due = false;

  constructor(clock: FakeClock, run: number) {
    this.#clock = clock;
    this.#start = clock.now();
    this.run = run;
  }

  get newest(): EventKey {
    return { run: this.run, seq: this.events.length };
  }

  append(fact: Fact, subject: Subject = {}, causes: (EventKey | null | undefined)[] = [], actor: Actor = "request"): EventKey {
    const now = this.#clock.now();
    const key = { run: this.run, seq: this.events.length + 1 };
    const mono_ns = (now - this.#start) * 1e6 + this.events.length * 1_000;
    const cause_seq = causes.filter((one) => one !== null && one !== undefined);
    this.events.push({ ...key, mono_ns, wall_ms: Math.floor(now), actor, ...subject, cause_seq, ...fact } as Event);
    this.#flushSoon();
    return key;
  }

  watch(since: EventKey | null, onBatch: (batch: TimelineBatch) => void): void {
    this.#watcher = onBatch;
    this.#sent = since?.run === this.run ? since.seq : 0;
    this.#flushSoon();
  }

  #flushSoon(): void {
    if (this.#due) return;
    this.#due = true;
    this.#clock.after(4, () => {
      this.#due = false;
      this.#flush();
    });
  }

  #flush(): void {
    while (this.#watcher && this.#sent < this.events.length) {
      const events = this.events.slice(this.#sent, this.#sent + BATCH);
      this.#sent += events.length;
      this.#watcher({ events, newest: this.newest });
    }
  }
}
