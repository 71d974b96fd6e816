import { expect, test } from "vitest";
import type { Moment } from "./moment";
import { endsOf } from "./range";

const at = (run: number, seq: number, at: number): Moment => ({ run, seq, at }) as Moment;
const MOMENTS = [at(1, 8, 100), at(1, 9, 200), at(2, 1, 300), at(2, 2, 400), at(2, 3, 500)];

test.each([
  ["a part of one run", 350, 500, [2, 2, 3]],
  ["its ends are within", 300, 300, [2, 1, 1]],
  ["of two runs, the later one", 0, 450, [2, 1, 2]],
  ["the earlier one alone", 0, 250, [1, 8, 9]],
])("%s", (_, from, to, [run, first, last]) => {
  expect(endsOf(MOMENTS, { from, to })).toEqual({ from: { run, seq: first }, to: { run, seq: last } });
});

test("an empty stretch has no ends", () => {
  expect(endsOf(MOMENTS, { from: 210, to: 290 })).toBeNull();
  expect(endsOf([], { from: 0, to: 1 })).toBeNull();
});
