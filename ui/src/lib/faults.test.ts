// The list of faults: every one of them once, and numbers that read well.
import { expect, test } from "vitest";
import { FAULTS } from "../words/faults";
import type { Fault } from "../wire/Fault";
import { OFFERS, faultMeasure, fits } from "./faults";

test("every fault is offered once; copies are a matter of the burst", () => {
  const offered = OFFERS.flatMap((group) => group.offers.map((one) => one.name));
  expect([...offered, "no_single_flight"].sort()).toEqual(Object.keys(FAULTS).sort());
});

test.each<[Fault, string]>([
  [{ name: "server_error", amount: 503, times: 1 }, "503, once"],
  [{ name: "no_answer", amount: 5_000, times: 2 }, "5 s, 2 times"],
  [{ name: "clock_skew", amount: -3_600_000, times: null }, "60 min behind, until you switch it off"],
  [{ name: "too_many_requests", amount: 10, times: 1 }, "Retry-After 10, once"],
  [{ name: "no_single_flight", amount: 5, times: 1 }, "5 copies, once"],
  [{ name: "refuse_always", amount: null, times: null }, "until you switch it off"],
])("%o is measured as %s", (fault, words) => expect(faultMeasure(fault)).toBe(words));

test("a number must be whole and within its bounds", () => {
  const amount = { label: "status", begin: 503, least: 500, most: 599, factor: 1 };
  expect([500, 599, 499, 600, 503.5, null, Number.NaN].map((typed) => fits(amount, typed))).toEqual([true, true, false, false, false, false, false]);
  expect(fits(null, null)).toBe(true);
});

test("every fault says what it does and what it teaches, in sentences", () => {
  for (const words of Object.values(FAULTS)) {
    expect(words.title).toMatch(/^\S.*[^.]$/);
    expect(words.does).toMatch(/^[A-Z].*\.$/);
    expect(words.lesson).toMatch(/^[A-Z0-9].*\.$/);
    expect(words.struck).toMatch(/^[a-z].*[^.]$/);
  }
});
