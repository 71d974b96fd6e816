// Two sends beside each other: what is the same, what differs, and by how much. Everything is named; nothing is judged.
import type { Finding } from "../wire/Finding";
import type { ResponseDetails } from "../wire/ResponseDetails";
import type { JsonValue } from "../wire/serde_json/JsonValue";
import { findingTitle } from "../words/verdicts";
import { statusName } from "../words/statuses";
import { type Change, changeRows } from "./changes";
import type { Send } from "./chronicle";
import { bytes, count, inSeconds, took } from "./duration";
import { plain } from "./parts";
import { visible } from "./visible";

/** One of the two. */
export interface Side {
  send: Send;
  /** Null: it is not over, or its answer is not held any more. */
  response: ResponseDetails | null;
  finding: Finding | null;
  /** What the token that it carried says. Null: it carried none, or one that is not current any more. */
  claims: Record<string, JsonValue> | null;
}

/** One fact of both. */
export interface Fact {
  what: string;
  left: string;
  right: string;
  differs: boolean;
}

/** Differences of one kind that are listed; the rest are counted. */
export const LISTED_MAX = 60;
/** Longest value that is shown. */
const VALUE_CHARS_MAX = 160;
/** Headers that are another in every answer, and say nothing of why. */
const ALWAYS_NEW = new Set(["date", "age", "x-request-id", "x-correlation-id", "request-id", "traceparent", "cf-ray", "x-amzn-requestid", "x-amzn-trace-id"]);
/** Times that differ by less than this, and by less than a quarter, are the same for people. */
const SAME_MS = 20;

/** The facts of both, in the order in which people ask for them. */
export function facts(left: Side, right: Side): Fact[] {
  const of = (what: string, tell: (side: Side) => string): Fact => {
    const [one, other] = [tell(left), tell(right)];
    return { what, left: one, right: other, differs: one !== other };
  };
  const rows = [
    of("request", ({ send }) => `${send.method} ${send.url}`),
    of("answer", ({ send }) => answer(send)),
    of("why", ({ finding }) => (finding ? plain(findingTitle(finding)) : "")),
    of("session", ({ send }) => send.session ?? "none"),
    of("token", ({ send }) => token(send)),
    of("attempts", ({ send }) => attempts(send)),
    of("body", ({ response }) => (response ? `${response.media_type ?? "no type"}, ${bytes(response.body_bytes)}` : "not held any more")),
  ];
  const times = of("time", ({ send }) => (send.tookUs === null ? "not over" : took(send.tookUs)));
  const [a, b] = [left.send.tookUs ?? 0, right.send.tookUs ?? 0].map((us) => us / 1_000) as [number, number];
  const apart = Math.abs(a - b);
  return [...rows, { ...times, differs: times.differs && apart >= SAME_MS && apart * 4 > Math.min(a, b) }];
}

/** The headers that only one of two answers has, or that differ; those that always do come last. */
export function headerChanges(left: ResponseDetails, right: ResponseDetails): Fact[] {
  const [one, other] = [byName(left.headers), byName(right.headers)];
  const names = [...new Set([...one.keys(), ...other.keys()])].sort((a, b) => Number(ALWAYS_NEW.has(a)) - Number(ALWAYS_NEW.has(b)));
  return names
    .map((name) => ({ what: name, left: one.get(name) ?? "", right: other.get(name) ?? "", differs: !ALWAYS_NEW.has(name) }))
    .filter((row) => row.left !== row.right);
}

/** What the tokens of both say otherwise. Empty where one of them is not known. */
export function claimChanges(left: Side, right: Side): Change[] {
  const [one, other] = [left.claims, right.claims];
  if (!one || !other) return [];
  const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
  const changes = names.map((claim) => ({ claim, before: one[claim] ?? null, after: other[claim] ?? null }));
  return changeRows(changes.filter((row) => JSON.stringify(row.before) !== JSON.stringify(row.after)));
}

/** Where two bodies differ: by place in JSON, else by line. */
export interface BodyChanges {
  rows: Fact[];
  /** Differences beyond those. */
  more: number;
  /** They cannot be compared, and why. */
  unknown: string | null;
}

