// The tour's captions and facts come from the events alone.
import { expect, test } from "vitest";
import { toured } from "./samples";
import { tourProgress } from "./tour";

test("five captions, with the facts in order", async () => {
  const { moments } = (await toured()).chronicle();
  const progress = tourProgress(moments, { run: 3, seq: 1 });
  expect([progress.reached, progress.done, progress.stuck]).toEqual([5, true, false]);
  expect(progress.steps.map((step) => step.facts.map((fact) => fact.text))).toEqual([["G1 by sign-in"], ["R1 200 with G1"], ["G1 expired"], ["R2 401 with G1"], ["F1 gave G2", "R2 200 with G2"]]);
  expect(progress.steps[0]?.caption).toBe("You have a token. It lives 6 seconds.");
});

test("the captions are reached one after the other as events arrive", async () => {
  const { moments } = (await toured()).chronicle();
  const reached = moments.map((_, index) => tourProgress(moments.slice(0, index + 1), { run: 3, seq: 1 }).reached);
  expect([...new Set(reached)]).toEqual([0, 1, 2, 3, 4, 5]);
});

test("events from before it do not count, and a refused sign-in leaves it stuck", async () => {
  const stage = await toured();
  const since = stage.engine.log.newest;
  void stage.engine.signIn("demo", false).catch(() => {});
  await stage.clock.advance(500);
  const progress = tourProgress(stage.chronicle().moments, since);
  expect([progress.reached, progress.done, progress.stuck]).toEqual([0, false, true]);
});
