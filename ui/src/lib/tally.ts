// The timeline in four numbers.
import type { Chronicle } from "./chronicle";

/** How many of each. */
export interface Tally {
  requests: number;
  refreshes: number;
  /** Requests that waited for a refresh that another had asked for. */
  joined: number;
  /** Sessions that the server ended. */
  lost: number;
}

/** Counts all that was told, held or not. */
export function tally(chronicle: Chronicle): Tally {
  const { requests, refreshes, joined, lost } = chronicle.counts;
  return { requests, refreshes, joined, lost };
}
