// Durations read as people say them.
import { expect, test } from "vitest";
import { bytes, coarse, count, inSeconds, left, relative, remaining, span, took } from "./duration";

test.each([
  [0.04, "0.0 ms"], [0.4, "0.4 ms"], [251, "251 ms"], [999.4, "999 ms"], [999.6, "1 s"], [1_234, "1.2 s"], [6_000, "6 s"], [59_600, "60 s"],
  [119_000, "119 s"], [120_000, "2 min"], [54 * 60_000, "54 min"], [3 * 3_600_000, "3 h"], [72 * 3_600_000, "3 days"],
])("%d ms is said as %s", (ms, words) => expect(span(ms)).toBe(words));

test.each([[40, "40 ms"], [400, "0.4 s"], [701, "0.7 s"], [2_040, "2 s"]])("in a sentence, %d ms is %s", (ms, words) => expect(inSeconds(ms)).toBe(words));

test.each([[3_001, "4 s left"], [1, "1 s left"], [0, "expired just now"], [-3_200, "expired 3 s ago"], [54 * 60_000, "54 min left"]])(
  "with %d ms to go a token has %s",
  (ms, words) => expect(left(ms)).toBe(words),
);

test("a living token never has 0 s left", () => {
  for (let ms = 1; ms < 3_000; ms += 7) expect(left(ms)).not.toMatch(/^0 s/);
});

test("a moment is ahead, behind or now", () => {
  expect([relative(5_000, 1_000), relative(1_000, 3_000), relative(1_000, 1_200)]).toEqual(["in 4 s", "2 s ago", "just now"]);
});

test("sizes and counts read naturally", () => {
  expect([bytes(512), bytes(1_234), bytes(3_400_000), took(182_000), coarse(90_000)]).toEqual(["512 B", "1.2 kB", "3.4 MB", "182 ms", "90 s"]);
  expect([count(1, "request"), count(1_000, "request"), count(2, "refresh", "refreshes")]).toEqual(["1 request", "1,000 requests", "2 refreshes"]);
});

test.each([[299_001, "5:00"], [61_000, "1:01"], [6_001, "0:07"], [0, "0:00"], [-5, "0:00"]])("%i ms of a wait remain as %s", (ms, words) => expect(remaining(ms)).toBe(words));
