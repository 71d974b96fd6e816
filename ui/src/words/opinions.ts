// The second opinion in words: what two answers to one request say together, and each point in which they differ.
import { bytes, took } from "../lib/duration";
import type { AskedOtherwise } from "../wire/AskedOtherwise";
import type { Conclusion } from "../wire/Conclusion";
import type { Difference } from "../wire/Difference";
import type { Otherwise } from "../wire/Otherwise";
import type { Point } from "../wire/Point";

/** What they say together: the finding, and what to make of it. */
export const CONCLUSIONS: Record<Conclusion, { title: string; why: string }> = {
  alike: { title: "Both clients got the same answer", why: "So it is the server, not Sandglass. What stands here can go into a bug report." },
  differs: { title: "The two answers differ", why: "Nothing that was asked otherwise explains it. The server may answer differently each time: ask once more." },
  without_token: { title: "The server answers differently without the token", why: "So the token is looked at. That says nothing yet about whether it is the right one." },
  without_accept_encoding: { title: "The server answers differently without Accept-Encoding", why: "What it packs is not what it sends plain: look at its compression, or at a cache that mixes the two up." },
  other_user_agent: { title: "The server answers another client differently", why: "It looks at User-Agent, or something in front of it does. Set the header by hand to see which name it wants." },
  other_version: { title: "The server answers differently over HTTP/1.1", why: "The first client spoke a newer version. Look at what stands in front of the server." },
  only_theirs: { title: "Only the other client was answered", why: "So the server is there. It is this client, its connection, or it was gone for a moment: send again to see which." },
  only_ours: { title: "Only Sandglass was answered", why: "The server refuses the other client, or went away since. Send again to see which." },
  nobody: { title: "Neither client was answered", why: "So it is the server, or the way to it." },
};

/** The point in which answers differ. */
export const POINTS: Record<Point, string> = {
  answered: "Answer",
  status: "Status",
  media_type: "Kind of body",
  body: "Body",
  spelling: "Body, same data written otherwise",
  length: "Length of the body",
  header: "Header",
  version: "HTTP version",
  time: "Time",
};

/** What was otherwise in the second request. */
const OTHERWISE: Record<Otherwise, string> = {
  token: "the token",
  accept_encoding: "Accept-Encoding",
  user_agent: "User-Agent",
  version: "the version of HTTP",
};

/** One value of a difference, as people read it. */
export function differing(difference: Difference, which: "ours" | "theirs"): string {
  const value = difference[which];
  if (value === "") return "none";
  if (difference.point === "time") return took(Number(value));
  if (difference.point === "length") return bytes(Number(value));
  return value;
}

/** What was asked otherwise, in one sentence. */
export function askedOtherwise(list: AskedOtherwise[]): string {
  if (list.length === 0) return "Both asked the very same.";
  const names = list.map((one) => (one.what === "token" ? "it went without the token" : one.theirs === "" ? `it left out ${OTHERWISE[one.what]}` : `${OTHERWISE[one.what]} was “${one.theirs}”`));
  return `Asked otherwise the second time: ${names.join(", ")}.`;
}
