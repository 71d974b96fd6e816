// A query string as rows: the text stays the one model, and only the row that is edited is written anew.

/** One `name=value` of a query or of a form. */
export interface Pair {
  name: string;
  value: string;
}

const VARIABLE = /(\{\{ *[A-Za-z_][\w.-]* *\}\})/;

/** The rows of `a=1&b=2`, in order. An empty text has none; an empty piece is an empty row. */
export function pairsOf(query: string): Pair[] {
  if (query === "") return [];
  return query.split("&").map((piece) => {
    const at = piece.indexOf("=");
    return at < 0 ? { name: plain(piece), value: "" } : { name: plain(piece.slice(0, at)), value: plain(piece.slice(at + 1)) };
  });
}

/** The same text with this row in the place of the one that was there. */
export function withPair(query: string, index: number, pair: Pair): string {
  const pieces = query === "" ? [] : query.split("&");
  pieces[index] = written(pair);
  return pieces.join("&");
}

/** The same text with one more empty row behind. An empty text becomes one row of an empty name. */
export function withAnother(query: string): string {
  return query === "" ? "=" : `${query}&`;
}

/** The same text without this row. */
export function withoutPair(query: string, index: number): string {
  return query.split("&").filter((_, at) => at !== index).join("&");
}

/** The same text without rows that say nothing. */
export function trimmed(query: string): string {
  return query.split("&").filter((piece) => piece !== "" && piece !== "=").join("&");
}

/** The rows as lines of `name=value` for people. */
export function linesOf(query: string): string {
  return pairsOf(trimmed(query)).map(({ name, value }) => (value === "" ? name : `${name}=${value}`)).join("\n");
}

/** The text that such lines say. */
export function ofLines(lines: string): string {
  const pairs = lines.split("\n").filter((line) => line.trim() !== "");
  return pairs.map((line) => {
    const at = line.indexOf("=");
    return written(at < 0 ? { name: line, value: "" } : { name: line.slice(0, at), value: line.slice(at + 1) });
  }).join("&");
}

/** What stands between `?` and `#` of an address. */
export function queryOf(url: string): string {
  const [, , query = ""] = cutQuery(url);
  return query;
}

/** The same address with another query; without one where it is empty. */
export function withQuery(url: string, query: string): string {
  const [before, , , behind] = cutQuery(url);
  return `${before}${query === "" ? "" : `?${query}`}${behind}`;
}

function cutQuery(url: string): [before: string, mark: string, query: string, behind: string] {
  const hash = url.indexOf("#");
  const [body, behind] = hash < 0 ? [url, ""] : [url.slice(0, hash), url.slice(hash)];
  const mark = body.indexOf("?");
  return mark < 0 ? [body, "", "", behind] : [body.slice(0, mark), "?", body.slice(mark + 1), behind];
}

function written({ name, value }: Pair): string {
  return value === "" && name !== "" ? encoded(name) : `${encoded(name)}=${encoded(value)}`;
}

/** Encoded where it must be, and no further: variables and what is easy to read stay. */
function encoded(text: string): string {
  return text.split(VARIABLE).map((piece, index) => (index % 2 === 1 ? piece : encodeURIComponent(wellFormed(piece)).replace(/%(2F|3A|2C|3B|40|24)/g, decodeURIComponent))).join("");
}

/** A lone surrogate cannot be encoded; it becomes what a browser would send. */
function wellFormed(text: string): string {
  return text.replace(/[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/g, "\uFFFD");
}

function plain(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return text;
  }
}
