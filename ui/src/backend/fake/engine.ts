// The played engine: the same events in the same order with the same causes as the real one, over a server that is not there.
import type { Code } from "../../wire/Code";
import type { Draft } from "../../wire/Draft";
import type { EventKey } from "../../wire/EventKey";
import type { Failure } from "../../wire/Failure";
import type { Fault } from "../../wire/Fault";
import type { FaultName } from "../../wire/FaultName";
import type { KeychainState } from "../../wire/KeychainState";
import type { Kept } from "../../wire/Kept";
import type { Need } from "../../wire/Need";
import type { ResponseDetails } from "../../wire/ResponseDetails";
import type { UserCode } from "../../wire/UserCode";
import { type Answer, answer, refusal } from "./api";
import type { FakeClock } from "./clock";
import { FakeLog } from "./log";
import { FakeSession, type FakeToken, fingerprint } from "./session";

/** How the played server and keychain behave. */
export interface Manners {
  /** Milliseconds an answer takes. */
  delayMs: number;
  /** What the token endpoint does. */
  refresh: "granted" | "dead" | "busy";
  /** A browser can be opened. */
  browser: boolean;
  /** The API refuses every token. */
  refuseAlways: boolean;
  keychain: KeychainState;
  /** How long the user takes on another device. */
  saysYesMs: number;
}

interface Under { stopped: boolean; stop: () => void }

export const ORIGIN = "http://127.0.0.1:40117";

/** The played engine. */
export class FakeEngine {
  readonly log: FakeLog;
  readonly sessions: FakeSession[];
  /** Everything that was to be sent, for tests to look at. */
  readonly drafts: Draft[] = [];
  readonly responses = new Map<number, ResponseDetails>();
  readonly manners: Manners = { delayMs: 190, refresh: "granted", browser: true, refuseAlways: false, keychain: "open", saysYesMs: 60_000 };
  /** Bodies that are no text; that of every other answer is its text. */
  readonly bodies = new Map<number, Uint8Array>();
  kept: Kept = "keychain";
  environment: string | null = null;
  readonly #elsewhere = new Map<string | null, FakeSession[]>();
  readonly #clock: FakeClock;
  readonly #under = new Map<number, Under>();
  /** What is shown for another device, while it is waited for. */
  userCode: UserCode | null = null;
  readonly #visits = new Map<string, (cameBack: boolean) => void>();
  #requests = 0;
  #flights = 0;
  #tour = 0;

  /** The body of an answer, byte by byte. */
  body(request: number): Uint8Array {
    return this.bodies.get(request) ?? new TextEncoder().encode(this.responses.get(request)?.text ?? "");
  }

  constructor(clock: FakeClock, run = 3) {
    this.#clock = clock;
    this.log = new FakeLog(clock, run);
    this.sessions = [new FakeSession("demo", "json", ORIGIN, 6_000), new FakeSession("demo-oauth", "oauth", ORIGIN, 6_000)];
    this.log.append({ kind: "RunStarted", data: { version: "0.1.0", pid: 4711 } }, {}, [], "recovery");
  }

  session(name: string): FakeSession {
    const found = this.sessions.find((one) => one.name === name);
    if (!found) throw failure("session.unknown", { session: name });
    return found;
  }

  /** A session's file was written: it is there from now on, with the tokens that it had. */
  takeIn(name: string, make: () => FakeSession): void {
    const at = this.sessions.findIndex((one) => one.name === name);
    if (at < 0) this.sessions.push(make());
    this.log.append({ kind: "WorkspaceRead", data: { added: at < 0 ? [name] : [], changed: at < 0 ? [] : [name], removed: [] } }, {}, [], "user");
  }

  /** Goes on in another environment: every session is the one that it is there. */
  goTo(environment: string | null): void {
    this.#elsewhere.set(this.environment, [...this.sessions]);
    this.environment = environment;
    const there = this.#elsewhere.get(environment) ?? this.sessions.map((one) => new FakeSession(one.name, one.kind, one.origin, one.lifetimeMs, one.client));
    this.sessions.splice(0, this.sessions.length, ...there);
    this.log.append({ kind: "EnvironmentChosen", data: { environment } }, {}, [], "user");
    this.log.append({ kind: "WorkspaceRead", data: { added: [], changed: [], removed: [] } }, {}, [], "user");
  }

