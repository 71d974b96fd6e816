// What a key means while the timeline has the focus. `words/keys.ts` says the same to people.

/** Something that a key does in the timeline. */
export type Act =
  | "next" | "previous" | "down" | "up" | "cause" | "effect" | "zoomIn" | "zoomOut" | "earlier" | "later" | "fit" | "centre" | "live" | "detail"
  | "resend" | "compare" | "mark" | "rangeFrom" | "rangeTo" | "filter" | "nextMatch" | "previousMatch" | "nextFailure" | "fold" | "pin" | "moveUp" | "moveDown" | "leave";

const PLAIN: Record<string, Act> = {
  ArrowRight: "next", ".": "next", ArrowLeft: "previous", ",": "previous", ArrowDown: "down", ArrowUp: "up", "[": "cause", "]": "effect",
  w: "zoomIn", "+": "zoomIn", "=": "zoomIn", s: "zoomOut", "-": "zoomOut", a: "earlier", d: "later", "0": "fit", f: "centre", l: "live", Enter: "detail",
  r: "resend", c: "compare", m: "mark", i: "rangeFrom", o: "rangeTo", "/": "filter", n: "nextMatch", e: "nextFailure", " ": "fold", p: "pin", Escape: "leave",
};
const SHIFTED: Record<string, Act> = { ArrowRight: "later", ArrowLeft: "earlier", n: "previousMatch", "+": "zoomIn" };

/** The act of a key, if it has one here. */
export function actOf(event: Pick<KeyboardEvent, "key" | "shiftKey" | "ctrlKey" | "metaKey" | "altKey">): Act | undefined {
  if (event.ctrlKey || event.metaKey) return undefined;
  if (event.altKey) return ({ ArrowUp: "moveUp", ArrowDown: "moveDown" } as Record<string, Act>)[event.key];
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  return (event.shiftKey ? SHIFTED[key] : undefined) ?? PLAIN[key];
}
