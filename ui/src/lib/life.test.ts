// How a session's token stands, in words.
import { expect, test } from "vitest";
import type { SessionSnapshot } from "../wire/SessionSnapshot";
import { life } from "./life";

const NOW = 1_000_000;
const session = (change: Partial<SessionSnapshot>): SessionSnapshot => ({
  as_of: { run: 1, seq: 1 }, name: "demo", family: "demo", kind: "json", grant: null, signs_in_with: "password", client_auth: null, state: "active", epoch: 1, generation: 7, expires_at_ms: NOW + 4_000, lifetime_ms: 6_000, origins: [],
  refresh_endpoint: "", offers: [], kept: "keychain", persist_pending: false, cooldown_until_ms: null, login_cause: null, evidence: [], step_up: null, set_aside: null, needs_attention: false, skew_ms: null, binding: null, faults: [], ...change,
});

test.each([
  [{}, "G7, 4 s left", "plain"],
  [{ expires_at_ms: NOW + 1_100 }, "G7, 2 s left", "warn"],
  [{ expires_at_ms: NOW - 3_000 }, "G7, expired 3 s ago", "warn"],
  [{ expires_at_ms: null }, "G7, no expiry known", "plain"],
  [{ state: "refreshing" }, "G7, refreshing…", "plain"],
  [{ state: "login_required" }, "Sign in again", "error"],
  [{ state: "cooldown", cooldown_until_ms: NOW - 1 }, "G7, refresh failed, session kept", "warn"],
  [{ state: "signed_out", generation: null }, "Signed out", "plain"],
] as [Partial<SessionSnapshot>, string, string][])("%j", (change, words, tone) => {
  const now = life(session(change), NOW);
  expect([now.words, now.tone]).toEqual([words, tone]);
});
