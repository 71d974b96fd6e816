// Claims in the order they are asked for, whatever they are; and what changed since the last token.
import { expect, test } from "vitest";
import { changeRows } from "./changes";
import { claimRows } from "./claims";

test("the well-known claims come first, and times are times", () => {
  const rows = claimRows({ jti: "x", exp: 20, iat: 10, iss: "a", scope: "read write", roles: ["a", "b"], aud: ["x", "y"] });
  expect(rows.map((row) => row.name)).toEqual(["iss", "aud", "iat", "exp", "scope", "jti", "roles"]);
  expect(rows.find((row) => row.name === "exp")?.at).toBe(20_000);
  expect(rows.find((row) => row.name === "roles")?.text).toBe("a b");
});

test.each([
  [1_795_431_674_000, 1_795_431_674_000],
  [-5, -5_000],
  ["soon", null],
  [1e300, null],
])("exp %j is the moment %j", (exp, at) => expect(claimRows({ exp }).find((row) => row.name === "exp")?.at).toBe(at));

test("marks that turn or hide text are shown, and the prototype is nobody's claim", () => {
  const rows = claimRows(JSON.parse('{"name": "user\\u202egpj.exe", "__proto__": "x"}') as Record<string, string>);
  expect(rows.map((row) => [row.name, row.text])).toEqual([["name", "user⟨U+202E⟩gpj.exe"], ["__proto__", "x"]]);
});

test("a lost scope is told before a moved expiry, and what always changes is not told", () => {
  const rows = changeRows([
    { claim: "exp", before: 10, after: 16 }, { claim: "jti", before: "a", after: "b" }, { claim: "iat", before: 1, after: 2 },
    { claim: "scope", before: "read write admin", after: "read write" }, { claim: "tenant", before: null, after: "acme" },
  ]);
  expect(rows).toEqual([{ sign: "-", text: "scope admin" }, { sign: "+", text: "tenant acme" }, { sign: "~", text: "exp +6 s" }]);
});
