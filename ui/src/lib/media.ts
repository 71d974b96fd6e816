// The kind of a body in few letters, for a line that has no room for all of it.

/** `json` of `application/json; charset=utf-8`, `problem+json` likewise; of other kinds all but the parameters. */
export function shortMedia(type: string): string {
  return (type.split(";")[0] ?? "").trim().toLowerCase().replace(/^application\/(?:x-)?/, "");
}
