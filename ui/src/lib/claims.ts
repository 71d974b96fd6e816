// The claims of a token as rows: the well-known first, times as times, and a sentence where one is odd.
import type { JsonValue } from "../wire/serde_json/JsonValue";

/** One claim to show. */
export interface ClaimRow {
  name: string;
  text: string;
  /** Milliseconds since 1970, where the claim is a time. */
  at: number | null;
  /** What is odd about it. */
  remark: string;
  /** One of the well-known ones. */
  known: boolean;
}

/** The claims that most questions are about, in the order they are asked. */
const FIRST = ["iss", "sub", "aud", "iat", "nbf", "exp", "scope", "scp"];
const TIMES = new Set(["iat", "nbf", "exp", "auth_time"]);

/** A number of seconds above this is surely one of milliseconds. */
const SECONDS_MAX = 1e11;

/** The rows of these claims. */
export function claimRows(claims: Record<string, JsonValue | undefined>): ClaimRow[] {
  const known = FIRST.filter((name) => name in claims);
  const others = Object.keys(claims).filter((name) => !FIRST.includes(name));
  return [...known, ...others].map((name) => row(name, claims[name] ?? null, claims));
}

/** A value as short text: words bare, the rest as JSON. */
export function valueText(value: JsonValue): string {
  if (typeof value === "string") return value;
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return value.join(" ");
  return JSON.stringify(value);
}

function row(name: string, value: JsonValue, claims: Record<string, JsonValue | undefined>): ClaimRow {
  const known = FIRST.includes(name);
  if (!TIMES.has(name) || typeof value !== "number") return { name, text: valueText(value), at: null, remark: "", known };
  const milliseconds = value > SECONDS_MAX;
  const at = milliseconds ? value : value * 1_000;
  const iat = typeof claims.iat === "number" ? claims.iat : null;
  let remark = "";
  if (milliseconds) remark = "Written in milliseconds; the standard says seconds.";
  else if (name === "exp" && iat !== null && value < iat) remark = "Before it was issued.";
  return { name, text: String(value), at, remark, known };
}
