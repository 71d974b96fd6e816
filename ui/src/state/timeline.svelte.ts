// The timeline as the view holds it. It checks on arrival that no number is missing, and asks again from the last one it has.
import type { Backend } from "../backend/backend";
import { Chronicle } from "../lib/chronicle";
import { type Moment, compareKeys } from "../lib/moment";
import type { EventKey } from "../wire/EventKey";
import type { TimelineBatch } from "../wire/TimelineBatch";

/** An answer that is ahead of what arrived may stay ahead this long before the store asks again. */
export const BEHIND_MS_MAX = 1_000;

/** Events that the view holds; older ones are read when they are looked at. */
export const HELD_MAX = 20_000;
/** Beyond the most, so many more are let come before the oldest are forgotten. */
const SLACK = 4_000;

/** Runs beside this one that a watch names; the rest are of before. */
const OTHERS_MAX = 64;

/** A storm of batches changes the picture at most this often. */
const PICTURE_MS = 60;

/** All events of the view, in order. */
export class Timeline {
  /** What the events add up to. Read `version` to depend on it. */
  readonly chronicle = new Chronicle();
  /** Grows as events arrive. */
  version = $state(0);
  /** The last event held of this run and those before it. Runs beside this one have their own. */
  newest = $state.raw<EventKey | null>(null);
  /** Not everything that arrived is still held. */
  forgot = $state(false);
  /** What was read of the rest: where the user is looking. */
  past = $state.raw<Chronicle | null>(null);

  readonly #backend: Backend;
  readonly #listeners = new Set<(moment: Moment) => void>();
  readonly #lastOfRun = new Map<number, number>();
  #asked = "";
  #told = 0;
  #due: ReturnType<typeof setTimeout> | null = null;
  #behind: ReturnType<typeof setTimeout> | null = null;
  #heardOf: EventKey | null = null;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** The chronicle that knows this event: the live one, or what was read of the past. */
  holding(key: EventKey): Chronicle {
    return this.past?.find(key) && !this.chronicle.find(key) ? this.past : this.chronicle;
  }

  /** The event of this key, if it is held at all. */
  find(key: EventKey): Moment | undefined {
    return this.holding(key).find(key);
  }

  /** Calls back for every event that arrives from now on. */
  listen(listener: (moment: Moment) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Begins to watch, from what is held. */
  async watch(): Promise<void> {
    const runs = [...this.#lastOfRun].sort(([a], [b]) => b - a);
    const others = runs.filter(([run]) => run !== this.newest?.run).slice(0, OTHERS_MAX);
    await this.#backend.watch({ since: this.newest, others: others.map(([run, seq]) => ({ run, seq })) }, (batch) => this.receive(batch));
  }

  /** Takes a batch in. A number that was held before is passed over; a missing one is asked for once. */
  receive(batch: TimelineBatch): void {
    const arrived: Moment[] = [];
    const own = batch.newest.run;
    this.chronicle.own = own;
    for (const event of batch.events) {
      const last = this.#lastOfRun.get(event.run);
      if (last !== undefined && event.seq <= last) continue;
      if (last !== undefined && event.seq !== last + 1 && event.kind !== "Gap" && this.#askAgain(last, event.seq)) break;
      this.#lastOfRun.set(event.run, event.seq);
      if (event.run <= own && (!this.newest || compareKeys(event, this.newest) > 0)) this.newest = { run: event.run, seq: event.seq };
      arrived.push(this.chronicle.add(event));
    }
    if (arrived.length === 0) return;
    if (this.chronicle.moments.length > HELD_MAX + SLACK) {
      this.chronicle.forget(HELD_MAX);
      this.forgot = true;
    }
    this.#tell();
    for (const moment of arrived) for (const listener of this.#listeners) listener(moment);
  }

  /** An answer named the newest event. If it has not arrived in a while, the channel is stuck: watch again. */
  heard(newest: EventKey): void {
    if (this.has(newest)) return;
    if (!this.#heardOf || compareKeys(newest, this.#heardOf) > 0) this.#heardOf = newest;
    this.#behind ??= setTimeout(() => this.#missed(newest), BEHIND_MS_MAX);
  }

  /** This event had its time to arrive. What was heard of in the meantime has its own. */
  #missed(awaited: EventKey): void {
    this.#behind = null;
    if (!this.has(awaited)) void this.watch();
    else if (this.#heardOf) this.heard(this.#heardOf);
  }

  /** Whether everything up to this event is held. */
  has(key: EventKey): boolean {
    return this.newest !== null && compareKeys(this.newest, key) >= 0;
  }

  /** At once where it was quiet, else a little later, together with what comes until then. */
  #tell(): void {
    const quiet = Date.now() - this.#told;
    if (quiet >= PICTURE_MS) {
      this.#told = Date.now();
      this.version += 1;
    } else {
      this.#due ??= setTimeout(() => {
        this.#due = null;
        this.#told = Date.now();
        this.version += 1;
      }, PICTURE_MS - quiet);
    }
  }

  /** Asks once for a hole; a hole that comes again is a fact of the log, and is lived with. */
  #askAgain(last: number, found: number): boolean {
    const hole = `${last}-${found}`;
    if (this.#asked === hole) return false;
    this.#asked = hole;
    void this.watch();
    return true;
  }
}
