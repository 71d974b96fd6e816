import { expect, test } from "vitest";
import { faultOf, linesOf, ofLines } from "./headers";

test("headers are the same as rows and as text", () => {
  const rows = [{ name: "Accept", value: "application/json" }, { name: "X-Empty", value: "" }, { name: "Link", value: "<https://a.test>; rel=next" }];
  expect(ofLines(linesOf(rows))).toEqual(rows);
  expect(ofLines("Accept:text/html\r\n\nX-Name\n:authority: a")).toEqual([{ name: "Accept", value: "text/html" }, { name: "X-Name", value: "" }, { name: ":authority", value: "a" }]);
});

test.each([
  ["Accept", "text/html", null],
  ["Accept", "{{kind}}", null],
  ["", "", null],
  ["X", "a\r\nSet-Cookie: b", "line break"],
  ["X\nY", "a", "line break"],
  ["Bad name", "a", "without a space"],
  ["X:", "a", "without a space"],
  ["X", "a\u0000b", "control character"],
  ["X", "tab\tis fine", null],
])("%j: %j", (name, value, word) => {
  if (word === null) expect(faultOf(name, value)).toBeNull();
  else expect(faultOf(name, value)).toContain(word);
});
