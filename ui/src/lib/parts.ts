// A sentence with references in it: what a row or a banner says, with the events it can lead to.
import type { EventKey } from "../wire/EventKey";

/** Plain words, or the name of something (`R12`, `F7`, `G7`) that leads to its event. */
export type Part = string | { ref: string; key: EventKey };

/** A sentence. */
export type Parts = Part[];

/** The sentence as plain text. */
export function plain(parts: Parts): string {
  return parts.map((part) => (typeof part === "string" ? part : part.ref)).join("");
}

/** `a`, `a and b`, `a, b and c`; beyond `most`, the rest is counted. */
export function listed(items: Part[], most = 4): Parts {
  const shown: Part[] = items.length > most ? [...items.slice(0, most - 1), `${items.length - most + 1} more`] : items;
  return shown.flatMap((item, index) => {
    if (index === 0) return [item];
    return [index === shown.length - 1 ? " and " : ", ", item];
  });
}
