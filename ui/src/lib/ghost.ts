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
}

/** The bars of a tour that begins at `start`. */
export function ghost(start: number): Ghost[] {
  const at = (id: string, lane: number, from: number, to: number, tone: Ghost["tone"], text = ""): Ghost => ({ id, lane, from: start + from, to: start + to, tone, text });
  return [
    at("g1", 0, 200, 6_200, "plain", "G1"),
    at("g2", 0, 7_400, 13_400, "plain", "G2"),
    at("f1", 1, 7_150, 7_400, "refresh", ""),
    at("r1", 2, 600, 820, "ok", ""),
    at("r2", 3, 6_900, 7_130, "error", ""),
    at("r2b", 3, 7_430, 7_660, "ok", ""),
  ];
}
