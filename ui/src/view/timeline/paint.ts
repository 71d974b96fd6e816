// Draws the lanes on a canvas: bands, bars, lines, labels. What stands where is decided by the scene; this only paints.
import { coarse } from "../../lib/duration";
import { type Ghost, GHOST_LANES } from "../../lib/ghost";
import { idOf } from "../../lib/moment";
import type { Tick } from "../../lib/ticks";
import type { Ink, Palette } from "./palette";
import { PIXELS_ABOVE, Pixels, pixel } from "./pixels";
import { GUTTER, LANE, type LinkPlace, type MarkPlace, type RowPlace, type Scene } from "./scene";

/** What there is to paint. */
export interface Picture {
  scene: Scene;
  x: (at: number) => number;
  now: number;
  width: number;
  height: number;
  ticks: Tick[];
  ahead: Ghost[];
  cursor: string | null;
  hovered: string | null;
  /** What belongs to the selected event; the rest steps back. */
  kin: ReadonlySet<string>;
  /** Events that the user marked. */
  marked: ReadonlySet<string>;
  range: { from: number; to: number } | null;
}

const TONES: Record<MarkPlace["mark"]["tone"], Ink> = { ok: "ok", error: "error", refresh: "refresh", pending: "accent", plain: "muted", warn: "warn" };

/** How much of it is seen of what does not belong to the selected event. */
const DIM = 0.28;

/** A canvas, and what is kept from one picture to the next. */
export class Painter {
  readonly #canvas: HTMLCanvasElement;
  readonly #context: CanvasRenderingContext2D | null;
  #palette: Palette;
  #hatches = new Map<string, CanvasPattern | null>();
  #pixels: Pixels | null = null;

  constructor(canvas: HTMLCanvasElement, palette: Palette) {
    this.#canvas = canvas;
    this.#context = canvas.getContext("2d");
    this.#palette = palette;
  }

  /** Paints with other colours from now on. */
  use(palette: Palette): void {
    this.#palette = palette;
    this.#hatches.clear();
  }

