import { expect, test } from "vitest";
import { shortMedia } from "./media";

test.each([
  ["application/json", "json"],
  ["Application/JSON; charset=utf-8", "json"],
  ["application/problem+json", "problem+json"],
  ["application/x-ndjson", "ndjson"],
  ["text/html; charset=utf-8", "text/html"],
  ["", ""],
])("%s is %s in few letters", (type, expected) => {
  expect(shortMedia(type)).toBe(expected);
});
