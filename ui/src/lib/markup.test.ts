import { expect, test } from "vitest";
import { laidOut, markup } from "./markup";

test.each([
  ["<a><b>x</b><c/></a>", "<a>\n  <b>x</b>\n  <c/>\n</a>"],
  ["<!DOCTYPE html><html><head><meta charset=utf-8><title>Hi</title></head><body><p></p><script>if (a<b) { x() }</script></body></html>", "<!DOCTYPE html>\n<html>\n  <head>\n    <meta charset=utf-8>\n    <title>Hi</title>\n  </head>\n  <body>\n    <p></p>\n    <script>if (a<b) { x() }</script>\n  </body>\n</html>"],
  ["<?xml version='1.0'?><a><!-- <b> --><![CDATA[<x>]]></a>", "<?xml version='1.0'?>\n<a>\n  <!-- <b> -->\n  <![CDATA[<x>]]>\n</a>"],
  ["</a></b>stray < text", "</a>\n</b>\nstray\n<\ntext"],
])("%s is laid out", (text, expected) => {
  expect(markup(text)).toBe(expected);
});

test("each media type is laid out in its own way, and others not at all", () => {
  expect(laidOut('{"a":1}\n{"b":[1,{"c":2}]}\nno json\n', "application/x-ndjson")).toEqual({ text: '{\n  "a": 1\n}\n{\n  "b": [\n    1,\n    { "c": 2 }\n  ]\n}\nno json', json: true });
  expect(laidOut("{", "application/json")).toBeNull();
  expect(laidOut("<a/>", "application/soap+xml")).toEqual({ text: "<a/>", json: false });
  expect(laidOut("plain", "text/plain")).toBeNull();
});
