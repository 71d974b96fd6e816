// What is said aloud: one row, a sum, or nothing.
import { expect, test } from "vitest";
import { spoken } from "./spoken";

const none = { requests: 0, refreshes: 0, joined: 0, lost: 0 };

test.each([
  [{}, ""],
  [{ requests: 1 }, "R5 in words"],
  [{ refreshes: 1 }, "R5 in words"],
  [{ requests: 20, refreshes: 1, joined: 19 }, "20 requests, 1 refresh, 19 joined"],
  [{ requests: 2, lost: 1 }, "2 requests, 1 session ended"],
  [{ lost: 1 }, "R5 in words"],
])("after %o", (came, expected) => {
  expect(spoken({ ...none, ...came }, "R5 in words")).toBe(expected);
});
