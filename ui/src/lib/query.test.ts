import { expect, test } from "vitest";
import { linesOf, ofLines, pairsOf, queryOf, trimmed, withAnother, withPair, withQuery, withoutPair } from "./query";

test.each([
  ["", []],
  ["a=1&b", [{ name: "a", value: "1" }, { name: "b", value: "" }]],
  ["a=1&a=2", [{ name: "a", value: "1" }, { name: "a", value: "2" }]],
  ["q=caf%C3%A9+au%20lait", [{ name: "q", value: "café au lait" }]],
  ["broken=%zz", [{ name: "broken", value: "%zz" }]],
  ["eq=a=b", [{ name: "eq", value: "a=b" }]],
  ["a=1&", [{ name: "a", value: "1" }, { name: "", value: "" }]],
])("%s is read as rows", (query, rows) => {
  expect(pairsOf(query)).toEqual(rows);
});

test("only the row that is edited is written anew", () => {
  expect(withPair("a=%7E&b=2", 1, { name: "b", value: "x y&z" })).toBe("a=%7E&b=x%20y%26z");
  expect(withPair("", 0, { name: "next", value: "https://a.test/{{id}}?x" })).toBe("next=https://a.test/{{id}}%3Fx");
  expect(pairsOf(withPair("a=1", 0, { name: "a", value: "50% + 1 = ?" }))).toEqual([{ name: "a", value: "50% + 1 = ?" }]);
});

test("rows come and go, and empty ones are not kept", () => {
  expect(pairsOf(withAnother(""))).toHaveLength(1);
  expect(pairsOf(withAnother("a=1"))).toHaveLength(2);
  expect(withoutPair("a=1&b=2&c=3", 1)).toBe("a=1&c=3");
  expect(trimmed("&a=1&&=&b")).toBe("a=1&b");
});

test("an address keeps everything but its query", () => {
  expect(queryOf("https://a.test/x?a=1#part?not")).toBe("a=1");
  expect(withQuery("https://a.test/x?a=1#part", "b=2")).toBe("https://a.test/x?b=2#part");
  expect(withQuery("https://a.test/x?a=1#part", "")).toBe("https://a.test/x#part");
  expect(withQuery("{{api}}/x", "b=2")).toBe("{{api}}/x?b=2");
});

test("lines say the same as the query, both ways", () => {
  const query = "limit=5&q=a%20b&flag&who={{user}}";
  expect(linesOf(query)).toBe("limit=5\nq=a b\nflag\nwho={{user}}");
  expect(ofLines(linesOf(query))).toBe(query);
});
