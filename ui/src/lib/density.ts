// The density of a lane, laid out for drawing: what fell into a pixel and what lies between two moments is asked for in
// every picture, so the columns are taken apart once.
import type { Density } from "../wire/Density";
import type { Overview } from "../wire/Overview";

/** What is counted: well at once, well after a refresh, failed, refreshes, others. */
export const KINDS = 5;

/** A lane's columns in plain arrays. */
export interface Laid {
  /** When the middle of each column was. They are in order. */
  at: Float64Array;
  /** The counts of each column, kind by kind. */
  counts: Uint32Array;
  /** The counts of all columns before each, and at its end of all. */
  before: Float64Array;
}

const laid = new WeakMap<Density, Laid>();

/** The columns of a lane of an overview. */
export function layOut(lane: Density, overview: Overview): Laid {
  const known = laid.get(lane);
  if (known) return known;
  const length = lane.columns.length;
  const column = (overview.to_ms - overview.from_ms) / overview.buckets;
  const made: Laid = { at: new Float64Array(length), counts: new Uint32Array(length * KINDS), before: new Float64Array((length + 1) * KINDS) };
  for (let place = 0; place < length; place += 1) {
    const numbers = lane.columns[place] as Density["columns"][number];
    made.at[place] = overview.from_ms + (numbers[0] + 0.5) * column;
    for (let kind = 0; kind < KINDS; kind += 1) {
      const count = numbers[kind + 1] as number;
      made.counts[place * KINDS + kind] = count;
      made.before[(place + 1) * KINDS + kind] = (made.before[place * KINDS + kind] as number) + count;
    }
  }
  laid.set(lane, made);
  return made;
}

/** The first column that is not before this moment. */
export function firstFrom({ at }: Laid, moment: number): number {
  let [low, high] = [0, at.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((at[middle] as number) < moment) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The counts between two moments, both included. */
export function between(lane: Laid, from: number, to: number): number[] {
  const [first, last] = [firstFrom(lane, from), firstFrom(lane, to + Number.EPSILON * Math.abs(to))];
  return Array.from({ length: KINDS }, (_, kind) => Math.max(0, (lane.before[last * KINDS + kind] as number) - (lane.before[first * KINDS + kind] as number)));
}

/** The counts of neighbouring columns that fall into the same pixel, as one. */
export interface Gathered {
  /** How many pixels hold something. */
  length: number;
  /** Which ones, in device pixels. */
  at: Int32Array;
  counts: Uint32Array;
  /** The most that one of them holds, refreshes left out. */
  most: number;
}

/** Adds up a lane by device pixel, between the edges. The answer lives in `kept`, until it is used again. */
export function gather(lane: Laid, pixelOf: (at: number) => number, from: number, to: number, kept: Gathered): Gathered {
  const end = firstFrom(lane, to);
  let length = 0;
  let most = 1;
  for (let place = firstFrom(lane, from); place < end; place += 1) {
    const pixel = Math.round(pixelOf(lane.at[place] as number));
    if (length === 0 || kept.at[length - 1] !== pixel) {
      if (length === kept.at.length) break;
      kept.at[length] = pixel;
      kept.counts.fill(0, length * KINDS, (length + 1) * KINDS);
      length += 1;
    }
    const slot = (length - 1) * KINDS;
    for (let kind = 0; kind < KINDS; kind += 1) kept.counts[slot + kind] = (kept.counts[slot + kind] as number) + (lane.counts[place * KINDS + kind] as number);
    const all = (kept.counts[slot] as number) + (kept.counts[slot + 1] as number) + (kept.counts[slot + 2] as number) + (kept.counts[slot + 4] as number);
    if (all > most) most = all;
  }
  return Object.assign(kept, { length, most });
}

/** Room for so many pixels. */
export function room(pixels: number): Gathered {
  return { length: 0, at: new Int32Array(pixels), counts: new Uint32Array(pixels * KINDS), most: 1 };
}
