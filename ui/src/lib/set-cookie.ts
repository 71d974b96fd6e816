// The cookies that an answer sets (RFC 6265 §4.1), read to be shown. Values that are a session's token come masked.

/** One cookie of an answer. */
export interface ShownCookie {
  name: string;
  value: string;
  /** `Path=/`, `Secure` and their like, as they were sent. */
  attributes: string[];
  /** What its attributes mean for its safety, in a few words. */
  remarks: string[];
}

/** The cookies of an answer, in the order of the wire. */
export function cookiesOf(headers: readonly (readonly [string, string])[]): ShownCookie[] {
  return headers.filter(([name]) => name.toLowerCase() === "set-cookie").map(([, line]) => {
    const [pair = "", ...rest] = line.split(";");
    const at = pair.indexOf("=");
    const attributes = rest.map((one) => one.trim()).filter(Boolean);
    const has = (name: string) => attributes.some((one) => one.toLowerCase().split("=")[0]?.trim() === name);
    const remarks = [
      ...(has("secure") ? [] : ["also sent without TLS"]),
      ...(has("httponly") ? [] : ["readable by scripts"]),
      ...(has("max-age") || has("expires") ? [] : ["ends with the browser"]),
    ];
    return { name: (at < 0 ? "" : pair.slice(0, at)).trim(), value: pair.slice(at + 1).trim(), attributes, remarks };
  });
}
