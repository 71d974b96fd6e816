import { expect, test } from "vitest";
import { best, score } from "./find";

const found = (question: string, ...texts: string[]) => best(question, texts.map((text) => ({ text })), 3).map(({ text }) => text);

test("the start of a word is better than its middle, and a whole word better than letters", () => {
  expect(found("ord", "Record a call", "List orders", "Orders")).toEqual(["Orders", "List orders", "Record a call"]);
  expect(found("lo", "List orders", "Follow", "Local")).toEqual(["Local", "Follow", "List orders"]);
});

test("every word of the question counts, in any order", () => {
  expect(found("orders list", "List orders", "List people")).toEqual(["List orders"]);
  expect([score("xyz", "List orders"), score("LIST", "List orders")]).toEqual([null, expect.any(Number)]);
});

test("what a text is also called is worth less than its name", () => {
  const all = [{ text: "Sign in", more: "login" }, { text: "Login page" }];
  expect(best("login", all, 2)).toEqual([all[1], all[0]]);
});

test("one in five thousand is found by a part of its name", () => {
  const many = Array.from({ length: 5_000 }, (_, index) => ({ text: `Request ${index} of the shop`, more: `https://api.test/v1/things/${index}/parts` }));
  expect(best("4711", many, 50)[0]?.text).toBe("Request 4711 of the shop");
});
