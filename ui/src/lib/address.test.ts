// Addresses are cut by eye, and lose nothing.
import { expect, test } from "vitest";
import { cut, hostOf, nickname, originOf } from "./address";

test.each([
  ["http://127.0.0.1:40117/orders?limit=5", "http://", "", "127.0.0.1:40117", "/orders?limit=5"],
  ["https://ada@api.test", "https://", "ada@", "api.test", ""],
  ["https://api.test@evil.test/x", "https://", "api.test@", "evil.test", "/x"],
  ["api.test/orders", "", "", "api.test", "/orders"],
  ["", "", "", "", ""],
  ["/orders", "", "", "", "/orders"],
  ["http://[::1]:80/a", "http://", "", "[::1]:80", "/a"],
])("%s shows its host", (url, scheme, user, host, path) => {
  const parts = cut(url);
  expect(parts).toEqual({ scheme, user, host, path });
  expect(parts.scheme + parts.user + parts.host + parts.path).toBe(url);
});

test.each([["https://API.test:443/x", "https://api.test"], ["http://127.0.0.1:40117/x", "http://127.0.0.1:40117"], ["ftp://x", null], ["x", null]])(
  "%s has the origin %s",
  (url, origin) => expect(originOf(url)).toBe(origin),
);

test("a request has a short name", () => {
  expect(["http://a.test/orders?limit=5", "http://a.test/", "http://a.test/v1/users/7#x"].map(nickname)).toEqual(["orders", "a.test", "7"]);
  expect(hostOf("http://127.0.0.1:40117")).toBe("127.0.0.1:40117");
});
