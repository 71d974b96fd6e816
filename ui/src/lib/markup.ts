// XML and HTML laid out as text, and NDJSON line by line: nothing of them is ever run or drawn.
import { pretty } from "./json";

/** Elements of HTML that have no end of their own. */
const VOID = new Set(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "param", "source", "track", "wbr"]);

/** Lays markup out with two spaces, one tag a line; what stands in script, style and pre is left as it is. */
export function markup(text: string): string {
  const tokens = text.match(/<!--[\s\S]*?-->|<!\[CDATA\[[\s\S]*?\]\]>|<(script|style|pre|textarea)\b[\s\S]*?<\/\1\s*>|<[^>]*>|[^<]+|</gi) ?? [text];
  const lines: string[] = [];
  let depth = 0;
  const put = (line: string) => lines.push("  ".repeat(Math.max(0, depth)) + line);
  for (let index = 0; index < tokens.length; index += 1) {
    const token = (tokens[index] as string).trim();
    if (token === "") continue;
    const name = /^<([\w:.-]+)/.exec(token)?.[1];
    if (token.startsWith("</")) {
      depth -= 1;
      put(token);
    } else if (!name || token.endsWith("/>") || VOID.has(name.toLowerCase()) || /<\/[\w:.-]+\s*>$/.test(token)) put(token);
    else {
      // An element with a few words in it stays on one line.
      const [words, end] = [(tokens[index + 1] ?? "").trim(), (tokens[index + 2] ?? "").trim()];
      const direct = (tokens[index + 1] ?? "").trim();
      if (direct.toLowerCase().startsWith(`</${name.toLowerCase()}`)) {
        put(token + direct);
        index += 1;
      } else if (words !== "" && !words.startsWith("<") && !words.includes("\n") && end.toLowerCase().startsWith(`</${name.toLowerCase()}`)) {
        put(token + words + end);
        index += 2;
      } else {
        put(token);
        depth += 1;
      }
    }
  }
  return lines.join("\n");
}

/** Lays each line out as the JSON that it is; a line that is none stays. */
export function ndjson(text: string): string {
  return text.split("\n").filter((line) => line.trim() !== "").map((line) => pretty(line) ?? line).join("\n");
}

/** The text of an answer as people read it, by its media type. Null: as it came. */
export function laidOut(text: string, mediaType: string): { text: string; json: boolean } | null {
  if (/\b(x-ndjson|ndjson|jsonl|x-jsonlines|json-seq)\b/.test(mediaType)) return { text: ndjson(text), json: true };
  if (/json$/.test(mediaType)) {
    const laid = pretty(text);
    return laid === null ? null : { text: laid, json: true };
  }
  return /(xml|html)$/.test(mediaType) ? { text: markup(text), json: false } : null;
}
