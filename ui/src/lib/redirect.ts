// The address of this machine that the browser is sent back to (RFC 8252 §7.3), in parts.

/** Its parts; the port is empty where any will do. */
export interface RedirectParts {
  host: string;
  port: string;
  path: string;
}

/** What is listened on where a file says nothing. */
const USUAL: RedirectParts = { host: "127.0.0.1", port: "", path: "/callback" };

/** Cuts what a file says; empty, or nothing that can be cut, is the usual one. */
export function redirectOf(text: string): RedirectParts {
  const [, host, port = "", path = ""] = /^http:\/\/(127\.0\.0\.1|localhost)(?::(\d*))?(\/.*)?$/.exec(text.trim()) ?? [];
  return host === undefined ? USUAL : { host, port, path };
}

/** What a file says; empty for the usual one. */
export function redirectText({ host, port, path }: RedirectParts): string {
  const text = `http://${host}${port ? `:${port}` : ""}${path === "" || path.startsWith("/") ? path : `/${path}`}`;
  return text === "http://127.0.0.1/callback" ? "" : text;
}
