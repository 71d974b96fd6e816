// What turns or hides text is shown; everything else stays as it is.
import { expect, test } from "vitest";
import { visible } from "./visible";

test.each([
  ["plain words, Ünï 🙂", "plain words, Ünï 🙂"],
  ["user\u202egpj.exe", "user⟨U+202E⟩gpj.exe"],
  ["a\u200bb\u2066c", "a⟨U+200B⟩b⟨U+2066⟩c"],
  ["<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)>"],
  ["line\nfeed", "line⟨U+000A⟩feed"],
])("%j is shown as %j", (text, expected) => expect(visible(text)).toBe(expected));
