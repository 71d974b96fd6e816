// Where the marks of a chart stand on the screen: rows, bars, and which labels there is room for.
import type { Across, Chart, Lane, Link, Mark } from "../../lib/lanes";

/** Width of the labels on the left, and heights of the lanes, in CSS pixels. */
export const GUTTER = 132;
export const LANE = 30;
const HEIGHTS: Record<Lane["kind"], number> = { token: 34, refresh: 30, request: 26, fold: 24, heading: 26 };
const MARGIN = 4;
/** How many lanes of requests fit under the other lanes of a chart in this height; a fold takes one. */
export function roomForRequests(others: number, height: number): number {
  return Math.max(LANES_LEAST, Math.floor((height - 12 - others * 32) / HEIGHTS.request));
}

const LANES_LEAST = 3;

/** How wide a character of a label is, at most. */
const CHARACTER = 7.3;
/** How far beside a short bar a click still means it. */
const REACH = 6;

/** One lane with its place. */
export interface RowPlace {
  lane: Lane;
  /** Its place among all lanes, from 0. */
  index: number;
  y: number;
  height: number;
  marks: MarkPlace[];
}

/** One mark with its place and the labels that fit. */
export interface MarkPlace {
  mark: Mark;
  x1: number;
  x2: number;
  text: string;
  after: string;
  /** The label stands before the bar, so that lines can leave it behind. */
  before: boolean;
}

/** One line: the corners that it goes through. */
export interface LinkPlace {
  link: Link;
  corners: [number, number][];
}

/** Everything that can be seen, with its place in the window. */
export interface Scene {
  rows: RowPlace[];
  links: LinkPlace[];
  across: { across: Across; x: number }[];
  /** The height of all lanes. */
  height: number;
  /** The height of the lanes that stay at the top. */
  pinned: number;
}

/** The part of the lanes that is scrolled to. */
export interface Scrolled {
  top: number;
  height: number;
}

/** Where the lanes begin, one after the other, without any scrolling. */
export function tops(chart: Chart): { tops: number[]; height: number; pinned: number } {
  const found: number[] = [];
  let y = MARGIN;
  let pinned = 0;
  for (const lane of chart.lanes) {
    found.push(y);
    y += HEIGHTS[lane.kind];
    if (lane.pinned) pinned = y;
  }
  return { tops: found, height: y + 8, pinned };
}

/** Places what can be seen of a chart. */
export function scene(chart: Chart, x: (at: number) => number, now: number, width: number, scrolled: Scrolled): Scene {
  const stack = tops(chart);
  const rows: RowPlace[] = [];
  const middle = new Map<string, number>();
  for (const [index, lane] of chart.lanes.entries()) {
    const height = HEIGHTS[lane.kind];
    const y = (stack.tops[index] ?? 0) - (lane.pinned ? 0 : scrolled.top);
    middle.set(lane.id, y + height / 2);
    if (y + height < (lane.pinned ? 0 : stack.pinned) || y > scrolled.height) continue;
    rows.push({ lane, index, y, height, marks: places(lane, x, now, width) });
  }
  const inSight = (at: number | undefined) => at !== undefined && at > -40 && at < scrolled.height + 40;
  const links = chart.links
    .filter((link) => inSight(middle.get(link.from.lane)) || inSight(middle.get(link.to.lane)))
    .map((link, index) => ({ link, corners: elbow(link, x, middle, index) }));
  return { rows, links, across: chart.across.map((across) => ({ across, x: x(across.at) })), height: stack.height, pinned: stack.pinned };
}

function places(lane: Lane, x: (at: number) => number, now: number, width: number): MarkPlace[] {
  const marks = lane.marks.map((mark) => {
    const x1 = x(mark.from);
    const least = mark.shape === "band" || mark.shape === "expiry" ? 0 : 4;
    return { mark, x1, x2: Math.max(x(mark.to ?? now), x1 + least) };
  });
  let next = width;
  const placed: MarkPlace[] = [];
  for (const place of marks.toReversed()) {
    const { mark } = place;
    const room = next - place.x2 - (mark.shape === "expiry" ? 12 : 6);
    if (mark.shape !== "expiry") next = place.x1;
    const before = mark.text.endsWith("!") && place.x1 - mark.text.length * CHARACTER > GUTTER;
    const text = before || mark.text.length * CHARACTER < room ? mark.text : "";
    const used = before ? 0 : text.length * CHARACTER + 8;
    placed.push({ ...place, text, after: mark.after.length * CHARACTER < room - used ? mark.after : "", before });
  }
  return placed.reverse();
}

/** Down or up beside the bars, with a step to the side for every line, so that lines do not hide one another. */
function elbow(link: Link, x: (at: number) => number, middle: Map<string, number>, index: number): [number, number][] {
  const [x1, x2] = [x(link.from.at), x(link.to.at)];
  const [y1, y2] = [middle.get(link.from.lane) ?? 0, middle.get(link.to.lane) ?? 0];
  if (link.to.lane.startsWith("refresh")) {
    const turn = Math.max(x1, x2) + 4 + (index % 4) * 2;
    return [[x1, y1], [turn, y1], [turn, y2 + (y2 < y1 ? 9 : -9)]];
  }
  const turn = Math.min(x1 + 3, x2 - 1);
  return [[x1, y1], [turn, y1], [turn, y2], [x2, y2]];
}

/** The mark at a place in the window, or the lane alone. */
export function hit(scene: Scene, x: number, y: number): { row: RowPlace; place: MarkPlace | null } | null {
  const row = scene.rows.find((one) => y >= one.y && y < one.y + one.height && (one.lane.pinned || y >= scene.pinned));
  if (!row) return null;
  if (x < GUTTER) return { row, place: null };
  const near = row.marks
    .filter((one) => x >= one.x1 - REACH && x <= one.x2 + REACH)
    .sort((a, b) => rank(a, x) - rank(b, x));
  return { row, place: near[0] ?? null };
}

/** Small marks before large ones that they lie on. */
function rank(place: MarkPlace, x: number): number {
  const { shape } = place.mark;
  const outside = Math.max(0, place.x1 - x, x - place.x2);
  return (shape === "expiry" ? 0 : shape === "band" ? 100_000 : 1_000) + outside;
}
