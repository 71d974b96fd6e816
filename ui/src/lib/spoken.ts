// What is said aloud of the timeline while it grows: one row in words, or how many there were.
import { count } from "./duration";
import type { Tally } from "./tally";

/** One sentence about what came between two looks; empty where nothing is worth one. `last` is the newest row in words. */
export function spoken({ requests, refreshes, joined, lost }: Tally, last: string): string {
  if (requests + refreshes + lost === 0) return "";
  if (requests <= 1 && joined === 0) return last;
  const parts = [count(requests, "request")];
  if (refreshes > 0) parts.push(count(refreshes, "refresh", "refreshes"));
  if (joined > 0) parts.push(`${joined} joined`);
  if (lost > 0) parts.push(`${count(lost, "session")} ended`);
  return parts.join(", ");
}