/** Where the bodies of two answers differ. */
export function bodyChanges(left: ResponseDetails, right: ResponseDetails): BodyChanges {
  const none = { rows: [], more: 0 };
  if (left.text === null || right.text === null) return { ...none, unknown: left.text === right.text && left.body_bytes === right.body_bytes ? null : "One of them is not text." };
  if (left.text === right.text) return { ...none, unknown: left.cut || right.cut ? "The beginnings are the same; the rest is not held here." : null };
  const [one, other] = [json(left.text), json(right.text)];
  const rows = one !== undefined && other !== undefined ? places("", one, other) : lines(left.text, right.text);
  return { rows: rows.slice(0, LISTED_MAX), more: Math.max(0, rows.length - LISTED_MAX), unknown: left.cut || right.cut ? "Only the beginnings are compared." : null };
}

/** What differs, in one sentence. */
export function summary(left: Side, right: Side): string {
  const names = facts(left, right).filter((row) => row.differs && row.what !== "why").map((row) => row.what);
  const [one, other] = [left.response, right.response];
  if (one && other) {
    const headers = headerChanges(one, other).filter((row) => row.differs);
    if (headers.length) names.push(count(headers.length, "header"));
    const body = bodyChanges(one, other);
    const differing = body.rows.length + body.more;
    if (differing && !names.includes("body")) names.push("body");
  }
  if (!left.send.finished || !right.send.finished) return "Not both are over yet.";
  if (names.length === 0) return "Nothing that is known differs.";
  const last = names.pop() as string;
  return `They differ in ${names.length ? `${names.join(", ")} and ${last}` : last}.`;
}

function answer(send: Send): string {
  if (send.status !== null) return `${send.status} ${statusName(send.status)}`.trim();
  return { answered: "answered", failed: "no answer", stopped: "stopped", unknown: "end unknown" }[send.outcome ?? "unknown"] ?? "";
}

function token(send: Send): string {
  const lease = send.attempts.at(-1)?.lease;
  if (!lease) return "none";
  const left = lease.expiresInMs === null ? "" : lease.expiresInMs > 0 ? `, ${inSeconds(lease.expiresInMs)} left` : `, expired ${inSeconds(lease.expiresInMs)} before`;
  return `G${lease.generation} of ${lease.session}${left}`;
}

function attempts(send: Send): string {
  const answers = send.attempts.map((one) => one.status ?? "no answer").join(", then ");
  const waits = send.waits.map((wait) => wait.flight?.replace(/^\d+-/, "")).filter((name) => name !== undefined);
  return `${send.attempts.length}${answers ? `: ${answers}` : ""}${waits.length ? `; waited for ${waits.join(", ")}` : ""}`;
}

function byName(headers: [string, string][]): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of headers) {
    const known = found.get(name.toLowerCase());
    found.set(name.toLowerCase(), known === undefined ? value : `${known}, ${value}`);
  }
  return found;
}

function json(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

function places(at: string, left: JsonValue | undefined, right: JsonValue | undefined): Fact[] {
  if (isTree(left) && isTree(right) && Array.isArray(left) === Array.isArray(right)) {
    const [one, other] = [left as Record<string, JsonValue>, right as Record<string, JsonValue>];
    const names = [...new Set([...Object.keys(one), ...Object.keys(other)])];
    return names.flatMap((name) => places(`${at}/${name.replaceAll("~", "~0").replaceAll("/", "~1")}`, one[name], other[name]));
  }
  if (JSON.stringify(left) === JSON.stringify(right)) return [];
  return [{ what: visible(at || "/"), left: shown(left), right: shown(right), differs: true }];
}

function isTree(value: JsonValue | undefined): value is JsonValue & object {
  return typeof value === "object" && value !== null;
}

function lines(left: string, right: string): Fact[] {
  const [one, other] = [left.split("\n"), right.split("\n")];
  const rows: Fact[] = [];
  for (let at = 0; at < Math.max(one.length, other.length); at += 1) {
    if (one[at] !== other[at]) rows.push({ what: `line ${at + 1}`, left: cut(one[at] ?? ""), right: cut(other[at] ?? ""), differs: true });
  }
  return rows;
}

function shown(value: JsonValue | undefined): string {
  return value === undefined ? "" : cut(JSON.stringify(value));
}

function cut(text: string): string {
  return visible(text.length > VALUE_CHARS_MAX ? `${text.slice(0, VALUE_CHARS_MAX)}…` : text);
}
