// Two sends beside each other: what is said to differ, and what is not.
import { expect, test } from "vitest";
import { answer as played } from "../backend/fake/api";
import type { ResponseDetails } from "../wire/ResponseDetails";
import { type Side, bodyChanges, claimChanges, facts, headerChanges, summary } from "./compare";
import { phasesOf } from "./phases";
import { storm, toured } from "./samples";

function response(text: string | null, headers: [string, string][] = [], more: Partial<ResponseDetails> = {}): ResponseDetails {
  return { request: 1, attempts: 1, status: 200, version: "HTTP/1.1", headers, took_us: 1, media_type: "application/json", body_bytes: text?.length ?? 7, text, cut: false, not_repeated: null, ...more };
}

async function sides(): Promise<{ left: Side; right: Side }> {
  const chronicle = (await toured()).chronicle();
  const [one, other] = [...chronicle.sends.values()];
  if (!one || !other) throw new Error("the tour sends twice");
  const nothing = { response: null, finding: null, claims: null };
  return { left: { send: one, ...nothing }, right: { send: other, ...nothing } };
}

test("two runs of the tour differ in token, attempts and time, and in nothing else", async () => {
  const { left, right } = await sides();
  expect(facts(left, right).filter((row) => row.differs).map((row) => row.what)).toEqual(["token", "attempts", "time"]);
  expect(facts(left, right).find((row) => row.what === "attempts")).toMatchObject({ left: "1: 200", right: "2: 401, then 200; waited for F1" });
  expect(summary(left, right)).toBe("They differ in token, attempts and time.");
  expect(summary(left, left)).toBe("Nothing that is known differs.");
});

test("headers differ by name in any case, and those that are always new say nothing", () => {
  const left = response("", [["Date", "1"], ["X-Shard", "a"], ["Vary", "x"], ["vary", "y"]]);
  const right = response("", [["date", "2"], ["x-shard", "b"], ["Vary", "x, y"], ["ETag", "7"]]);
  expect(headerChanges(left, right)).toEqual([
    { what: "x-shard", left: "a", right: "b", differs: true },
    { what: "etag", left: "", right: "7", differs: true },
    { what: "date", left: "1", right: "2", differs: false },
  ]);
});

test.each([
  ["places in JSON", '{"items":[{"id":1,"total":9.5}],"a/b":1}', '{"items":[{"id":1,"total":9.6},{"id":2}],"a/b":2}', ["/items/0/total 9.5 9.6", '/items/1  {"id":2}', "/a~1b 1 2"]],
  ["a list and an object", "[1]", '{"0":1}', ['/ [1] {"0":1}']],
  ["lines of text", "one\ntwo\nthree", "one\n2\nthree\nfour", ["line 2 two 2", "line 4  four"]],
  ["the same JSON in another order", '{"a":1,"b":2}', '{"b":2,"a":1}', []],
  ["nothing", "same", "same", []],
])("bodies: %s", (_, left, right, expected) => {
  expect(bodyChanges(response(left), response(right)).rows.map((row) => `${row.what} ${row.left} ${row.right}`)).toEqual(expected);
});

test("what cannot be compared is said", () => {
  expect(bodyChanges(response(null), response("x")).unknown).toBe("One of them is not text.");
  expect(bodyChanges(response("x", [], { cut: true }), response("x")).unknown).toBe("The beginnings are the same; the rest is not held here.");
  const long = (last: number) => JSON.stringify(Array.from({ length: 500 }, (_, at) => at * last));
  expect(bodyChanges(response(long(1)), response(long(2))).rows).toHaveLength(60);
  expect(bodyChanges(response(long(1)), response(long(2))).more).toBe(439);
});

test("tokens differ claim by claim, and an unknown one is not compared", async () => {
  const { left, right } = await sides();
  expect(claimChanges({ ...left, claims: { scope: "read write", sub: "u" } }, { ...right, claims: { scope: "read", sub: "u" } })).toEqual([{ sign: "-", text: "scope write" }]);
  expect(claimChanges({ ...left, claims: { sub: "u" } }, right)).toEqual([]);
});

test("the phases of a send follow one another and end where it ended", async () => {
  const chronicle = (await storm(3)).chronicle();
  for (const send of chronicle.sends.values()) {
    const phases = phasesOf(send, 0);
    expect(phases.map((one) => one.name.replace(/\d{3}/, "s"))).toEqual(["attempt 1, s", "waited for F1", "attempt 2, s"]);
    for (const [at, one] of phases.entries()) expect(one.from, one.name).toBeGreaterThanOrEqual(at === 0 ? 0 : (phases[at - 1]?.from ?? 0));
    expect(phases.at(-1)?.to).toBeLessThanOrEqual((send.finished?.at ?? 0) - send.queued.at + 1);
  }
});

test("what the played API answers twice is the same", () => {
  const [one, other] = [1, 2].map(() => played("GET", new URL("http://x/orders?limit=2"), null, []));
  expect(bodyChanges(response(one?.text ?? null), response(other?.text ?? null)).rows).toEqual([]);
});
