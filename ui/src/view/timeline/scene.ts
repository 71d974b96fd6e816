// Where the marks of a chart stand on the screen: rows, bars, and which labels there is room for.
import type { Chart, Lane, Link, Mark } from "../../lib/lanes";

/** Width of the labels on the left, and heights of the lanes, in CSS pixels. */
export const GUTTER = 132;
export const LANE = 30;
const HEIGHTS: Record<Lane["kind"], number> = { token: 34, refresh: 30, request: 26, fold: 24 };
/** How many lanes of requests fit under the other lanes of a chart in this height; a fold takes one. */
export function roomForRequests(others: number, height: number): number {
  return Math.max(LANES_LEAST, Math.floor((height - 12 - others * 32) / HEIGHTS.request));
}

const LANES_LEAST = 3;

/** How wide a character of a label is, at most. */
const CHARACTER = 7.3;

/** One lane with its place. */
export interface RowPlace {
  lane: Lane;
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

/** One line with its path. */
export interface LinkPlace {
  link: Link;
  path: string;
}

/** Everything with its place. */
export interface Scene {
  rows: RowPlace[];
  links: LinkPlace[];
  height: number;
}

/** Places a chart. */
export function scene(chart: Chart, x: (at: number) => number, now: number, width: number): Scene {
  const rows: RowPlace[] = [];
  let y = 4;
  for (const lane of chart.lanes) {
    const height = HEIGHTS[lane.kind];
    rows.push({ lane, y, height, marks: places(lane, x, now, width) });
    y += height;
  }
  const middle = new Map(rows.map((row) => [row.lane.id, row.y + row.height / 2]));
  const links = chart.links.map((link, index) => ({ link, path: elbow(link, x, middle, index) }));
  return { rows, links, height: y + 8 };
}

function places(lane: Lane, x: (at: number) => number, now: number, width: number): MarkPlace[] {
  const marks = lane.marks.map((mark) => {
    const x1 = x(mark.from);
    const least = mark.shape === "band" || mark.shape === "expiry" ? 0 : 4;
    return { mark, x1, x2: Math.max(x(mark.to ?? now), x1 + least) };
  });
  return marks.map((place, index) => {
    const { mark } = place;
    const room = (marks.slice(index + 1).find((one) => one.mark.shape !== "expiry")?.x1 ?? width) - place.x2 - 6;
    const before = mark.text.endsWith("!") && place.x1 - mark.text.length * CHARACTER > GUTTER;
    const text = before || mark.text.length * CHARACTER < room ? mark.text : "";
    const used = before ? 0 : text.length * CHARACTER + 8;
    const after = mark.after.length * CHARACTER < room - used ? mark.after : "";
    return { ...place, text, after, before };
  });
}

/** Down or up beside the bars, with a step to the side for every line, so that lines do not hide one another. */
function elbow(link: Link, x: (at: number) => number, middle: Map<string, number>, index: number): string {
  const [x1, x2] = [x(link.from.at), x(link.to.at)];
  const [y1, y2] = [middle.get(link.from.lane) ?? 0, middle.get(link.to.lane) ?? 0];
  const aside = 4 + (index % 4) * 2;
  if (link.to.lane.startsWith("refresh")) return `M${x1} ${y1}H${Math.max(x1, x2) + aside}V${y2 + (y2 < y1 ? 9 : -9)}`;
  const turn = Math.min(x1 + 3, x2 - 1);
  return `M${x1} ${y1}H${turn}V${y2}H${x2}`;
}
