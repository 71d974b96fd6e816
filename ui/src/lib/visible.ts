// Text from elsewhere as it is: marks that turn or hide what stands beside them are shown by their numbers.

/** Direction marks, embeddings, isolates, zero-width characters, line separators and controls. */
const UNSEEN = /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** The same text, with what cannot be seen made visible. */
export function visible(text: string): string {
  return text.replace(UNSEEN, (mark) => `⟨U+${(mark.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}⟩`);
}
