// JSON as people read it, without changing a value: numbers keep their digits, names keep their order.

/** What is wrong with a text that should be JSON. */
export interface Fault {
  message: string;
  /** From 1. */
  line: number;
}

/** Lays JSON out with two spaces. Works on the text, so that `9.50` and 20-digit numbers stay as they are. Null: not JSON. */
export function pretty(text: string): string | null {
  if (fault(text)) return null;
  let out = "";
  let depth = 0;
  let index = 0;
  const newline = () => `\n${"  ".repeat(depth)}`;
  while (index < text.length) {
    const char = text[index] as string;
    if (char === '"') {
      const end = endOfString(text, index);
      out += text.slice(index, end);
      index = end;
      continue;
    }
    index += 1;
    if (/\s/.test(char)) continue;
    if (char === "{" || char === "[") {
      const close = char === "{" ? "}" : "]";
      const next = nextSolid(text, index);
      if (text[next] === close) {
        out += char + close;
        index = next + 1;
      } else {
        depth += 1;
        out += char + newline();
      }
    } else if (char === "}" || char === "]") {
      depth -= 1;
      out += newline() + char;
    } else if (char === ",") out += `,${newline()}`;
    else if (char === ":") out += ": ";
    else out += char;
  }
  return out;
}

/** The first fault of a JSON text, or null. An empty text has none. */
export function fault(text: string): Fault | null {
  if (text.trim() === "") return null;
  try {
    JSON.parse(text);
    return null;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const place = /position (\d+)/.exec(message);
    const before = place ? text.slice(0, Number(place[1])) : text;
    return { message: message.replace(/^JSON Parse error: /, "").replace(/ in JSON at position.*$/, ""), line: before.split("\n").length };
  }
}

function endOfString(text: string, start: number): number {
  for (let index = start + 1; index < text.length; index += 1) {
    if (text[index] === "\\") index += 1;
    else if (text[index] === '"') return index + 1;
  }
  return text.length;
}

function nextSolid(text: string, start: number): number {
  let index = start;
  while (index < text.length && /\s/.test(text[index] as string)) index += 1;
  return index;
}