  paint(picture: Picture): void {
    const { width, height, x } = picture;
    const g = this.#context;
    if (!g || width === 0 || height === 0) return;
    const ratio = window.devicePixelRatio || 1;
    const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)];
    if (this.#canvas.width !== wide || this.#canvas.height !== high) Object.assign(this.#canvas, { width: wide, height: high });
    g.setTransform(ratio, 0, 0, ratio, 0, 0);
    g.clearRect(0, 0, width, height);
    g.textBaseline = "alphabetic";
    g.lineJoin = "round";
    const { ink } = this.#palette;

    this.#clipped(GUTTER, 0, width - GUTTER, height, () => {
      if (picture.range) {
        const [from, to] = [x(picture.range.from), x(picture.range.to)];
        this.#fill(from, 0, Math.max(1, to - from), height, "accent", 0.08);
        for (const edge of [from, to]) this.#line([[edge, 0], [edge, height]], ink.accent, 1, []);
      }
      for (const tick of picture.ticks) this.#line([[x(tick.at), 0], [x(tick.at), height]], ink.line, 1, []);
    });
    this.#ghosts(picture);
    const { scene } = picture;
    const pinned = scene.rows.filter((row) => row.lane.pinned);
    const rest = scene.rows.filter((row) => !row.lane.pinned);
    const many = scene.rows.reduce((sum, row) => sum + row.marks.length, 0) > PIXELS_ABOVE;
    this.#clipped(0, scene.pinned, width, height - scene.pinned, () => {
      if (many) this.#bars(rest, ratio, wide, high);
      for (const row of rest) this.#row(row, picture, many);
      for (const link of scene.links) this.#link(link, picture);
    });
    for (const row of pinned) this.#row(row, picture, false);
    if (pinned.length > 0) this.#line([[0, scene.pinned + 0.5], [width, scene.pinned + 0.5]], ink.control, 1, []);
    this.#clipped(GUTTER, 0, width - GUTTER, height, () => this.#across(picture));
    const nowX = x(picture.now);
    if (nowX > GUTTER && nowX < width) this.#line([[nowX, 0], [nowX, height]], ink.accent, 1.5, []);
  }

  #row(row: RowPlace, picture: Picture, barsAreThere: boolean): void {
    const mid = row.y + row.height / 2;
    for (const place of row.marks) {
      const g = this.#context as CanvasRenderingContext2D;
      g.globalAlpha = isDim(place, picture) ? DIM : 1;
      const { shape } = place.mark;
      if (shape === "band") this.#band(place, mid, picture);
      else if (shape === "expiry") this.#expiry(place, mid, picture);
      else if (place.x2 >= GUTTER && place.x1 <= picture.width) this.#bar(place, mid, picture, barsAreThere);
      g.globalAlpha = 1;
      if (place.mark.id === picture.cursor || place.mark.id === picture.hovered) this.#cursor(place, mid, picture);
      if (picture.marked.has(idOf(place.mark.moment))) this.#flag(Math.max(GUTTER, place.x1), mid - 13);
    }
  }

  #band(place: MarkPlace, mid: number, { x, now, width }: Picture): void {
    const { mark } = place;
    const generation = ((mark.generation ?? 1) + 5) % 6 + 1;
    const name = `gen-${generation}` as Ink;
    const colour = this.#palette.ink[name];
    const nowX = x(now);
    const alive = Math.min(mark.expiresAt == null ? place.x2 : x(mark.expiresAt), place.x2);
    this.#clipped(GUTTER, mid - 14, Math.min(nowX, width) - GUTTER, 28, () => {
      if (mark.expiresAt == null) this.#fading(place.x1, alive, mid, colour);
      else this.#fill(place.x1, mid - 12, alive - place.x1, 24, name, 0.15, 4);
      if ((mark.generation ?? 1) % 2 === 1 || this.#palette.forced) this.#hatch(place.x1, mid - 12, alive - place.x1, 24, colour);
      if (place.x2 - alive > 3) this.#outline(alive, mid - 12, place.x2 - alive - 2, 24, colour, [2, 3], 0.45);
    });
    if (mark.current && mark.expiresAt != null && mark.expiresAt > now) {
      const end = x(mark.expiresAt);
      this.#clipped(Math.max(GUTTER, nowX), mid - 14, width - Math.max(GUTTER, nowX), 28, () => {
        this.#outline(nowX - 6, mid - 11.5, end - nowX + 6, 23, colour, [4, 3], 0.8);
        if (end - nowX > 96) this.#text(`expires in ${coarse(Math.ceil((mark.expiresAt as number - now) / 1_000) * 1_000)}`, nowX + 10, mid + 4, this.#palette.ink.muted, this.#palette.font);
      });
    }
    // On the band, and never under the labels on the left.
    const label = Math.max(place.x1, GUTTER) + 8;
    if ((alive > label ? alive : place.x2) - label > 24) {
      this.#text(mark.text, label, mid + 4, this.#palette.ink.text, this.#palette.strongMono, false);
      if (mark.after && place.x2 - label > 150) this.#text(mark.after, label + 30, mid + 4, this.#palette.ink.muted, this.#palette.font, false);
    }
  }

  /** A token whose end nobody knows: its band loses itself. */
  #fading(x1: number, x2: number, mid: number, colour: string): void {
    const g = this.#context as CanvasRenderingContext2D;
    const fade = g.createLinearGradient(Math.max(x1, x2 - 60), 0, x2, 0);
    fade.addColorStop(0, colour);
    fade.addColorStop(1, "transparent");
    const before = g.globalAlpha;
    g.globalAlpha = before * 0.15;
    g.fillStyle = fade;
    g.fillRect(x1, mid - 12, x2 - x1, 24);
    g.globalAlpha = before;
  }

  #expiry(place: MarkPlace, mid: number, { height, x }: Picture): void {
    const { ink, strong } = this.#palette;
    if (place.mark.serverAt !== undefined) {
      const server = x(place.mark.serverAt);
      if (server > GUTTER) {
        this.#line([[server, mid - 15], [server, height]], ink.warn, 1, [1, 5]);
        this.#text("server", server + 4, height - 6, ink.warn, this.#palette.font);
      }
    }
    if (place.x1 <= GUTTER) return;
    this.#line([[place.x1, mid - 15], [place.x1, height]], ink.error, 1, [2, 4]);
    this.#line([[place.x1 - 4, mid - 4], [place.x1 + 4, mid + 4]], ink.error, 1.8, []);
    this.#line([[place.x1 + 4, mid - 4], [place.x1 - 4, mid + 4]], ink.error, 1.8, []);
    this.#text(place.text, place.x1 + 9, mid + 4, ink.error, strong);
  }

  #bar(place: MarkPlace, mid: number, picture: Picture, isThere: boolean): void {
    const { mark, x1, x2 } = place;
    const { ink, forced, font, mono, strongMono } = this.#palette;
    const high = barHeight(place);
    this.#clipped(GUTTER, mid - 14, picture.width - GUTTER, 28, () => {
      if (mark.queued !== undefined && x1 - picture.x(mark.queued) > 2) this.#line([[picture.x(mark.queued), mid], [x1, mid]], ink.muted, 1, [1, 2]);
      if (mark.to === null) {
        this.#fill(x1, mid - high / 2, x2 - x1, high, "accent", 0.18, 3.5);
        this.#outline(x1, mid - high / 2, x2 - x1, high, ink.accent, [3, 2], 1);
      } else if (!isThere) {
        this.#fill(x1, mid - high / 2, x2 - x1, high, TONES[mark.tone], 1, 3.5);
      }
      if (mark.received !== undefined && picture.x(mark.received) - x2 > 2) {
        const end = picture.x(mark.received);
        this.#fill(x2, mid - high / 2 + 3, end - x2, high - 6, TONES[mark.tone], 0.35, 2);
      }
      if (forced && mark.tone === "error") this.#hatch(x1, mid - high / 2, x2 - x1, high, ink.surface);
      if (mark.tone === "plain" && mark.shape === "attempt") this.#line([[x1 - 3, mid], [x2 + 3, mid]], ink.text, 1.5, []);
      const beside = Math.max(x2, mark.received === undefined ? 0 : picture.x(mark.received)) + 7;
      if (mark.shape === "flight") {
        const used = this.#text(place.text, beside, mid + 4, ink.text, strongMono);
        this.#text(place.after, beside + used + (used ? 7 : 0), mid + 4, ink.muted, font);
      } else if (place.before) {
        this.#text(place.text, x1 - 6, mid + 4, ink.error, strongMono, true, "right");
        this.#text(place.after, beside, mid + 4, ink.muted, font);
      } else {
        const used = this.#text(place.text, beside, mid + 4, mark.tone === "error" ? ink.error : ink.muted, mark.tone === "error" ? strongMono : mono);
        this.#text(place.after, beside + used + (used ? 7 : 0), mid + 4, ink.muted, font);
      }
    });
  }

  /** All bars at once, where there are too many for one stroke each. */
  #bars(rows: RowPlace[], ratio: number, wide: number, high: number): void {
    this.#pixels = this.#pixels?.fits(wide, high) ? this.#pixels : new Pixels(wide, high);
    const pixels = this.#pixels;
    pixels.clear();
    const colours = Object.fromEntries(Object.entries(TONES).map(([tone, name]) => [tone, pixel(this.#palette.ink[name])])) as Record<keyof typeof TONES, number>;
    for (const row of rows) {
      for (const place of row.marks) {
        if (place.mark.shape === "band" || place.mark.shape === "expiry" || place.mark.to === null || place.x2 < GUTTER) continue;
        const from = Math.max(GUTTER, place.x1);
        const tall = barHeight(place);
        pixels.fill(from * ratio, (row.y + (row.height - tall) / 2) * ratio, (place.x2 - from) * ratio, tall * ratio, colours[place.mark.tone]);
      }
    }
    pixels.draw(this.#context as CanvasRenderingContext2D);
  }

  #link({ link, corners }: LinkPlace, picture: Picture): void {
    const g = this.#context as CanvasRenderingContext2D;
    const { ink } = this.#palette;
    g.globalAlpha = picture.kin.size > 0 && !link.ends.every((end) => isKin(end, picture)) ? DIM : 1;
    this.#clipped(GUTTER, 0, picture.width - GUTTER, picture.height, () => {
      this.#line(corners, ink.refresh, 1.5, link.joined ? [3, 3] : []);
      const [endX, endY] = corners.at(-1) as [number, number];
      if (!link.to.lane.startsWith("refresh")) {
        g.fillStyle = ink.refresh;
        g.beginPath();
        g.moveTo(endX, endY);
        g.lineTo(endX - 6, endY - 3);
        g.lineTo(endX - 6, endY + 3);
        g.fill();
      }
    });
    g.globalAlpha = 1;
  }

  #across({ scene, height }: Picture): void {
    const { ink, strong } = this.#palette;
    for (const { across, x } of scene.across) {
      if (across.kind === "jump") {
        for (const aside of [-2, 2]) this.#line([[x + aside, 0], [x + aside, height]], ink.warn, 1.5, []);
        this.#text(across.text, x + 7, height - 8, ink.warn, strong);
      } else {
        this.#line([[x, 0], [x, height]], ink.warn, 1, [1, 3]);
        this.#flag(x, 2);
        this.#text(across.text, x + 12, 12, ink.warn, strong);
      }
    }
  }

  #ghosts(picture: Picture): void {
    const { ink, font, mono } = this.#palette;
    const { x, width, height } = picture;
    const nowX = Math.max(GUTTER, x(picture.now));
    if (picture.scene.rows.length === 0 && picture.ahead.length > 0) {
      for (const [lane, label] of GHOST_LANES.entries()) this.#text(label, 16, (lane === 0 ? 23 : 20) + lane * 32, ink.muted, font, false);
    }
    this.#clipped(nowX, 0, width - nowX, height, () => {
      for (const one of picture.ahead) {
        const [from, to] = [x(one.from), x(one.to)];
        const colour = one.tone === "plain" ? ink.control : ink[one.tone];
        this.#outline(from, 8 + one.lane * 32, Math.max(3, to - from), one.lane === 0 ? 22 : 16, colour, [3, 3], 1);
        const at = one.lane === 0 ? from + 8 : one.before ? from - 6 : to + 7;
        this.#text(one.text, at, (one.lane === 0 ? 23 : 20) + one.lane * 32, ink.muted, one.lane > 0 ? mono : font, true, one.before ? "right" : "left");
      }
    });
  }

  #cursor(place: MarkPlace, mid: number, picture: Picture): void {
    const from = Math.max(GUTTER, place.x1) - 4;
    const to = Math.max(from + 8, Math.min(place.x2, place.mark.shape === "band" ? Math.max(picture.x(picture.now), from) : place.x2, picture.width) + 4);
    this.#outline(from, mid - 14, to - from, 28, this.#palette.ink.focus, [], place.mark.id === picture.cursor ? 1 : 0.5, 6, 2);
  }

  /** A small pennant: something was set here. */
  #flag(x: number, y: number): void {
    const g = this.#context as CanvasRenderingContext2D;
    g.fillStyle = this.#palette.ink.warn;
    g.beginPath();
    g.moveTo(x, y);
    g.lineTo(x + 9, y + 3.5);
    g.lineTo(x, y + 7);
    g.fill();
    this.#line([[x, y], [x, y + 12]], this.#palette.ink.warn, 1.5, []);
  }

  #clipped(x: number, y: number, width: number, height: number, draw: () => void): void {
    if (width <= 0 || height <= 0) return;
    const g = this.#context as CanvasRenderingContext2D;
    g.save();
    g.beginPath();
    g.rect(x, y, width, height);
    g.clip();
    draw();
    g.restore();
  }

  #fill(x: number, y: number, width: number, height: number, name: Ink, alpha: number, radius = 0): void {
    if (width <= 0) return;
    const g = this.#context as CanvasRenderingContext2D;
    if (this.#palette.forced && alpha < 1) return this.#outline(x, y, width, height, this.#palette.ink[name], [], 1, radius);
    const before = g.globalAlpha;
    g.globalAlpha = before * alpha;
    g.fillStyle = this.#palette.ink[name];
    g.beginPath();
    g.roundRect(x, y, width, height, Math.min(radius, width / 2));
    g.fill();
    g.globalAlpha = before;
  }

  #outline(x: number, y: number, width: number, height: number, colour: string, dash: number[], alpha: number, radius = 4, line = 1): void {
    if (width <= 0) return;
    const g = this.#context as CanvasRenderingContext2D;
    const before = g.globalAlpha;
    g.globalAlpha = before * alpha;
    g.strokeStyle = colour;
    g.lineWidth = line;
    g.setLineDash(dash);
    g.beginPath();
    g.roundRect(x, y, width, height, Math.min(radius, width / 2));
    g.stroke();
    g.setLineDash([]);
    g.globalAlpha = before;
  }

  #line(corners: [number, number][], colour: string, width: number, dash: number[]): void {
    const g = this.#context as CanvasRenderingContext2D;
    g.strokeStyle = colour;
    g.lineWidth = width;
    g.setLineDash(dash);
    g.beginPath();
    for (const [index, [x, y]] of corners.entries()) index === 0 ? g.moveTo(x, y) : g.lineTo(x, y);
    g.stroke();
    g.setLineDash([]);
  }

  /** Writes, with a rim in the colour of the ground that keeps the words apart from the lines they cross. Answers the width. */
  #text(text: string, x: number, y: number, colour: string, font: string, rim = true, align: CanvasTextAlign = "left"): number {
    if (!text) return 0;
    const g = this.#context as CanvasRenderingContext2D;
    g.font = font;
    g.textAlign = align;
    if (rim) {
      g.strokeStyle = this.#palette.ink.surface;
      g.lineWidth = 3;
      g.strokeText(text, x, y);
    }
    g.fillStyle = colour;
    g.fillText(text, x, y);
    return g.measureText(text).width;
  }

  #hatch(x: number, y: number, width: number, height: number, colour: string): void {
    if (width <= 0) return;
    const g = this.#context as CanvasRenderingContext2D;
    let pattern = this.#hatches.get(colour);
    if (pattern === undefined) {
      pattern = hatch(g, colour, this.#palette.forced ? 0.8 : 0.27);
      this.#hatches.set(colour, pattern);
    }
    if (!pattern) return;
    g.fillStyle = pattern;
    g.beginPath();
    g.roundRect(x, y, width, height, Math.min(4, width / 2));
    g.fill();
  }
}

function barHeight(place: MarkPlace): number {
  return place.mark.shape === "flight" ? 18 : place.mark.shape === "fold" ? 10 : 15;
}

function isDim(place: MarkPlace, picture: Picture): boolean {
  return picture.kin.size > 0 && !picture.kin.has(idOf(place.mark.moment));
}

function isKin(mark: string, picture: Picture): boolean {
  const place = picture.scene.rows.flatMap((row) => row.marks).find((one) => one.mark.id === mark);
  return place === undefined || !isDim(place, picture);
}

/** Slanting lines of a colour. */
function hatch(g: CanvasRenderingContext2D, colour: string, alpha: number): CanvasPattern | null {
  const tile = new OffscreenCanvas(10, 10);
  const on = tile.getContext("2d");
  if (!on) return null;
  on.strokeStyle = colour;
  on.globalAlpha = alpha;
  on.lineWidth = 2.2;
  for (const shift of [-10, 0, 10]) {
    on.beginPath();
    on.moveTo(shift - 2, 12);
    on.lineTo(shift + 12, -2);
    on.stroke();
  }
  return g.createPattern(tile, "repeat");
}

/** The height that the ghosts of the tour need. */
export const GHOSTS_HEIGHT = 4 * LANE;
