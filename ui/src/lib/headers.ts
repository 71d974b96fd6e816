// Headers as rows and as text, and what HTTP does not allow in them.

/** The names that are typed most, for completion. */
export const KNOWN_HEADERS = [
  "Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cache-Control", "Content-Encoding", "Content-Type", "Cookie", "DPoP", "ETag", "Forwarded",
  "Idempotency-Key", "If-Match", "If-Modified-Since", "If-None-Match", "If-Unmodified-Since", "Last-Event-ID", "Origin", "Prefer", "Range", "Referer", "TE", "Traceparent",
  "User-Agent", "X-API-Key", "X-Correlation-ID", "X-Forwarded-For", "X-HTTP-Method-Override", "X-Request-ID", "X-Requested-With",
];

/** One header a line, as it goes over the wire. */
export function linesOf(headers: readonly { name: string; value: string }[]): string {
  return headers.filter(({ name, value }) => name !== "" || value !== "").map(({ name, value }) => `${name}: ${visible(value)}`).join("\n");
}

/** The headers that such lines say. A line without a colon is a name. */
export function ofLines(lines: string): { name: string; value: string }[] {
  return lines.split(/\r\n|\n|\r/).filter((line) => line.trim() !== "").map((line) => {
    const at = line.indexOf(":", 1);
    return at < 0 ? { name: line.trim(), value: "" } : { name: line.slice(0, at).trim(), value: line.slice(at + 1).trim() };
  });
}

/** Why a header cannot be sent, in words. Null: it can. */
export function faultOf(name: string, value: string): string | null {
  if (/[\r\n]/.test(name + value)) return "A line break would begin another header. It is not sent like this: write one header a row.";
  if (name !== "" && !/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name.trim())) return "A header's name is letters, digits and a few signs, without a space or a colon.";
  if (/[\u0000-\u0008\u000B-\u001F\u007F]/.test(value)) return "It holds a control character, which HTTP does not allow in a header.";
  return null;
}

function visible(value: string): string {
  return value.replaceAll("\r", "\u240D").replaceAll("\n", "\u240A");
}
