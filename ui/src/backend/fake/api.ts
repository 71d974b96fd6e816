// What the played server answers: the same believable orders in every run.
import type { JsonValue } from "../../wire/serde_json/JsonValue";

/** An answer of the played API. */
export interface Answer {
  status: number;
  headers: [string, string][];
  text: string;
}

const CUSTOMERS = ["Marisol Quintero", "Noah Lindqvist", "Amara Okafor", "Yuki Tanabe", "Tomasz Wrona", "Leila Haddad", "Ingrid Solheim", "Mateo Ferreira"];
const STATES = ["paid", "shipped", "open", "refunded"];
const CURRENCIES = ["EUR", "GBP", "SEK"];
const ORDERS = 200;

/** The answer to a request that carries a good token. */
export function answer(method: string, url: URL, body: string | null, scope: string[]): Answer {
  if (url.pathname === "/orders" && method === "GET") {
    const limit = Math.min(Number(url.searchParams.get("limit") ?? 20), ORDERS);
    return json(200, { items: Array.from({ length: limit }, (_, place) => order(ORDERS - place)), total: ORDERS });
  }
  if (url.pathname === "/orders" && method === "POST") return json(201, { id: "ord_10601", ...(parsed(body) as object), state: "open" });
  if (url.pathname === "/me") return json(200, { sub: "u-17", name: "Ada Byron", scope });
  if (url.pathname === "/admin") return scope.includes("admin") ? json(200, { users: 3 }) : json(403, { error: "insufficient_scope", scope: "admin" });
  return json(404, { error: "not_found", path: url.pathname });
}

/** The answer to an expired or revoked token. */
export function refusal(reason: string): Answer {
  const challenge = `Bearer realm="demo", error="invalid_token", error_description="${reason}"`;
  const { status, headers, text } = json(401, { error: "invalid_token", error_description: reason });
  return { status, headers: [["www-authenticate", challenge], ...headers], text };
}

function order(number: number): JsonValue {
  const cents = 900 + ((number * 7_919) % 48_000);
  return {
    id: `ord_${10_400 + number}`, customer: CUSTOMERS[(number * 5) % CUSTOMERS.length] as string,
    total: (cents / 100).toFixed(2), currency: CURRENCIES[(number * 2) % CURRENCIES.length] as string,
    state: STATES[(number * 3) % STATES.length] as string,
  };
}

function json(status: number, value: JsonValue): Answer {
  const text = JSON.stringify(value);
  return { status, text, headers: [["content-type", "application/json"], ["content-length", String(text.length)], ["cache-control", "no-store"], ["date", new Date(Date.UTC(2026, 10, 23, 12, 1, 8)).toUTCString()]] };
}

function parsed(body: string | null): JsonValue {
  try {
    return JSON.parse(body ?? "{}") as JsonValue;
  } catch {
    return {};
  }
}
