// A pasted token, read as the engine reads it, as far as stories need: a JWT, or nothing that can be read.
import type { Advisory } from "../../wire/Advisory";
import type { Inspected } from "../../wire/Inspected";
import type { JsonValue } from "../../wire/serde_json/JsonValue";
import { fingerprint } from "./session";

/** What a pasted text says. */
export function inspected(text: string): Inspected {
  const token = text.trim().replace(/^bearer /i, "");
  const parts = token.split(".");
  const base = { length: token.length, fingerprint: fingerprint("pasted", token.length), signature: { state: "not_checked" }, cut: 0 } as const;
  if (token === "" || /\s/.test(token)) return { ...base, advisories: [], form: "not_a_token", jwt: null };
  const [header, claims] = [part(parts[0]), part(parts[1])];
  if (parts.length === 5 && header && "enc" in header) return { ...base, advisories: [], form: "encrypted", jwt: { header, claims: {} } };
  if (parts.length !== 3 || !header || !claims) return { ...base, advisories: [], form: "opaque", jwt: null };
  const advisories: Advisory[] = [];
  if (header.alg === "none") advisories.push("alg_none");
  if (typeof claims.exp !== "number") advisories.push("no_exp");
  else if (claims.exp > 1e11) advisories.push("exp_in_milliseconds");
  else if (claims.exp < 0) advisories.push("exp_negative");
  const [cut, shown] = excerpt(claims);
  return { ...base, form: "jwt", signature: { state: parts[2] === "" ? "absent" : "not_checked" }, advisories, cut, jwt: { header, claims: shown } };
}

function excerpt(claims: Record<string, JsonValue>): [number, Record<string, JsonValue>] {
  const long = Object.keys(claims).filter((name) => name.length > 120);
  return [long.length, Object.fromEntries(Object.entries(claims).map(([name, value]) => [name.length > 120 ? `${name.slice(0, 120)}…` : name, value]))];
}

function part(text: string | undefined): Record<string, JsonValue> | null {
  try {
    const bytes = Uint8Array.from(atob((text ?? "").replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
    const value: unknown = JSON.parse(new TextDecoder().decode(bytes));
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, JsonValue>) : null;
  } catch {
    return null;
  }
}
