// An event as the view holds it: with a place in time that can be drawn, and a name that can be looked up.
import type { Event } from "../wire/Event";
import type { EventKey } from "../wire/EventKey";

/** An event with `at`: milliseconds since 1970, with the fine steps of the run's own clock. */
export type Moment = Event & { at: number; cause_seq: EventKey[] };

/** One kind of event, by its name. */
export type MomentOf<K extends Event["kind"]> = Extract<Moment, { kind: K }>;

/** The name of an event, for maps and element ids. */
export function idOf(key: EventKey): string {
  return `${key.run}-${key.seq}`;
}

/** Negative, zero or positive, as `a` is before, equal to or after `b`. */
export function compareKeys(a: EventKey, b: EventKey): number {
  return a.run - b.run || a.seq - b.seq;
}

/** A jump of the wall clock, or a sleep, larger than this moves the base of a run. */
const JUMP_MS = 1_000;

/**
 * Gives every event its place in time. The wall clock of an event has whole milliseconds and may jump; the clock of its
 * run has nanoseconds and never goes back. So: the wall clock says where a run starts, the run's clock says how far it got.
 */
export class TimeKeeper {
  readonly #bases = new Map<number, number>();

  place(event: Event): Moment {
    const elapsed = event.mono_ns / 1e6;
    let base = this.#bases.get(event.run);
    if (base === undefined || Math.abs(base + elapsed - event.wall_ms) > JUMP_MS) {
      base = event.wall_ms - elapsed;
      this.#bases.set(event.run, base);
    }
    // An event without causes arrives without the list.
    return { ...event, cause_seq: event.cause_seq ?? [], at: base + elapsed };
  }
}