  /** A session's file was removed. */
  leave(name: string): void {
    this.sessions.splice(0, this.sessions.length, ...this.sessions.filter((one) => one.name !== name));
    this.log.append({ kind: "WorkspaceRead", data: { added: [], changed: [], removed: [name] } }, {}, [], "user");
  }

  /** The user allows what a session's file names now. */
  approve(name: string): void {
    const session = this.session(name);
    const approved = this.log.append({ kind: "BindingApproved", data: {} }, { session: name }, [], "user");
    this.log.append({ kind: "StateChanged", data: { from: session.state, to: session.token ? "active" : "signed_out" } }, { session: name }, [approved], "user");
    session.state = session.token ? "active" : "signed_out";
    session.binding = null;
  }

  send(draft: Draft): number {
    if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(draft.method)) throw failure("method.invalid", { method: draft.method });
    const url = URL.canParse(draft.url) ? new URL(draft.url) : null;
    if (!url || !/^https?:$/.test(url.protocol)) throw failure("url.invalid", { url: draft.url, detail: url ? "only http and https" : "no scheme or host" });
    for (const [name] of draft.headers) if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) throw failure("header.invalid", { header: name });
    const session = draft.session === null ? null : this.session(draft.session);
    const allowed = session?.origin === url.origin;
    if (session && !allowed && !draft.allow_without_token) throw failure("origin.blocked", { origin: url.origin, session: session.name, allowed: session.origin });
    if (session && allowed && !draft.allow_without_token && !session.token) throw failure("session.sign_in_needed", { session: session.name });
    this.drafts.push(draft);
    const request = ++this.#requests;
    const under: Under = { stopped: false, stop: () => {} };
    this.#under.set(request, under);
    const subject = { ...(session ? { session: session.name } : {}), request };
    const queued = this.log.append({ kind: "RequestQueued", data: { method: draft.method, url: draft.url, origin: url.origin } }, subject, [], "user");
    void this.#run(request, draft, url, session && allowed && session.state !== "login_required" ? session : null, queued, under, session !== null);
    return request;
  }

  stop(request: number): void {
    const under = this.#under.get(request);
    if (!under) return;
    under.stopped = true;
    under.stop();
  }

  async signIn(name: string, good: boolean): Promise<void> {
    const session = this.session(name);
    const subject = { session: name };
    let started = this.log.append({ kind: "SignInStarted", data: {} }, subject, [], "user");
    if (session.kind === "oauth" && session.client.grant === "authorization_code") started = await this.#visit(name, started);
    if (session.kind === "oauth" && session.client.grant === "device_code") started = await this.#device(name, started);
    const endpoint = `${ORIGIN}${session.kind === "json" ? "/auth/login" : "/oauth/token"}`;
    const sent = this.log.append({ kind: "ExchangeSent", data: { purpose: "sign_in", endpoint, fingerprint: null, replay: false } }, subject, [started], "user");
    await this.#wait(this.manners.delayMs);
    const replied = this.#replied(subject, sent, good ? "granted" : "refused");
    if (!good) {
      this.log.append({ kind: "SignInFailed", data: { error: "sign_in.refused" } }, subject, [replied], "user");
      throw failure("sign_in.refused", { session: name, status: "401", error: "invalid_credentials" });
    }
    session.epoch += 1;
    session.token = null;
    session.before = null;
    session.ancestors = [];
    session.revoked = false;
    session.loginCause = null;
    session.evidence = [];
    const published = this.#publish(session, subject, replied, null, null);
    const from = session.state;
    session.state = "active";
    const signedIn = this.log.append({ kind: "SignedIn", data: {} }, { ...subject, epoch: session.epoch, generation: 1 }, [published], "user");
    if (from !== "active") this.log.append({ kind: "StateChanged", data: { from, to: "active" } }, subject, [signedIn], "user");
  }

  /** Ends the visit to the browser: it came back with a code, or is not waited for any more. */
  endVisit(name: string, cameBack: boolean): boolean {
    const visit = this.#visits.get(name);
    this.#visits.delete(name);
    visit?.(cameBack);
    return visit !== undefined;
  }

  async #visit(name: string, started: EventKey): Promise<EventKey> {
    const subject = { session: name };
    const data = { endpoint: "https://id.test/authorize", redirect: "http://127.0.0.1:40999/callback", opened: this.manners.browser, limit_ms: 300_000 };
    const awaited = this.log.append({ kind: "BrowserAwaited", data }, subject, [started], "user");
    const cameBack = await new Promise<boolean>((end) => this.#visits.set(name, end));
    if (cameBack) return this.log.append({ kind: "CallbackTaken", data: { error: null, error_description: null } }, subject, [awaited], "user");
    this.log.append({ kind: "SignInFailed", data: { error: "sign_in.stopped" } }, subject, [awaited], "user");
    throw failure("sign_in.stopped", { session: name });
  }

  /** A code is shown, and somebody says yes elsewhere after a while. */
  async #device(name: string, started: EventKey): Promise<EventKey> {
    const subject = { session: name };
    const asked = this.log.append({ kind: "ServerAsked", data: { question: "device_code", endpoint: "https://id.test/device_authorization", status: 200, error: null } }, subject, [started], "user");
    const expires_at_ms = Math.floor(this.#clock.now()) + 600_000;
    this.userCode = { user_code: "WDJB-MJHT", verification_uri: "https://id.test/device", verification_uri_complete: "https://id.test/device?user_code=WDJB-MJHT", expires_at_ms };
    const shown = this.log.append({ kind: "UserCodeShown", data: { verification_uri: "https://id.test/device", expires_at_ms } }, subject, [asked], "user");
    const cancel = this.#clock.after(this.manners.saysYesMs, () => this.endVisit(name, true));
    const saidYes = await new Promise<boolean>((end) => this.#visits.set(name, end));
    cancel();
    this.userCode = null;
    if (saidYes) return shown;
    this.log.append({ kind: "SignInFailed", data: { error: "sign_in.stopped" } }, subject, [shown], "user");
    throw failure("sign_in.stopped", { session: name });
  }

  signOut(name: string): void {
    const session = this.session(name);
    const from = session.state;
    session.stopExpiry?.();
    session.epoch += 1;
    session.token = null;
    session.state = "signed_out";
    const out = this.log.append({ kind: "SignedOut", data: {} }, { session: name, epoch: session.epoch }, [], "user");
    if (from !== "signed_out") this.log.append({ kind: "StateChanged", data: { from, to: "signed_out" } }, { session: name }, [out], "user");
  }

  async refreshNow(name: string): Promise<void> {
    const session = this.session(name);
    if (!session.token) throw failure("session.sign_in_needed", { session: name });
    const { committed } = await (session.flight ?? this.#takeOff(session, "asked", null, null)).done;
    if (!committed) throw session.state === "login_required" ? failure("refresh.invalid_grant", { session: name, error: "invalid_grant" }) : failure("refresh.transient", { session: name, detail: "the server answered 503" });
  }

  /** Switches a fault of the lab on. */
  arm(name: string, fault: Fault): void {
    const session = this.session(name);
    session.faults = [...session.faults.filter((one) => one.name !== fault.name), fault];
    // The played server believes it as well: the same follows, one refusal sooner.
    if (fault.name === "expire_now" && session.token) session.token.expiresAt = this.#clock.now() - this.manners.delayMs - 1;
    this.log.append({ kind: "FaultSwitched", data: { fault, on: true } }, { session: name }, [], "user");
  }

  /** Switches a fault off. */
  disarm(name: string, which: FaultName): void {
    const session = this.session(name);
    const fault = session.faults.find((one) => one.name === which);
    if (!fault) return;
    session.faults = session.faults.filter((one) => one !== fault);
    this.log.append({ kind: "FaultSwitched", data: { fault, on: false } }, { session: name }, [], "user");
  }

  /** The event of a fault that strikes now, counted down. Null: it is not on. */
  #strike(session: FakeSession | null, which: FaultName, subject: object, cause: EventKey): EventKey | null {
    const fault = session?.faults.find((one) => one.name === which);
    if (!session || !fault) return null;
    const injected = this.log.append({ kind: "FaultInjected", data: { fault: which } }, subject, [cause], "user");
    const times = fault.times === null ? null : fault.times - 1;
    session.faults = times === 0 ? session.faults.filter((one) => one !== fault) : session.faults.map((one) => (one === fault ? { ...one, times } : one));
    if (times === 0) this.log.append({ kind: "FaultSwitched", data: { fault, on: false } }, subject, [injected], "user");
    return injected;
  }

  /** A thief uses a spent refresh token, and the server revokes the family. */
  steal(): void {
    this.session("demo").revoked = true;
  }

  async tour(): Promise<void> {
    const turn = ++this.#tour;
    const draft: Draft = { method: "GET", url: `${ORIGIN}/orders?limit=5`, headers: [], body: null, session: "demo", allow_without_token: false };
    await this.signIn("demo", true);
    await this.#wait(300);
    if (turn !== this.#tour) return;
    this.send(draft);
    const left = (this.session("demo").token?.expiresAt ?? 0) - this.#clock.now();
    await this.#wait(left + 700);
    if (turn === this.#tour) this.send(draft);
  }

  stopTour(): void {
    this.#tour += 1;
  }

  async #run(request: number, draft: Draft, url: URL, session: FakeSession | null, queued: EventKey, under: Under, chosen: boolean): Promise<void> {
    const began = this.#clock.now();
    const subject = { ...(session ? { session: session.name } : {}), request };
    let cause = queued;
    if (!session && chosen) this.log.append({ kind: "TokenWithheld", data: { reason: "origin_not_allowed" } }, subject, [queued]);
    for (let attempt = 1; ; attempt += 1) {
      const token = session?.token ?? null;
      const lease = session && token ? this.#lease(session, token, { ...subject, attempt }, cause) : cause;
      const of = { ...subject, attempt, ...(token && session ? { epoch: session.epoch, generation: token.generation } : {}) };
      const started = this.log.append({ kind: "AttemptStarted", data: { origin: url.origin, authorized: token !== null } }, of, [lease]);
      if (await this.#stoppable(under, this.manners.delayMs * (url.pathname === "/slow" ? 40 : 1))) {
        return this.#finish(request, subject, began, attempt, "stopped", null, null, [started]);
      }
      if (url.origin !== ORIGIN) return this.#finish(request, subject, began, attempt, "failed", null, "host.unreachable", [started]);
      const injected = this.#strike(session, "corrupt_access_token", of, started) ?? this.#strike(session, "refuse_always", of, started);
      const reply = injected ? refusal("Refused on purpose") : this.#reply(draft, url, session, token);
      const took_us = Math.round(this.manners.delayMs * 1_000);
      const head = this.log.append({ kind: "ResponseHead", data: { status: reply.status, challenges: reply.status === 401 ? ['Bearer error="invalid_token"'] : [], took_us } }, of, [injected ?? started]);
      const refused = reply.status === 401 && token !== null;
      const classified = this.log.append({ kind: "ResponseClassified", data: { verdict: refused ? "token_refused" : "returned", rule_id: refused ? "answer.token_refused" : reply.status === 401 ? "answer.no_token_was_sent" : "answer.not_401" } }, of, [head]);
      if (!refused || !session || !token) return this.#finish(request, subject, began, attempt, "answered", reply, null, [classified]);
      token.refused += 1;
      token.refusedBy = [url.origin];
      const next = attempt > 1 ? null : await this.#refused(session, token, request, subject, classified);
      if (!next) {
        const spent = attempt > 1 ? this.log.append({ kind: "RetryDecided", data: { retry: false, rule_id: "retry.spent" } }, subject, [classified]) : classified;
        return this.#finish(request, subject, began, attempt, "answered", reply, null, [spent]);
      }
      cause = next;
    }
  }

  #lease(session: FakeSession, token: FakeToken, subject: object, cause: EventKey): EventKey {
    token.used += 1;
    const now = this.#clock.now();
    token.lastUsed = Math.floor(now);
    const data = { fingerprint: fingerprint(session.name, token.generation), age_ms: Math.round(now - token.receivedAt), expires_in_ms: Math.round(token.expiresAt - now) };
    return this.log.append({ kind: "LeaseTaken", data }, { ...subject, epoch: session.epoch, generation: token.generation }, [cause]);
  }

  #reply(draft: Draft, url: URL, session: FakeSession | null, token: FakeToken | null): Answer {
    if (!token || !session) return refusal("No token");
    if (this.manners.refuseAlways) return refusal("The audience is wrong");
    if (session.revoked) return refusal("The session was revoked");
    // The server read the token when the request came, not when it answers.
    if (token.expiresAt < this.#clock.now() - this.manners.delayMs) return refusal("The access token expired");
    return answer(draft.method, url, typeof draft.body === "string" ? draft.body : null, token.scope);
  }

  async #refused(session: FakeSession, token: FakeToken, request: number, subject: object, classified: EventKey): Promise<EventKey | null> {
    if (session.token && session.token.generation > token.generation) {
      return this.log.append({ kind: "RetryDecided", data: { retry: true, rule_id: "lease.newer_generation" } }, subject, [classified, session.token.published]);
    }
    const joined = session.flight !== null;
    const flight = session.flight ?? this.#takeOff(session, "refused", classified, request);
    flight.waiters += 1;
    const of = { ...subject, flight: flight.number };
    if (joined) this.log.append({ kind: "WaiterJoined", data: { waiters: flight.waiters } }, of, [classified, flight.started]);
    this.log.append({ kind: "WaitingForRefresh", data: { joined } }, of, [classified, flight.started]);
    const { finished, committed } = await flight.done;
    const decided = this.log.append({ kind: "RetryDecided", data: { retry: committed, rule_id: committed ? (joined ? "flight.join" : "flight.start") : "flight.failed" } }, subject, [classified, finished]);
    return committed ? decided : null;
  }

  #takeOff(session: FakeSession, need: Need, cause: EventKey | null, because: number | null) {
    const number = ++this.#flights;
    const subject = { session: session.name, flight: number };
    const started = this.log.append({ kind: "FlightStarted", data: { need } }, { ...subject, epoch: session.epoch, generation: session.token?.generation ?? 0 }, [cause], need === "asked" ? "user" : "request");
    const from = session.state;
    session.state = "refreshing";
    this.log.append({ kind: "StateChanged", data: { from, to: "refreshing" } }, { session: session.name }, [started]);
    const flight = { number, started, waiters: 0, done: Promise.resolve({ finished: started, committed: false }) };
    flight.done = this.#fly(session, flight, subject, because);
    session.flight = flight;
    return flight;
  }

  async #fly(session: FakeSession, flight: { number: number; started: EventKey; waiters: number }, subject: { session: string; flight: number }, because: number | null) {
    const began = this.#clock.now();
    const sent = this.log.append({ kind: "ExchangeSent", data: { purpose: "refresh", endpoint: `${ORIGIN}/auth/refresh`, fingerprint: fingerprint(`${session.name}/r`, flight.number), replay: false } }, subject, [flight.started]);
    await this.#wait(this.manners.delayMs * 1.1);
    const injected = this.#strike(session, "server_error", subject, sent);
    const how = session.revoked ? "dead" : injected ? "busy" : this.manners.refresh;
    const replied = this.#replied(subject, injected ?? sent, how);
    const committed = how === "granted";
    const told = committed ? this.#publish(session, subject, replied, flight.number, because) : replied;
    session.flight = null;
    session.state = how === "dead" ? "login_required" : how === "busy" ? "cooldown" : "active";
    const own = { session: session.name };
    if (how === "dead") {
      session.loginCause = "invalid_grant";
      session.evidence = [replied, flight.started];
      this.log.append({ kind: "LoginRequired", data: { cause: "invalid_grant" } }, { ...own, epoch: session.epoch }, [replied, flight.started]);
    } else if (how === "busy") {
      session.cooldownUntil = this.#clock.now() + 4_000;
      this.log.append({ kind: "CooldownStarted", data: { until_ms: Math.floor(session.cooldownUntil), failures: 1 } }, own, [replied]);
    }
    const took_us = Math.round((this.#clock.now() - began) * 1_000);
    const finished = this.log.append({ kind: "FlightFinished", data: { class: committed ? "committed" : how === "dead" ? "ended" : "transient", waiters: flight.waiters, took_us } }, subject, [told]);
    this.log.append({ kind: "StateChanged", data: { from: "refreshing", to: session.state } }, own, [finished]);
    return { finished, committed };
  }

  #replied(subject: object, sent: EventKey, how: "granted" | "refused" | "dead" | "busy"): EventKey {
    const words = {
      granted: { status: 200, class: "granted", rule_id: "reply.granted", error: null, error_description: null },
      refused: { status: 401, class: "unexplained", rule_id: "reply.unexplained", error: "invalid_credentials", error_description: null },
      dead: { status: 401, class: "definitive", rule_id: "reply.dead", error: "invalid_grant", error_description: "This refresh token was used before; the session was revoked" },
      busy: { status: 503, class: "busy", rule_id: "reply.busy", error: null, error_description: null },
    } as const;
    return this.log.append({ kind: "ExchangeReplied", data: { ...words[how], retry_after_ms: null, took_us: Math.round(this.manners.delayMs * 1_000) } }, subject, [sent]);
  }

  #publish(session: FakeSession, subject: object, replied: EventKey, flight: number | null, because: number | null): EventKey {
    const now = this.#clock.now();
    const parsed = this.log.append({ kind: "ReplyParsed", data: { lifetime_ms: session.lifetimeMs, expiry_source: "reply", rotated: true, warnings: [] } }, subject, [replied]);
    const generation = (session.token?.generation ?? 0) + 1;
    const of = { ...subject, epoch: session.epoch, generation };
    const open = this.kept === "memory" || this.manners.keychain === "open";
    session.kept = this.kept;
    session.persistPending = !open;
    const persisted = open
      ? this.log.append({ kind: "Persisted", data: { kept: this.kept, took_us: 6_800 } }, of, [parsed])
      : this.log.append({ kind: "PersistFailed", data: { error: "store.locked" } }, of, [parsed]);
    const expiresAt = now + session.lifetimeMs;
    const published = this.log.append({ kind: "Published", data: { fingerprint: fingerprint(session.name, generation), expires_at_ms: Math.floor(expiresAt), lifetime_ms: session.lifetimeMs } }, of, [persisted]);
    const minted = session.mint(now);
    session.succeed({ generation, receivedAt: now, expiresAt, ...minted, published, flight, because, used: 0, refused: 0, lastUsed: null, refusedBy: [] });
    session.stopExpiry?.();
    session.stopExpiry = this.#clock.after(session.lifetimeMs, () => {
      this.log.append({ kind: "TokenExpired", data: {} }, { session: session.name, epoch: session.epoch, generation }, [published], "timer");
    });
    return published;
  }

  #finish(request: number, subject: object, began: number, attempts: number, outcome: "answered" | "failed" | "stopped", reply: Answer | null, error: Code | null, causes: EventKey[]): void {
    const took_us = Math.round((this.#clock.now() - began) * 1_000);
    this.#under.delete(request);
    if (reply) {
      this.responses.set(request, { request, attempts, status: reply.status, version: "HTTP/1.1", headers: reply.headers, took_us, media_type: "application/json", body_bytes: reply.text.length, text: reply.text, cut: false, not_repeated: null });
    }
    this.log.append({ kind: "RequestFinished", data: { outcome, status: reply?.status ?? null, attempts, took_us, body_bytes: reply?.text.length ?? 0, error } }, subject, causes);
  }

  #wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.#clock.after(ms, resolve));
  }

  /** Waits, unless it is stopped; answers whether it was. */
  #stoppable(under: Under, ms: number): Promise<boolean> {
    if (under.stopped) return Promise.resolve(true);
    return new Promise((resolve) => {
      const cancel = this.#clock.after(ms, () => resolve(false));
      under.stop = () => {
        cancel();
        resolve(true);
      };
    });
  }
}

/** A refusal as a command rejects with it. */
export function failure(code: Code, params: Record<string, string> = {}): Failure {
  return { code, params };
}
