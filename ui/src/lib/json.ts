// JSON as people read it, without changing a value: numbers keep their digits, names keep their order.
import { firstFault } from "./json-fault";

/** What is wrong with a text that should be JSON. */
export interface Fault {
  message: string;
  /** From 1. */
  line: number;
}

/** Objects and lists that hold no others stay on one line while they are at most this long. */
const LINE_MAX = 88;

/** Lays JSON out with two spaces. Works on the text, so that `9.50` and 20-digit numbers stay as they are. Null: not JSON. */
export function pretty(text: string): string | null {
  if (text.trim() === "" || fault(text)) return null;
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  let out = "";
  let depth = 0;
  const newline = () => `\n${"  ".repeat(depth)}`;
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index] as string;
    if (token === "{" || token === "[") {
      const short = oneLine(tokens, index);
      if (short && short.text.length + depth * 2 <= LINE_MAX) {
        out += short.text;
        index = short.end;
      } else {
        depth += 1;
        out += token + newline();
      }
    } else if (token === "}" || token === "]") {
      depth -= 1;
      out += newline() + token;
    } else if (token === ",") out += `,${newline()}`;
    else if (token === ":") out += ": ";
    else out += token;
  }
  return out;
}

/** A container without containers in it, as one line; and where it ends. The outermost is laid out unless it is empty. */
function oneLine(tokens: string[], start: number): { text: string; end: number } | null {
  let text = tokens[start] as string;
  const space = text === "{" ? " " : "";
  for (let index = start + 1; index < tokens.length && text.length <= LINE_MAX; index += 1) {
    const token = tokens[index] as string;
    if (token === "{" || token === "[") return null;
    if (token === "}" || token === "]") {
      const empty = index === start + 1;
      if (start === 0 && !empty) return null;
      return { text: empty ? text + token : text + space + token, end: index };
    }
    if (index === start + 1) text += space;
    text += token === "," ? ", " : token === ":" ? ": " : token;
  }
  return null;
}

/** The first fault of a JSON text, or null. An empty text has none. */
export function fault(text: string): Fault | null {
  if (text.trim() === "") return null;
  try {
    JSON.parse(text);
    return null;
  } catch {
    // Browsers word this differently, and some name no place: so the place is looked for here.
    const { at, expected } = firstFault(text);
    return { message: `${expected} was expected here`, line: text.slice(0, at).split("\n").length };
  }
}
