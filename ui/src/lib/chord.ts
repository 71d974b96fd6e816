// A key with those that are held with it, as one text: `Ctrl+Shift+R`. The same text is kept, shown and compared.

/** What of a key press a chord is made of. */
export interface Press {
  key: string;
  ctrlKey: boolean;
  altKey: boolean;
  shiftKey: boolean;
  metaKey: boolean;
}

const HELD = ["Control", "Alt", "Shift", "Meta", "AltGraph"];
const NAMED: Record<string, string> = { " ": "Space", "+": "Plus" };

/** The chord of a key press. Null: only keys that are held with others are pressed so far. */
export function chordOf(press: Press): string | null {
  if (HELD.includes(press.key) || press.key === "Dead" || press.key === "Process" || press.key === "Unidentified") return null;
  const named = NAMED[press.key] ?? press.key;
  const key = named.length === 1 ? named.toUpperCase() : named;
  // What Shift made of a key that is no letter is in the key already.
  const shift = press.shiftKey && (key.length > 1 || /\p{L}/u.test(key));
  return [press.ctrlKey && "Ctrl", press.altKey && "Alt", shift && "Shift", press.metaKey && "Meta", key].filter(Boolean).join("+");
}

/** The keys of a chord, as they are printed on keys. */
export function printed(chord: string): string[] {
  const words: Record<string, string> = { Enter: "Enter", Escape: "Esc", ArrowUp: "↑", ArrowDown: "↓", ArrowLeft: "←", ArrowRight: "→", PageUp: "Page Up", PageDown: "Page Down", Delete: "Del", Plus: "+" };
  return chord === "" ? [] : chord.split("+").map((key) => words[key] ?? key);
}

/** Why a chord cannot be a command's: typing would run it. Null: it can. */
export function faultOfChord(chord: string): "types" | "used" | null {
  const parts = chord.split("+");
  const key = parts.at(-1) as string;
  const held = parts.includes("Ctrl") || parts.includes("Alt") || parts.includes("Meta");
  if (/^F([1-9]|1\d|2[0-4])$/.test(key)) return null;
  if (!held) return "types";
  // What a field needs for itself.
  return ["Ctrl+C", "Ctrl+V", "Ctrl+X", "Ctrl+Z", "Ctrl+Shift+Z", "Ctrl+A"].includes(chord) ? "used" : null;
}
