// The claims of a token as rows: the well-known first, times as times.
import type { JsonValue } from "../wire/serde_json/JsonValue";
import { isMoment } from "./duration";
import { visible } from "./visible";

/** One claim to show. */
export interface ClaimRow {
  name: string;
  text: string;
  /** Milliseconds since 1970, where the claim is a time. */
  at: number | null;
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
  return [...known, ...others].map((name) => row(name, claims[name] ?? null));
}

/** A value as short text: words bare, the rest as JSON. */
export function valueText(value: JsonValue): string {
  if (typeof value === "string") return visible(value);
  if (Array.isArray(value) && value.every((one) => typeof one === "string")) return visible(value.join(" "));
  return visible(JSON.stringify(value));
}

function row(name: string, value: JsonValue): ClaimRow {
  const known = FIRST.includes(name);
  if (!TIMES.has(name) || typeof value !== "number") return { name, text: valueText(value), at: null, known };
  const at = value > SECONDS_MAX ? value : value * 1_000;
  return { name, text: String(value), at: isMoment(at) ? at : null, known };
}
