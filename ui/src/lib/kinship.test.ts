// A refresh and its kin: who asked for it, who waited, what came of it.
import { expect, test } from "vitest";
import { kin } from "./kinship";
import { idOf } from "./moment";
import { storm } from "./samples";

test("a refresh brings along everybody who waited for it, from refusal to retry", async () => {
  const chronicle = (await storm(3)).chronicle();
  const flight = chronicle.flight(3, 1);
  const found = flight ? kin(chronicle, flight.started) : new Set();
  const heads = chronicle.moments.filter((moment) => moment.kind === "ResponseHead");
  expect(heads).toHaveLength(6);
  expect(heads.every((head) => found.has(idOf(head)))).toBe(true);
  expect(chronicle.moments.filter((moment) => moment.kind === "SignInStarted").some((moment) => found.has(idOf(moment)))).toBe(false);
});
