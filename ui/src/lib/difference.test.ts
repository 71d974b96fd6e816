import { expect, test } from "vitest";
import { difference } from "./difference";

const told = (before: string, after: string) => difference(before, after).map(({ kind, text }) => `${{ same: " ", before: "-", after: "+" }[kind]}${text}`).join("|");

test.each([
  ["a\nb\nc", "a\nb\nc", " a| b| c"],
  ["a\nb\nc", "a\nx\nc", " a|-b|+x| c"],
  ["a\nc", "a\nb\nc", " a|+b| c"],
  ["a\nb\nc", "c", "-a|-b| c"],
  ["a\nb\nc\nd\ne", "b\nx\nd\ne\nf", "-a| b|-c|+x| d| e|+f"],
  ["x", "y", "-x|+y"],
])("%j became %j", (before, after, expected) => {
  expect(told(before, after)).toBe(expected);
});

test("what is removed and added gives both texts back, whatever they are", () => {
  const text = (seed: number) => Array.from({ length: 60 }, (_, index) => String((index * seed * 7 + (index % seed)) % 9)).join("\n");
  for (let seed = 1; seed < 12; seed += 1) {
    const [before, after] = [text(seed), text(seed + 1)];
    const lines = difference(before, after);
    expect(lines.filter(({ kind }) => kind !== "after").map((line) => line.text).join("\n")).toBe(before);
    expect(lines.filter(({ kind }) => kind !== "before").map((line) => line.text).join("\n")).toBe(after);
  }
});
