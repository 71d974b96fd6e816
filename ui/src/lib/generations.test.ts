// The difference between two generations that are not neighbours.
import { expect, test } from "vitest";
import type { ClaimChange } from "../wire/ClaimChange";
import type { LineageStep } from "../wire/LineageStep";
import { between } from "./generations";

function step(generation: number, scope: string[], changes: ClaimChange[]): LineageStep {
  return {
    generation, epoch: 1, published: { run: 1, seq: generation }, flight: null, because_of: null, fingerprint: String(generation), received_at_ms: 0,
    expires_at_ms: null, scope, times_used: 0, times_refused: 0, changes,
  };
}

const change = (claim: string, before: ClaimChange["before"], after: ClaimChange["after"]): ClaimChange => ({ claim, before, after });
const LINE = [
  step(1, ["read", "write"], []),
  step(2, ["read"], [change("scope", "read write", "read"), change("exp", 10, 20), change("role", null, "guest")]),
  step(3, ["read"], [change("exp", 20, 30), change("role", "guest", "owner"), change("jti", "a", "b")]),
  step(4, ["read", "write"], [change("exp", 30, 40), change("scope", "read", "read write"), change("role", "owner", null)]),
];

test.each([
  [1, 3, ["- scope write", "+ role owner", "~ exp +20 s"]],
  [3, 1, ["- role owner", "+ scope write", "~ exp −20 s"]],
  [1, 4, ["~ exp +30 s"]],
  [2, 2, []],
])("from G%i to G%i", (from, to, expected) => {
  expect(between(LINE, from, to).rows.map((one) => `${one.sign} ${one.text}`)).toEqual(expected);
});

test("opaque tokens differ in what was granted, and in nothing that could be read", () => {
  const line = [step(1, ["read", "write"], []), step(2, ["read"], []), step(3, ["read"], [])];
  expect(between(line, 1, 3)).toEqual({ rows: [{ sign: "-", text: "scope write" }], unread: [2, 3] });
});
