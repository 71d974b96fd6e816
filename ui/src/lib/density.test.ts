// Densities: what falls into a pixel, and what lies between two moments.
import { expect, test } from "vitest";
import type { Density } from "../wire/Density";
import type { Overview } from "../wire/Overview";
import { KINDS, between, firstFrom, gather, layOut, room } from "./density";

const lane: Density = { session: "demo", columns: [[0, 1, 0, 0, 0, 0], [1, 2, 1, 0, 1, 0], [2, 0, 0, 3, 0, 0], [9, 0, 0, 0, 0, 7]] };
const overview: Overview = { from_ms: 0, to_ms: 1_000, buckets: 10, lanes: [lane], groups: 0, events: 0, placing: false };

test.each([
  [0, 1_000, [3, 1, 3, 1, 7]],
  [50, 150, [3, 1, 0, 1, 0]],
  [51, 149, [0, 0, 0, 0, 0]],
  [250, 250, [0, 0, 3, 0, 0]],
  [2_000, 3_000, [0, 0, 0, 0, 0]],
])("between %i and %i", (from, to, expected) => {
  expect(between(layOut(lane, overview), from, to)).toEqual(expected);
});

test("neighbours that fall into one pixel are added up, and others stay apart", () => {
  const made = gather(layOut(lane, overview), (at) => at / 200, 0, 1_000, room(8));
  expect([...made.at.subarray(0, made.length)]).toEqual([0, 1, 5]);
  expect([...made.counts.subarray(0, KINDS)]).toEqual([1, 0, 0, 0, 0]);
  expect([...made.counts.subarray(KINDS, 2 * KINDS)]).toEqual([2, 1, 3, 1, 0]);
  expect(made.most).toBe(7);
});

test("what is not in sight is not gathered, and there are never more than there is room for", () => {
  const made = layOut(lane, overview);
  expect(gather(made, (at) => at, 100, 300, room(8)).length).toBe(2);
  expect(gather(made, (at) => at, 0, 1_000, room(2)).length).toBe(2);
  expect(firstFrom(made, 951)).toBe(4);
});
