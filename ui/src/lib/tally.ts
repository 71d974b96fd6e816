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

/** Counts all that is held. */
export function tally(chronicle: Chronicle): Tally {
  let joined = 0;
  let lost = 0;
  for (const flight of chronicle.flights.values()) joined += flight.joiners.length;
  for (const group of chronicle.groups) if (group.first.kind === "LoginRequired") lost += 1;
  return { requests: chronicle.sends.size, refreshes: chronicle.flights.size, joined, lost };
}
