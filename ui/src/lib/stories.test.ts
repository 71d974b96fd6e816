// Twelve timelines as the engine really told them (`tests/engine/stories.rs` records them), as the three views show them.
import { readFileSync, readdirSync } from "node:fs";
import { expect, test } from "vitest";
import type { Event } from "../wire/Event";
import { eventInWords } from "../words/events";
import { Chronicle } from "./chronicle";
import { chart } from "./lanes";
import { rowInWords, tell } from "./story";
import { tally } from "./tally";

const FOLDER = new URL("../../../tests/engine/stories/", import.meta.url);
const STORIES = readdirSync(FOLDER).filter((name) => name.endsWith(".jsonl")).map((name) => name.replace(".jsonl", ""));

function told(name: string): Chronicle {
  const chronicle = new Chronicle();
  for (const line of readFileSync(new URL(`${name}.jsonl`, FOLDER), "utf8").trim().split("\n")) chronicle.add(JSON.parse(line) as Event);
  return chronicle;
}

test("a token taken from another process is no refresh of this one", () => {
  expect(tally(told("001-one-refresh-for-all")).refreshes).toBe(1);
  expect(tally(told("045-another-process-was-first")).refreshes).toBe(0);
});

test("twelve stories are kept", () => expect(STORIES).toHaveLength(12));

test.each(STORIES)("%s", async (name) => {
  const chronicle = told(name);
  const [first, last] = [chronicle.moments[0]?.at ?? 0, chronicle.moments.at(-1)?.at ?? 0];
  const drawn = chart(chronicle, { from: first - 1_000, to: last + 1_000, now: last + 500, requestLanesMax: 10 });
  const offset = (at: number | null) => (at === null ? "…" : `${Math.round(at - first)}`);
  const text = [
    "STORY",
    ...chronicle.groups.map((group) => rowInWords(tell(group, chronicle))),
    "",
    "LANES",
    ...drawn.lanes.flatMap((lane) => [`${lane.label} ${lane.detail}`.trim(), ...lane.marks.map((mark) => `  ${offset(mark.from)} to ${offset(mark.to)} ${mark.tone}: ${mark.name}`)]),
    ...drawn.links.map((link) => `  ${link.from.lane} ${link.joined ? "- -" : "---"}> ${link.to.lane}`),
    "",
    "LOG",
    ...chronicle.moments.map((moment) => `${moment.seq} ${moment.kind}: ${eventInWords(moment)}`),
    "",
  ].join("\n");
  expect(text).not.toMatch(/undefined|NaN|\[object/);
  await expect(text).toMatchFileSnapshot(`stories/${name}.txt`);
});

test.each(STORIES)("%s: every cause is earlier, and every event of a send or a flight is in a group", (name) => {
  const chronicle = told(name);
  for (const moment of chronicle.moments) {
    for (const cause of moment.cause_seq) expect(cause.seq).toBeLessThan(moment.seq);
    if (moment.request !== undefined || moment.flight !== undefined) expect(chronicle.groupOf(moment), `${moment.seq} ${moment.kind}`).toBeDefined();
  }
});
