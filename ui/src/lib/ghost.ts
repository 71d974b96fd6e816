// What the tour will bring, drawn before it does: dashed, and only ahead of now.

/** One dashed bar. */
export interface Ghost {
  id: string;
  /** From 0: token, refresh, first request, second request. */
  lane: number;
  from: number;
  to: number;
  tone: "plain" | "ok" | "error" | "refresh";
  text: string;
  /** The text stands before the bar. */
  before: boolean;
}

/** What its lanes are called. */
export const GHOST_LANES = ["token", "refresh", "first request", "second request"];

/** The bars of a tour that begins at `start`. */
export function ghost(start: number): Ghost[] {
  const at = (id: string, lane: number, from: number, to: number, tone: Ghost["tone"], text: string, before = false): Ghost => ({ id, lane, from: start + from, to: start + to, tone, text, before });
  return [
    at("g1", 0, 200, 6_200, "plain", "G1"),
    at("g2", 0, 7_400, 13_400, "plain", "G2"),
    at("f1", 1, 7_150, 7_400, "refresh", "one refresh"),
    at("r1", 2, 600, 820, "ok", "200"),
    at("r2", 3, 6_900, 7_130, "error", "401 !", true),
    at("r2b", 3, 7_430, 7_660, "ok", "200, once more"),
  ];
}
