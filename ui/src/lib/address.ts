// A URL cut into parts by eye, not by parser: what is typed is shown as typed, with the host standing out.

/** The parts of what was typed, in order; joined they are the input. */
export interface Address {
  scheme: string;
  user: string;
  host: string;
  path: string;
}

const SHAPE = /^([a-z][a-z0-9+.-]*:\/\/)?([^/?#@]*@)?([^/?#]*)(.*)$/is;

/** Cuts an address. Without a scheme, what stands before the first slash is taken for the host. */
export function cut(url: string): Address {
  const [, scheme = "", user = "", host = "", path = ""] = SHAPE.exec(url) ?? [];
  return { scheme, user, host, path };
}

/** Host and port of an origin or URL, for people: `127.0.0.1:40117`. */
export function hostOf(url: string): string {
  return cut(url).host || url;
}

/** The origin of an absolute URL as the engine spells it, or null. */
export function originOf(url: string): string | null {
  try {
    const parsed = new URL(url);
    return parsed.protocol === "http:" || parsed.protocol === "https:" ? parsed.origin : null;
  } catch {
    return null;
  }
}

/** A short name for lists: the last word of the path, or the host. */
export function nickname(url: string): string {
  const { path, host } = cut(url);
  const words = path.replace(/[?#].*$/s, "").split("/").filter(Boolean);
  return words.at(-1) ?? (host || url);
}
