// A played session: what it is, and what its server remembers of it.
import type { ClaimChange } from "../../wire/ClaimChange";
import type { ClientAuth } from "../../wire/ClientAuth";
import type { EventKey } from "../../wire/EventKey";
import type { Fault } from "../../wire/Fault";
import type { GrantType } from "../../wire/GrantType";
import type { JsonValue } from "../../wire/serde_json/JsonValue";
import type { Kept } from "../../wire/Kept";
import type { LineageStep } from "../../wire/LineageStep";
import type { LoginCause } from "../../wire/LoginCause";
import type { SessionKind } from "../../wire/SessionKind";
import type { SessionSnapshot } from "../../wire/SessionSnapshot";
import type { SignsInWith } from "../../wire/SignsInWith";
import type { StateName } from "../../wire/StateName";
import type { TokenDetails } from "../../wire/TokenDetails";

/** A flight under way. */
export interface FakeFlight {
  number: number;
  started: EventKey;
  waiters: number;
  done: Promise<{ finished: EventKey; committed: boolean }>;
}

/** A token of a played session. */
export interface FakeToken {
  generation: number;
  receivedAt: number;
  expiresAt: number;
  scope: string[];
  claims: Record<string, JsonValue>;
  published: EventKey;
  flight: number | null;
  because: number | null;
  used: number;
  refused: number;
  lastUsed: number | null;
  refusedBy: string[];
}

/** What one signs in with, by grant. */
const SIGNS_IN_WITH: Record<GrantType, SignsInWith> = {
  refresh_token: "refresh_token", authorization_code: "browser", device_code: "device", client_credentials: "client", password: "password",
};

/** One session. */
export class FakeSession {
  state: StateName = "signed_out";
  epoch = 0;
  token: FakeToken | null = null;
  before: FakeToken | null = null;
  /** The generations before the current one. */
  ancestors: LineageStep[] = [];
  faults: Fault[] = [];
  flight: FakeFlight | null = null;
  loginCause: LoginCause | null = null;
  evidence: EventKey[] = [];
  kept: Kept = "keychain";
  persistPending = false;
  cooldownUntil: number | null = null;
  /** What was approved, and what its file names instead. */
  binding: SessionSnapshot["binding"] = null;
  /** The server revoked the family: nothing of it is honoured any more. */
  revoked = false;
  stopExpiry: (() => void) | null = null;
  /** Its file has no request that signs in with a password. */
  passwordless = false;

  constructor(
    readonly name: string, readonly kind: SessionKind, readonly origin: string, readonly lifetimeMs: number,
    readonly client: { grant: GrantType; auth: ClientAuth } = { grant: "refresh_token", auth: "none" },
  ) {}

  snapshot(as_of: EventKey): SessionSnapshot {
    return {
      as_of, offers: this.kind === "oauth" ? ["introspection", "userinfo", "revocation", "end_session"] : [], name: this.name, family: this.name, kind: this.kind, grant: this.kind === "oauth" ? this.client.grant : null, signs_in_with: this.kind === "oauth" ? SIGNS_IN_WITH[this.client.grant] : this.passwordless ? "refresh_token" : "password", client_auth: this.kind === "oauth" ? this.client.auth : null, state: this.state, epoch: this.epoch, generation: this.token?.generation ?? null,
      expires_at_ms: this.token ? Math.floor(this.token.expiresAt) : null, lifetime_ms: this.token ? this.lifetimeMs : null, origins: [this.origin],
      refresh_endpoint: `${this.origin}${this.kind === "json" ? "/auth/refresh" : "/oauth/token"}`, kept: this.kept,
      persist_pending: this.persistPending, cooldown_until_ms: this.cooldownUntil, login_cause: this.loginCause, evidence: this.evidence, step_up: null, set_aside: null,
      needs_attention: false, skew_ms: null, binding: this.binding, faults: [...this.faults],
    };
  }

  details(): TokenDetails | null {
    const token = this.token;
    if (!token) return null;
    return {
      session: this.name, epoch: this.epoch, generation: token.generation, flight: token.flight, because_of: token.because,
      fingerprint: fingerprint(this.name, token.generation), scheme: "Bearer", length: 412, received_at_ms: Math.floor(token.receivedAt), expires_at_ms: Math.floor(token.expiresAt),
      lifetime_ms: this.lifetimeMs, expiry_source: "reply", scope: token.scope, kept: this.kept, origins: [this.origin],
      times_used: token.used, times_refused: token.refused, last_used_ms: token.lastUsed, refused_by: token.refusedBy,
      form: "jwt", signature: { state: "not_checked" }, advisories: [], cut: 0,
      jwt: { header: { alg: "HS256", typ: "JWT", kid: "k-1" }, claims: token.claims }, changes: this.#changes(token),
    };
  }

  lineage(): LineageStep[] {
    return this.token ? [...this.ancestors, this.#step(this.token)] : this.ancestors;
  }

  /** The next token takes the place of the current one. */
  succeed(next: FakeToken): void {
    if (this.token) this.ancestors.push(this.#step(this.token));
    this.before = this.token;
    this.token = next;
  }

  #step(token: FakeToken): LineageStep {
    return {
      generation: token.generation, epoch: this.epoch, published: token.published, flight: token.flight, because_of: token.because,
      fingerprint: fingerprint(this.name, token.generation), received_at_ms: Math.floor(token.receivedAt), expires_at_ms: Math.floor(token.expiresAt),
      scope: token.scope, times_used: token.used, times_refused: token.refused, changes: this.#changes(token),
    };
  }

  #changes(token: FakeToken): ClaimChange[] {
    const before = this.before?.claims;
    if (!before) return [];
    return [...new Set([...Object.keys(before), ...Object.keys(token.claims)])]
      .map((claim) => ({ claim, before: before[claim] ?? null, after: token.claims[claim] ?? null }))
      .filter((one) => JSON.stringify(one.before) !== JSON.stringify(one.after));
  }

  /** The claims of the next token, as the demo server makes them: the first sign-in's scope is wider. */
  mint(now: number): { scope: string[]; claims: Record<string, JsonValue> } {
    const generation = (this.token?.generation ?? 0) + 1;
    const scope = generation === 1 ? ["read", "write", "admin"] : ["read", "write"];
    const iat = Math.floor(now / 1_000);
    return { scope, claims: { iss: this.origin, sub: "u-17", name: "Ada Byron", aud: "orders-api", iat, exp: iat + this.lifetimeMs / 1_000, jti: fingerprint(this.name, this.epoch * 100 + generation).slice(0, 10), scope: scope.join(" ") } };
  }
}

/** A stable hex string for a token of the play. */
export function fingerprint(name: string, number: number): string {
  let hash = 0x811c9dc5;
  for (const char of `${name}/${number}`) hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return `${hash.toString(16).padStart(8, "0")}${Math.imul(hash, 0x9e3779b1).toString(16).replace("-", "").padStart(8, "0").slice(0, 8)}`;
}
