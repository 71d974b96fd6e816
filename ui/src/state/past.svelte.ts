// What the view does not hold of the timeline, read from the engine when it is looked at: a stretch with its events, or,
// where there are too many, its density.
import type { Backend } from "../backend/backend";
import { Chronicle } from "../lib/chronicle";
import { idOf } from "../lib/moment";
import type { Event } from "../wire/Event";
import type { Overview } from "../wire/Overview";

/** Columns of a density for three frames. */
const COLUMNS = 3_072;
/** The same stretch is read again at most this often while events arrive. */
const AGAIN_MS = 250;

/** A stretch that was read. */
export interface Stretch {
  from: number;
  to: number;
  filter: string;
  /** How far the timeline was. */
  version: number;
  chronicle: Chronicle;
  /** The groups that were asked for. */
  wanted: ReadonlySet<string>;
  /** Instead of events. */
  density: Overview | null;
}

/** What is asked for. */
interface Wish {
  from: number;
  to: number;
  filter: string;
  version: number;
}

/** The stretch that is looked at. */
export class Past {
  stretch = $state.raw<Stretch | null>(null);
  readonly #backend: Backend;
  #wish: Wish | null = null;
  #reading = false;
  #read = 0;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Sees to it that this stretch is there, soon. */
  want(wish: Wish): void {
    this.#wish = wish;
    if (!this.#reading && !this.#holds(wish)) void this.#readOn();
  }

  /** Reads a stretch, and waits for it. */
  async read(wish: Wish): Promise<void> {
    this.stretch = await this.#answer(wish);
    this.#read = Date.now();
  }

  #holds(wish: Wish): boolean {
    const held = this.stretch;
    if (!held || held.filter !== wish.filter || held.from > wish.from || held.to < wish.to) return false;
    // Too long ago or too fine for the density that is held.
    if (held.density && held.to - held.from > 8 * (wish.to - wish.from)) return false;
    return held.version === wish.version || Date.now() - this.#read < AGAIN_MS;
  }

  async #readOn(): Promise<void> {
    this.#reading = true;
    try {
      while (this.#wish && !this.#holds(this.#wish)) {
        const wish = this.#wish;
        await this.read(wish);
      }
    } catch {
      // What cannot be read stays as it is; the notices say that the database is in trouble.
    } finally {
      this.#reading = false;
    }
  }

  async #answer({ from, to, filter, version }: Wish): Promise<Stretch> {
    const aside = to - from;
    const round = (at: number) => Math.round(at);
    for (const margin of [aside, 0]) {
      const [first, last] = [round(from - margin) - 1, round(to + margin) + 1];
      const excerpt = await this.#backend.call("read_window", { filter, from_ms: first, to_ms: last });
      if (excerpt.dense) continue;
      return { from: first, to: last, filter, version, chronicle: told(excerpt.events), wanted: new Set(excerpt.groups.map(idOf)), density: null };
    }
    const [first, last] = [round(from - aside), round(to + aside)];
    const density = await this.#backend.call("read_overview", { filter, from_ms: first, to_ms: last, whole_runs: false, buckets: COLUMNS });
    return { from: first, to: last, filter, version, chronicle: new Chronicle(), wanted: new Set(), density };
  }
}

/** A chronicle of these events alone. */
export function told(events: Event[]): Chronicle {
  const chronicle = new Chronicle();
  for (const event of events) chronicle.add(event);
  return chronicle;
}
