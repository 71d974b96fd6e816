import { expect, test } from "vitest";
import { pointerAt } from "./pointer";

const text = '{\n  "items": [ { "id": 1, "a/b~c": "x\\"y" }, 9.50 ],\n  "next": null\n}';

test.each([
  ["id", "/items/0/id"],
  ["1", "/items/0/id"],
  ["a/b", "/items/0/a~1b~0c"],
  ["y", "/items/0/a~1b~0c"],
  ["9.5", "/items/1"],
  ["null", "/next"],
  ["items", "/items"],
  ["{\n", ""],
])("%s stands at %s", (what, pointer) => {
  expect(pointerAt(text, text.indexOf(what) + (what.startsWith("{") ? 0 : 1))?.pointer).toBe(pointer);
});

test("the text of the value is what stands there", () => {
  const found = pointerAt(text, text.indexOf("9.50"));
  expect(text.slice(found?.from, found?.to)).toBe("9.50");
  expect(pointerAt("", 0)?.pointer).toBe("");
});
