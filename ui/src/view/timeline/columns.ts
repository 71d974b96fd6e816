// Paints a density: stacked columns, taller where more happened. One request must be seen beside a thousand, so heights
// grow with the logarithm.
import { type Gathered, KINDS, between, gather, layOut, room } from "../../lib/density";
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

/** What is kept from one picture to the next. */
export interface Kept {
  pixels: Pixels;
  gathered: Gathered;
}

const COUNTS = new Intl.NumberFormat("en-GB");

/** Paints the columns of an overview. Answers what to keep for the next picture. */
export function paintColumns(g: CanvasRenderingContext2D, kept: Kept | null, overview: Overview, strips: Strip[], x: (at: number) => number, palette: Palette, left: number): Kept {
  const { canvas } = g;
  const ratio = window.devicePixelRatio || 1;
  const { pixels, gathered } = kept?.pixels.fits(canvas.width, canvas.height) ? kept : { pixels: new Pixels(canvas.width, canvas.height), gathered: room(canvas.width + 2) };
  pixels.clear();
  const { ok, refresh, error, muted } = palette.ink;
  const [well, refreshed, failed, others] = [ok, refresh, error, muted].map(pixel) as [number, number, number, number];
  const width = Math.max(1, Math.round(ratio));
  // The place in time grows evenly with the place on the screen: two points tell all.
  const scale = x(1) - x(0);
  const momentAt = (place: number) => (place - x(0)) / scale;
  const [from, to] = [momentAt(left), momentAt(canvas.width / ratio)];
  for (const { lane, y, height } of strips) {
    const { at, counts, length, most } = gather(layOut(lane, overview), (moment) => x(moment) * ratio, from, to, gathered);
    const most2 = Math.log2(1 + most);
    for (let place = 0; place < length; place += 1) {
      const slot = place * KINDS;
      const [a, b, c, flights, d] = [counts[slot] as number, counts[slot + 1] as number, counts[slot + 2] as number, counts[slot + 3] as number, counts[slot + 4] as number];
      const all = a + b + c + d;
      const tall = all === 0 ? 0 : Math.max(2, (Math.log2(1 + all) / most2) * (height - 5)) * ratio;
      let bottom = (y + height - 4) * ratio;
      const stack = (count: number, colour: number) => {
        if (count === 0) return;
        const part = Math.max(1.5 * ratio, (tall * count) / all);
        pixels.fill(at[place] as number, bottom - part, width, part, colour);
        bottom -= part;
      };
      stack(a, well);
      stack(b, refreshed);
      stack(c, failed);
      stack(d, others);
      // Refreshes are a line of their own under the columns.
      if (flights > 0) pixels.fill(at[place] as number, (y + height - 3) * ratio, width, 2 * ratio, refreshed);
    }
  }
  pixels.draw(g);
  return { pixels, gathered };
}

/** What a lane holds between two moments, in words. */
export function densityInWords(lane: Density, overview: Overview, from: number, to: number): string {
  const sums = between(layOut(lane, overview), from, to) as [number, number, number, number, number];
  const [well, refreshed, failed, refreshes] = sums.map((sum) => COUNTS.format(sum)) as [string, string, string, string];
  return `${COUNTS.format(sums[0] + sums[1] + sums[2])} requests: ${well} at once, ${refreshed} after a refresh, ${failed} failed; ${refreshes} refreshes`;
}
