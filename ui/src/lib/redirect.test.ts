// What a file says of the way back, in parts and together again.
import { expect, test } from "vitest";
import { redirectOf, redirectText } from "./redirect";

test.each([
  ["http://localhost", { host: "localhost", port: "", path: "" }],
  ["http://localhost:8400/cb", { host: "localhost", port: "8400", path: "/cb" }],
  ["", { host: "127.0.0.1", port: "", path: "/callback" }],
] as const)("%s in parts comes back as it was", (text, parts) => {
  expect(redirectOf(text)).toEqual(parts);
  expect(redirectText(redirectOf(text))).toBe(text);
});

test("another machine is nothing to come back to", () => {
  for (const text of ["https://127.0.0.1/callback", "http://evil.test/callback", "http://127.0.0.1.evil.test/"]) expect(redirectText(redirectOf(text))).toBe("");
});
