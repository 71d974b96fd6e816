// JSON is laid out without changing what it says.
import { expect, test } from "vitest";
import { fault, pretty } from "./json";

test.each([
  ["{}", "{}"],
  ['{"a":1}', '{\n  "a": 1\n}'],
  ['{"items":[{"id":1,"total":9.50}],"next":null}', '{\n  "items": [\n    { "id": 1, "total": 9.50 }\n  ],\n  "next": null\n}'],
  ['{"big":12345678901234567890,"small":1e-7}', '{\n  "big": 12345678901234567890,\n  "small": 1e-7\n}'],
  ['{"a":[],"b":{},"c":[1, 2]}', '{\n  "a": [],\n  "b": {},\n  "c": [1, 2]\n}'],
  ['{"s":"a,b:{\\"}[\\\\"}', '{\n  "s": "a,b:{\\"}[\\\\"\n}'],
  ['"x"', '"x"'],
])("%s", (text, laid) => expect(pretty(text)).toBe(laid));

test("a long object is broken up", () => {
  const text = JSON.stringify({ a: { one: "x".repeat(60), two: "y".repeat(40) } });
  expect(pretty(text)?.split("\n")).toHaveLength(6);
});

test.each(["", "{", "not json", '{"a":1,}'])("%j is not laid out", (text) => expect(pretty(text)).toBeNull());

test.each([
  ['{"a" 1}', "a colon"], ['{"a":}', "a value"], ['{a:1}', "a name in quotes or }"], ["[1 2]", "a comma or ]"], ["[1,]", "a value"], ['{"a":1} x', "the end"], ["[01]", "a value"],
])("in %s, what was expected is %s", (text, expected) => expect(fault(text)?.message).toBe(`${expected} was expected here`));

test("a fault names its line, and an empty text has none", () => {
  expect(fault('{\n  "a": 1,\n  "b": x\n}')?.line).toBe(3);
  expect(fault("  ")).toBeNull();
});

test("what is laid out says the same", () => {
  const value = { items: [{ a: 1, b: [true, null, "ä\n\"\\"] }, []], deep: { er: { est: [[], {}] } } };
  expect(JSON.parse(pretty(JSON.stringify(value)) ?? "")).toEqual(value);
});
