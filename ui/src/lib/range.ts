// A stretch of time as events: where evidence of it begins and ends.
import type { EventKey } from "../wire/EventKey";
import type { Moment } from "./moment";

/** The first and the last event of a stretch, of the run that its last one belongs to; null: there is none in it. */
export function endsOf(moments: readonly Moment[], { from, to }: { from: number; to: number }): { from: EventKey; to: EventKey } | null {
  const within = moments.filter((one) => one.at >= from && one.at <= to);
  const run = within.at(-1)?.run;
  const own = within.filter((one) => one.run === run).map((one) => one.seq);
  return run === undefined ? null : { from: { run, seq: Math.min(...own) }, to: { run, seq: Math.max(...own) } };
}
