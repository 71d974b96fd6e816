// Who made whom happen: everything before and after an event along its causes.
import type { Chronicle } from "./chronicle";
import { type Moment, idOf } from "./moment";

/** At most this many events are followed each way. */
const KIN_MAX = 2_000;

/** The ids of an event, of all that led to it and of all that it led to. */
export function kin(chronicle: Chronicle, of: Moment): Set<string> {
  const found = new Set([idOf(of)]);
  follow(of, found, (one) => chronicle.causes(one));
  const before = found.size;
  follow(of, found, (one) => chronicle.effects(one));
  // Whoever waited for a refresh belongs to it, with what made it wait.
  if (found.size > before) {
    for (const one of chronicle.effects(of)) if (one.kind === "WaitingForRefresh") follow(one, found, (waiter) => chronicle.causes(waiter));
  }
  return found;
}

function follow(start: Moment, found: Set<string>, next: (one: Moment) => Moment[]): void {
  const open = [start];
  for (let one = open.pop(); one && found.size < KIN_MAX; one = open.pop()) {
    for (const other of next(one)) {
      if (found.has(idOf(other))) continue;
      found.add(idOf(other));
      open.push(other);
    }
  }
}
