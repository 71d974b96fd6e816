import { expect, test } from "vitest";
import type { SavedRequest } from "../wire/SavedRequest";
import { collectionOf, collections, nameOfCopy, rows } from "./collections";

const request = (id: string, name = id.split("/").at(-1) as string): SavedRequest => ({ id, name, method: "GET", url: "https://api.test/", headers: [], body: null, session: null, follow_redirects: true, time_limit_ms: null, revision: "1" });
const told = (ids: string[], closed: string[] = []) => rows(ids.map((id) => request(id)), new Set(closed)).map((row) => `${"  ".repeat(row.level - 1)}${row.kind === "folder" ? `${row.open ? "v" : ">"} ${row.name} ${row.count}` : row.name}`);

test("folders come first, then requests, each by name and numbers by their size", () => {
  expect(told(["me", "orders/10 last", "orders/9 first", "orders/old/list", "Admin/a"])).toEqual(["v Admin 1", "  a", "v orders 3", "  v old 1", "    list", "  9 first", "  10 last", "me"]);
});

test("what is in a closed folder is counted and not shown", () => {
  expect(told(["orders/old/list", "orders/new", "me"], ["orders"])).toEqual(["> orders 2", "me"]);
});

test("a folder around others is one too", () => {
  expect(collections([request("a/b/c"), request("a/d")])).toEqual(["a", "a/b"]);
  expect([collectionOf("a/b/c"), collectionOf("me")]).toEqual(["a/b", ""]);
});

test("a copy is called like what it is a copy of", () => {
  expect(["List", "List copy", "List copy 2"].map(nameOfCopy)).toEqual(["List copy", "List copy 2", "List copy 3"]);
});
