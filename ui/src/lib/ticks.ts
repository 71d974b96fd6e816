// The labels of a time axis: as short as the neighbours allow.
import { clock, minute } from "./duration";

/** One tick. */
export interface Tick {
  at: number;
  text: string;
}

/** Labels for ticks at these moments, in a frame of this many milliseconds. */
export function tickLabels(ticks: number[], span: number): Tick[] {
  const apart = (ticks[1] ?? 0) - (ticks[0] ?? 0);
  return ticks.map((at, index) => ({ at, text: label(at, apart, index === 0 || at % 60_000 === 0, span) }));
}

function label(at: number, apart: number, whole: boolean, span: number): string {
  if (span > 20 * 60_000) return minute(at);
  if (apart > 0 && apart < 1_000) return whole && at % 1_000 === 0 ? clock(at) : `.${String(Math.floor(at % 1_000)).padStart(3, "0").replace(/0+$/, "") || "0"}`;
  return whole ? clock(at) : clock(at).slice(5);
}
