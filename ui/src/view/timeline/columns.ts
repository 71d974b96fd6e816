// Paints a density: stacked columns, taller where more happened. One request must be seen beside a thousand, so heights
// grow with the logarithm.
import type { Density } from "../../wire/Density";
import type { Overview } from "../../wire/Overview";
import type { Palette } from "./palette";
import { Pixels, pixel } from "./pixels";

/** Where the columns of one lane go, in CSS pixels. */
export interface Strip {
  lane: Density;
  y: number;
  height: number;
}

/** How much of it fell into the pixels of one place: well, refreshed, failed, refreshes, others. */
type Counts = [number, number, number, number, number];

/** Paints the columns of an overview. Answers the buffer, for the next picture. */
export function paintColumns(g: CanvasRenderingContext2D, kept: Pixels | null, overview: Overview, strips: Strip[], x: (at: number) => number, palette: Palette, left: number): Pixels {
  const { canvas } = g;
  const ratio = window.devicePixelRatio || 1;
  const pixels = kept?.fits(canvas.width, canvas.height) ? kept : new Pixels(canvas.width, canvas.height);
  pixels.clear();
  const { ok, refresh, error, muted } = palette.ink;
  const [well, refreshed, failed, others] = [ok, refresh, error, muted].map(pixel) as [number, number, number, number];
  for (const { lane, y, height } of strips) {
    const places = gathered(lane, overview, x, ratio, left);
    let most = 1;
    for (const counts of places.values()) most = Math.max(most, counts[0] + counts[1] + counts[2] + counts[4]);
    for (const [at, counts] of places) {
      const width = Math.max(1, Math.round(ratio));
      const all = counts[0] + counts[1] + counts[2] + counts[4];
      const tall = all === 0 ? 0 : Math.max(2, (Math.log2(1 + all) / Math.log2(1 + most)) * (height - 5)) * ratio;
      let bottom = (y + height - 4) * ratio;
      for (const [count, colour] of [[counts[0], well], [counts[1], refreshed], [counts[2], failed], [counts[4], others]] as const) {
        if (count === 0) continue;
        const part = Math.max(1.5 * ratio, (tall * count) / all);
        pixels.fill(at, bottom - part, width, part, colour);
        bottom -= part;
      }
      // Refreshes are a line of their own under the columns.
      if (counts[3] > 0) pixels.fill(at, (y + height - 3) * ratio, width, 2 * ratio, refreshed);
    }
  }
  pixels.draw(g);
  return pixels;
}

/** Counts by device pixel. */
function gathered(lane: Density, overview: Overview, x: (at: number) => number, ratio: number, left: number): Map<number, Counts> {
  const span = overview.to_ms - overview.from_ms;
  const places = new Map<number, Counts>();
  for (const [column, ...counts] of lane.columns) {
    const at = Math.round(x(overview.from_ms + ((column + 0.5) * span) / overview.buckets) * ratio);
    if (at < left * ratio) continue;
    const there = places.get(at) ?? [0, 0, 0, 0, 0];
    for (let kind = 0; kind < 5; kind += 1) there[kind as 0] += counts[kind] ?? 0;
    places.set(at, there);
  }
  return places;
}

/** What a lane holds between two moments, in words. */
export function densityInWords(lane: Density, overview: Overview, from: number, to: number): string {
  const span = overview.to_ms - overview.from_ms;
  const sums: Counts = [0, 0, 0, 0, 0];
  for (const [column, ...counts] of lane.columns) {
    const at = overview.from_ms + ((column + 0.5) * span) / overview.buckets;
    if (at < from || at > to) continue;
    for (let kind = 0; kind < 5; kind += 1) sums[kind as 0] += counts[kind] ?? 0;
  }
  const [well, refreshed, failed, refreshes] = sums.map((sum) => sum.toLocaleString("en-GB")) as [string, string, string, string];
  return `${(sums[0] + sums[1] + sums[2]).toLocaleString("en-GB")} requests: ${well} at once, ${refreshed} after a refresh, ${failed} failed; ${refreshes} refreshes`;
}
