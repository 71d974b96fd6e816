// The lanes: what stands where in time, and what leads to what.
import { expect, test } from "vitest";
import { chart, marksInOrder, wholeSpan } from "./lanes";
import { storm, toured } from "./samples";
import { tickLabels } from "./ticks";

test("the tour is four lanes, with a line to the refresh and one back", async () => {
  const stage = await toured();
  const now = stage.clock.now();
  const drawn = chart(stage.chronicle(), { from: now - 15_000, to: now + 5_000, now, requestLanesMax: 10 });
  expect(drawn.lanes.map((lane) => [lane.label, lane.detail, lane.marks.map((mark) => `${mark.shape} ${mark.text}`.trim())])).toEqual([
    ["demo", "token", ["band G1", "expiry expired", "band G2"]],
    ["", "refresh", ["sign-in", "flight F1"]],
    ["R1", "orders", ["attempt 200"]],
    ["R2", "orders", ["attempt 401 !", "attempt 200"]],
  ]);
  expect(drawn.links.map((link) => [link.from.lane, link.to.lane, link.joined])).toEqual([["3-R2", "refresh-demo", false], ["refresh-demo", "3-R2", false]]);
  expect(marksInOrder(drawn).map((mark) => mark.text)).toEqual(["", "G1", "200", "expired", "401 !", "F1", "G2", "200"]);
});

test("every mark has a full name", async () => {
  const stage = await storm(3);
  const now = stage.clock.now();
  const names = chart(stage.chronicle(), { from: now - 15_000, to: now, now, requestLanesMax: 10 }).lanes.flatMap((lane) => lane.marks).map((mark) => mark.name);
  expect(names).toContain("Refresh F1 of demo, 209 ms, because R1 got 401, 2 joined, gave G2");
  expect(names).toContain("R3 GET orders, attempt 2 with G2: 200");
});

test("a thousand requests fold into a few lanes, and joiners are dashed", async () => {
  const stage = await storm(1_000);
  const now = stage.clock.now();
  const drawn = chart(stage.chronicle(), { from: now - 5_000, to: now + 1_000, now, requestLanesMax: 5 });
  expect(drawn.lanes.map((lane) => lane.label)).toEqual(["demo", "", "+ 996 more", "R997", "R998", "R999", "R1000"]);
  const fold = drawn.lanes.find((lane) => lane.kind === "fold");
  expect(fold?.marks.length).toBeLessThan(10);
  expect(drawn.links.every((link) => link.joined)).toBe(true);
});

test("only what the frame shows is drawn", async () => {
  const stage = await toured();
  const start = stage.clock.now() - 8_000;
  const drawn = chart(stage.chronicle(), { from: start, to: start + 1_000, now: stage.clock.now(), requestLanesMax: 10 });
  expect(drawn.lanes.map((lane) => lane.label)).toEqual(["demo", "", "R1"]);
});

test("fitting shows the first event and the expiry to come", async () => {
  const stage = await toured();
  const whole = wholeSpan(stage.chronicle(), 3, stage.clock.now());
  expect((whole?.to ?? 0) - (whole?.from ?? 0)).toBeGreaterThan(12_000);
});

test("the axis says the whole time once, then as little as it can", () => {
  const start = Date.UTC(2026, 10, 23, 12, 1, 58);
  expect(tickLabels([0, 1, 2, 3].map((step) => start + step * 1_000), 15_000).map((tick) => tick.text.length)).toEqual([8, 3, 8, 3]);
  expect(tickLabels([0, 1, 2].map((step) => start + 200 * step), 1_000).map((tick) => tick.text)[1]).toBe(".2");
});
