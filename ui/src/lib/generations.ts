// What differs between any two generations of a line: the changes from step to step add up to it.
import type { ClaimChange } from "../wire/ClaimChange";
import type { LineageStep } from "../wire/LineageStep";
import { type Change, changeRows } from "./changes";

/** The difference from one generation to another, which may be the earlier one. */
export interface Difference {
  rows: Change[];
  /** Generations on the way that cannot be read: what changed there is not known. */
  unread: number[];
}

/** What differs from one generation to another, by claims and by the scopes that were granted. */
export function between(steps: LineageStep[], from: number, to: number): Difference {
  const [first, last] = from <= to ? [from, to] : [to, from];
  const way = steps.filter((one) => one.generation > first && one.generation <= last);
  const changes = net(way.flatMap((one) => one.changes)).map((one) => (from <= to ? one : { claim: one.claim, before: one.after, after: one.before }));
  const rows = changeRows(changes);
  const scope = (generation: number) => steps.find((one) => one.generation === generation)?.scope ?? [];
  // What was granted says the same as the claim, where there is one.
  const granted = changes.some((one) => one.claim === "scope" || one.claim === "scp") ? [] : changeRows([{ claim: "scope", before: scope(from), after: scope(to) }]);
  return { rows: [...granted, ...rows], unread: way.filter((one) => one.changes.length === 0).map((one) => one.generation) };
}

/** Changes one after the other, as one change a claim; what came back to where it was is none. */
function net(changes: ClaimChange[]): ClaimChange[] {
  const sum = new Map<string, ClaimChange>();
  for (const one of changes) {
    const known = sum.get(one.claim);
    sum.set(one.claim, { claim: one.claim, before: known ? known.before : one.before, after: one.after });
  }
  return [...sum.values()].filter((one) => JSON.stringify(one.before) !== JSON.stringify(one.after));
}
