import { expect, test } from "vitest";
import { chordOf, faultOfChord, printed } from "./chord";

const press = (key: string, held = "") => ({ key, ctrlKey: held.includes("c"), altKey: held.includes("a"), shiftKey: held.includes("s"), metaKey: held.includes("m") });

test.each([
  [press("k", "c"), "Ctrl+K"],
  [press("R", "cs"), "Ctrl+Shift+R"],
  [press("Tab", "cs"), "Ctrl+Shift+Tab"],
  [press("F6", "s"), "Shift+F6"],
  [press("?", "s"), "?"],
  [press(" ", "c"), "Ctrl+Space"],
  [press("+", "c"), "Ctrl+Plus"],
  [press("Control", "c"), null],
])("the chord of %o is %s", (pressed, expected) => {
  expect(chordOf(pressed)).toBe(expected);
});

test("a chord is printed key by key", () => {
  expect([printed("Ctrl+Shift+ArrowUp"), printed("Ctrl+Plus"), printed("")]).toEqual([["Ctrl", "Shift", "↑"], ["Ctrl", "+"], []]);
});

test.each([["A", "types"], ["Shift+A", "types"], ["Enter", "types"], ["Ctrl+C", "used"], ["Ctrl+Y", null], ["F5", null], ["Alt+1", null]])("%s as a command's keys: %s", (chord, expected) => {
  expect(faultOfChord(chord)).toBe(expected);
});
