import { expect, test } from "vitest";
import { type Written, UNWRITTEN, bodyOf, mediaTypeOf, writtenOf } from "./body";

const id = () => 1;
const file = { path: "/home/ada/cat.png", name: "cat.png", bytes: 7 };

test.each<[Partial<Written>, unknown, string | null]>([
  [{ kind: "none", json: "{}" }, { body: null }, null],
  [{ kind: "json", json: "{}" }, { body: "{}" }, "application/json"],
  [{ kind: "json" }, { body: null }, null],
  [{ kind: "form", form: "a=1" }, { body: "a=1" }, "application/x-www-form-urlencoded"],
  [{ kind: "text", text: "hello" }, { body: "hello" }, "text/plain; charset=utf-8"],
  [{ kind: "graphql", query: "{ me }" }, { body: '{"query":"{ me }"}' }, "application/json"],
  [{ kind: "graphql", query: "query One { me }", variables: '{"n": 1.0}' }, { body: '{"query":"query One { me }","variables":{"n": 1.0},"operationName":"One"}' }, "application/json"],
  [{ kind: "graphql", query: "{ me }", variables: "[1]" }, { fault: "the variables are not a JSON object" }, "application/json"],
  [{ kind: "graphql", query: "{ me }", variables: "{" }, { fault: "the variables are not JSON" }, "application/json"],
  [{ kind: "file" }, { fault: "no file is chosen" }, null],
  [{ kind: "file", file, fileMediaType: " image/png " }, { body: { kind: "file", path: file.path, media_type: "image/png" } }, null],
  [
    { kind: "multipart", parts: [{ id: 1, name: "a", kind: "text", text: "1", file: null, mediaType: "" }, { id: 2, name: "b", kind: "file", text: "", file, mediaType: "" }] },
    { body: { kind: "multipart", parts: [{ kind: "text", name: "a", text: "1" }, { kind: "file", name: "b", path: file.path, file_name: null, media_type: null }] } },
    null,
  ],
  [{ kind: "multipart", parts: [{ id: 1, name: "b", kind: "file", text: "", file: null, mediaType: "" }] }, { fault: "no file is chosen for the part “b”" }, null],
])("%j is sent as it is written", (part, expected, mediaType) => {
  const written = { ...UNWRITTEN, ...part };
  expect(bodyOf(written)).toEqual(expected);
  expect(mediaTypeOf(written)).toBe(mediaType);
});

test.each<[string, [string, string][], Partial<Written>]>([
  ["", [], { kind: "none" }],
  ['{"a": 1}', [], { kind: "json", json: '{"a": 1}' }],
  ["{{whole}}", [], { kind: "text", text: "{{whole}}" }],
  ["[1", [["content-type", "application/problem+json"]], { kind: "json", json: "[1" }],
  ["a=1", [["Content-Type", "application/x-www-form-urlencoded"]], { kind: "form", form: "a=1" }],
  ["<a/>", [["Content-Type", "application/xml"]], { kind: "text", text: "<a/>" }],
  ['{"query":"{ me }","variables":{"a":1}}', [], { kind: "graphql", query: "{ me }", variables: '{\n  "a": 1\n}' }],
  ['{"query":"cats","page":2}', [], { kind: "json", json: '{"query":"cats","page":2}' }],
])("%s is opened in the kind that it is", (body, headers, expected) => {
  expect(writtenOf(body, headers, id)).toEqual({ ...UNWRITTEN, ...expected });
});

test("a form of several parts comes back as it was", () => {
  const body = { kind: "multipart" as const, parts: [{ kind: "text" as const, name: "a", text: "1" }, { kind: "file" as const, name: "b", path: file.path, file_name: null, media_type: "image/png" }] };
  expect(bodyOf(writtenOf(body, [], id))).toEqual({ body });
});
