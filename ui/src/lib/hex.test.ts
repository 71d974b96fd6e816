import { expect, test } from "vitest";
import { bytesOf, hexRows } from "./hex";

test("bytes come back from their digits, and are shown sixteen a line", () => {
  const bytes = bytesOf("00ff48656c6c6f2c20776f726c6421200a7e");
  expect([...bytes.slice(0, 3)]).toEqual([0, 255, 72]);
  expect(hexRows(bytes, 0x1000)).toEqual([
    { offset: "00001000", hex: "00 ff 48 65 6c 6c 6f 2c  20 77 6f 72 6c 64 21 20 ", text: "··Hello, world! " },
    { offset: "00001010", hex: `0a 7e${" ".repeat(44)}`, text: "·~" },
  ]);
  expect(hexRows(bytesOf(""), 0)).toEqual([]);
});
