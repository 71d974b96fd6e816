// Every kind of event in words: one short sentence for its row, and its values for the inspector.
import { originOf } from "../lib/address";
import { bytes, clock, count, span, took } from "../lib/duration";
import type { Moment } from "../lib/moment";
import type { HandedOut } from "../wire/HandedOut";
import { errorTitle } from "./failures";
import { FAULTS, WIDENINGS } from "./faults";
import { CONCLUSIONS } from "./opinions";
import { ruleInWords } from "./rules";
import { CALLS_REFUSED, FLIGHT_CLASSES, KEPT, LOGIN_CAUSES, NEEDS, QUESTIONS, REPLY_CLASSES, SET_ASIDE, STATES, VERDICTS } from "./states";

/** How a token was handed out. */
const HANDED_OUT: Record<HandedOut, string> = { copied: "copied", revealed: "shown outside the window", printed: "given to another tool" };

/** What happened, in one sentence without a full stop. */
export function eventInWords(event: Moment): string {
  const g = event.generation === undefined ? "the token" : `G${event.generation}`;
  const r = event.request === undefined ? "the request" : `R${event.request}`;
  const f = event.flight === undefined ? "the refresh" : `F${event.flight}`;
  const s = event.session ?? "the session";
  switch (event.kind) {
    case "RunStarted":
      return `Sandglass ${event.data.version} started`;
    case "RequestQueued":
      return `${r} was accepted: ${event.data.method} ${event.data.url}`;
    case "LeaseTaken": {
      const left = event.data.expires_in_ms;
      const life = left === null ? "" : left < 0 ? `, expired ${span(left)} before` : `, ${span(left)} left`;
      return `${r} took ${g}${life}`;
    }
    case "TokenWithheld":
      return `${r} goes without a token`;
    case "AttemptStarted":
      if (event.hop !== undefined) return `${r} went on to ${event.data.origin}${event.data.authorized ? ` with ${g}` : ""}`;
      return `${r} was sent${(event.attempt ?? 1) > 1 ? ` again, attempt ${event.attempt}` : ""}${event.data.authorized ? ` with ${g}` : ""}`;
    case "BodySent":
      return `${bytes(event.data.bytes)} of the body of ${r} ${event.data.whole ? "were sent, which is all" : "were sent, which is not all"}`;
    case "AttemptFailed":
      return `${r} got no answer`;
    case "NotReplayable":
      return `The body of ${r} cannot be sent once more`;
    case "ResponseHead":
      return `${r} was answered ${event.data.status} after ${took(event.data.took_us)}`;
    case "ResponseClassified":
      return `The answer to ${r} ${VERDICTS[event.data.verdict]}`;
    case "Redirected":
      return `${r} is redirected to ${event.data.to}`;
    case "StepUpNeeded":
      return `${s} needs a further sign-in${event.data.scopes.length ? ` for ${event.data.scopes.join(" ")}` : ""}`;
    case "LoginPageDetected":
      return `${r} was answered with a web page, not with data`;
    case "WaitingForRefresh":
      return event.data.joined ? `${r} waits for ${f}, which was under way` : `${r} waits for ${f}`;
    case "SecondOpinionAsked":
      return `Another client asks the same as ${r}, ${event.data.authorized ? "with its token" : "without a token"}`;
    case "SecondOpinionGiven":
      return event.data.status === null ? `Second opinion on ${r}: no answer` : `Second opinion on ${r}: ${event.data.status} after ${took(event.data.took_us)}`;
    case "RevocationAnswered":
      if (event.data.revoked) return `The ${event.data.token} token of ${s} was given back`;
      return `The server did not take back the ${event.data.token} token of ${s}${event.data.again_in_ms === null ? "; it may live until it expires" : `; it is asked again in ${span(event.data.again_in_ms)}`}`;
    case "RevocationGivenUp":
      return `The ${event.data.token} token of ${s} is not given back any more; it may live until it expires`;
    case "IdTokenChecked":
      return event.data.valid ? `The ID token of ${s} is good` : `The ID token of ${s} is not to be believed`;
    case "RetryDecided":
      return event.data.retry ? `${r} is sent once more` : `${r} is not repeated`;
    case "StreamOpened":
      return `The stream of ${r} is open${event.data.connection > 1 ? ` again, connection ${event.data.connection}` : ""}`;
    case "StreamInterrupted":
      return `A connection of ${r} ended after ${count(event.data.events, "event")}`;
    case "ReconnectDecided":
      return event.data.reconnect ? `${r} connects again${event.data.wait_ms === null ? "" : ` in ${span(event.data.wait_ms)}`}` : `${r} does not connect again`;
    case "RequestFinished":
      return finished(r, event.data);
    case "FlightStarted":
      return `${f} began ${NEEDS[event.data.need]}`;
    case "WaiterJoined":
      return `${count(event.data.waiters, "request")} ${event.data.waiters === 1 ? "waits" : "wait"} for ${f}`;
    case "ExchangeSent":
      return event.data.purpose === "sign_in" ? "The sign-in went to the server" : `${f} called the token endpoint`;
    case "ExchangeReplied":
      return `The token endpoint ${event.data.status === null ? "gave no answer" : `answered ${event.data.status}`}: ${REPLY_CLASSES[event.data.class]}`;
    case "ReplyParsed":
      return `The reply was read${event.data.rotated ? ", with a new refresh token" : "; the refresh token stays"}`;
    case "Persisted":
      return `${g} is kept in ${KEPT[event.data.kept]}`;
    case "PersistFailed":
      return `The keychain did not take ${g}`;
    case "Published":
      return `Requests carry ${g} from here${event.data.lifetime_ms === null ? "" : `; it lives ${span(event.data.lifetime_ms)}`}`;
    case "Superseded":
      return `What ${f} brought no longer belongs to ${s}`;
    case "FlightFinished":
      return `${f} ended after ${took(event.data.took_us)}: ${FLIGHT_CLASSES[event.data.class]}`;
    case "SignInStarted":
      return `Sign-in to ${s} began`;
    case "AuthorizationPushed":
      return `What is asked for was put at the server first, which ${event.data.status === null ? "gave no answer" : `answered ${event.data.status}`}`;
    case "ServerAsked":
      return `The server was asked for ${QUESTIONS[event.data.question]}, ${event.data.status === null ? "and gave no answer" : `and answered ${event.data.status}`}`;
    case "EndSessionAwaited":
      return `The browser ${event.data.opened ? "was opened" : "could not be opened here"}, to sign out of the server itself`;
    case "UserCodeShown":
      return `Waiting for the code to be typed at ${event.data.verification_uri}`;
    case "BrowserAwaited":
      return `Waiting for the browser, which ${event.data.opened ? "was opened" : "could not be opened here"}`;
    case "CallbackRefused":
      return `A call was not the answer that is waited for: ${CALLS_REFUSED[event.data.reason]}`;
    case "CallbackTaken":
      return event.data.error === null ? "The browser came back with a code" : `The browser came back: the server said ${event.data.error}`;
    case "CookiesRenewed":
      return `The API renewed the cookies of ${s}`;
    case "SignedIn":
      return `Signed in to ${s}`;
    case "SignInFailed":
      return `Sign-in to ${s} failed`;
    case "SignedOut":
      return `Signed out of ${s}`;
    case "StateChanged":
      return `${s}: ${STATES[event.data.from].toLowerCase()} → ${STATES[event.data.to].toLowerCase()}`;
    case "TokenExpired":
      return `${g} of ${s} expired`;
    case "CooldownStarted":
      return `No refresh before ${clock(event.data.until_ms)}, after ${count(event.data.failures, "failure")}`;
    case "LoginRequired":
      return `${s} needs a new sign-in`;
    case "SessionRestored":
      return `${s} was found in ${KEPT[event.data.kept]}`;
    case "RecordSetAside":
      return `A record of ${s} was left alone and not used`;
    case "StoreSlow":
      return "The keychain takes long to answer";
    case "StoreUnavailable":
      return "The keychain cannot be used";
    case "StoreChosen":
      return `Tokens are kept in ${KEPT[event.data.kept]} from now on`;
    case "EnvironmentChosen":
      return event.data.environment === null ? "No environment from here; the workspace's own variables count" : `The environment is ${event.data.environment} from here`;
    case "WorkspaceRead":
      return "The workspace's files were read again";
    case "LockAcquired":
      return event.data.contended ? "Another process refreshed first; this one waited for it" : "This refresh has the session to itself";
    case "LockWeak":
      return "Other processes cannot be kept out here";
    case "LockLost":
      return "Somebody removed the file of this session's lock; it is locked anew";
    case "StoreReloaded":
      return "The vault was read again before anything was sent";
    case "AdoptedFromPeer":
      return "Another process had refreshed; its token is used, and nothing was sent";
    case "IntentLogged":
      return "What is about to be sent is written down";
    case "JournalFailed":
      return "What is about to be sent could not be written down";
    case "RefreshTokenKept":
      return "The reply held no access token; its new refresh token is kept";
    case "ReplayWithheld":
      return "The refresh is not sent again: its server takes a token that comes twice for stolen";
    case "HabitFollowed":
      return event.data.earlier_ms === undefined ? "The refresh token is spared: it may be spent" : `The refresh begins ${span(event.data.earlier_ms)} earlier than it otherwise would`;
    case "RotationRecovered":
      return "The tokens of a lost answer were recovered";
    case "TokenUnchanged":
      return "The refresh brought the very same token";
    case "ScopeChanged":
      return "The new token has another scope";
    case "AccountMismatch":
      return "The tokens that came belong to another account";
    case "StoreWentBack":
      return `The vault holds G${event.data.found}, and G${event.data.expected} was stored`;
    case "OriginQuarantined":
      return `${event.data.origin} refuses fresh tokens; it starts no refresh for now`;
    case "DegradedUntil":
      return "The server ended the session; its access token works until it expires";
    case "NeedsAttention":
      return "The token endpoint has refused without a reason for a long time";
    case "BindingQuestioned":
      return "The session's file names other addresses than were approved";
    case "BindingApproved":
      return "The new addresses were approved";
    case "ClockJump":
      return `The local clock jumped by ${event.data.delta_ms} ms`;
    case "ClockSkewed":
      return `The server's clock differs from this one by ${event.data.skew_ms} ms`;
    case "FaultSwitched":
      return `${FAULTS[event.data.fault.name].title} is ${event.data.on ? "on" : "off"} for ${s}`;
    case "FaultInjected":
      return `On purpose: ${FAULTS[event.data.fault].struck}`;
    case "TrustAsked":
      return `You were asked outside the window: ${event.data.granted ? "yes" : "no"}`;
    case "TokenWanted":
      return event.data.allowed ? `Another tool asks for the token of ${s}` : `Another tool asks for the token of ${s}, and may not have it`;
    case "TokenHandedOut":
      return `The ${event.data.which} token of ${s} was ${HANDED_OUT[event.data.how]}`;
    case "Gap":
      return `Events ${event.data.from} to ${event.data.to} are no longer known`;
  }
}

/** Why, or what more there is to it; empty where the sentence says it all. */
export function eventReason(event: Moment): string {
  switch (event.kind) {
    case "ResponseClassified":
    case "RetryDecided":
    case "ReconnectDecided":
    case "ExchangeReplied":
    case "ReplayWithheld":
    case "HabitFollowed":
    case "IdTokenChecked":
      return ruleInWords(event.data.rule_id);
    case "TokenWithheld":
      return {
        origin_not_allowed: "This server is not on the session's list.",
        own_authorization: "An Authorization header was typed by hand.",
        no_session: "No session was chosen.",
      }[event.data.reason];
    case "AttemptFailed":
      return `${errorTitle(event.data.error)}. ${ruleInWords(event.data.rule_id)}`;
    case "StreamInterrupted":
      return event.data.error === null ? "The server ended it." : `${errorTitle(event.data.error)}.`;
    case "NotReplayable":
      return {
        one_shot: "It could be read only once.",
        file_changed: "A file of it changed meanwhile.",
        file_unreadable: "A file of it cannot be read any more.",
      }[event.data.reason];
    case "Redirected":
      return event.data.stripped.length ? `Without ${event.data.stripped.join(", ")}.` : "";
    case "PersistFailed":
    case "StoreUnavailable":
    case "SignInFailed":
      return `${errorTitle(event.data.error)}.`;
    case "FaultSwitched":
      return event.data.on ? FAULTS[event.data.fault.name].does : "";
    case "SecondOpinionAsked":
      return "Off the engine: no refresh, no retry, no redirect, a connection of its own.";
    case "SecondOpinionGiven":
      return `${CONCLUSIONS[event.data.conclusion].title}.`;
    case "TokenWanted":
      return event.data.allowed ? "You have allowed that for this session." : "You have not allowed that for this session, or not for the addresses that its file names now.";
    case "TrustAsked":
      return WIDENINGS[event.data.widening];
    case "LockWeak":
    case "JournalFailed":
      return `${event.data.detail}.`;
    case "StoreReloaded":
      return ruleInWords(event.data.rule_id);
    case "ScopeChanged":
      return [
        event.data.lost.length > 0 ? `Lost: ${event.data.lost.join(", ")}.` : "",
        event.data.gained.length > 0 ? `Gained: ${event.data.gained.join(", ")}.` : "",
      ].join(" ").trim();
    case "LoginRequired":
      return `Because ${LOGIN_CAUSES[event.data.cause]}. Nothing was deleted.`;
    case "RecordSetAside":
      return SET_ASIDE[event.data.reason];
    case "TokenExpired":
      return "By the local clock. The API was not told; it finds out at the next request.";
    default:
      return "";
  }
}

/** The values of an event as name and text, for the inspector. */
export function eventValues(event: Moment): [string, string][] {
  const values: [string, string][] = [];
  for (const [name, value] of Object.entries(event.data as Record<string, unknown>)) {
    if (value === null || value === undefined || (Array.isArray(value) && value.length === 0)) continue;
    values.push(said(name, value));
  }
  return values;
}

function said(name: string, value: unknown): [string, string] {
  if (name.endsWith("_us") && typeof value === "number") return [label(name.slice(0, -3)), took(value)];
  if (name.endsWith("_at_ms") && typeof value === "number") return [label(name.slice(0, -3)), clock(value)];
  if (name === "until_ms" && typeof value === "number") return ["until", clock(value)];
  if (name === "expires_in_ms" && typeof value === "number") return value < 0 ? ["expired", `${span(value)} before`] : ["expires in", span(value)];
  if (name.endsWith("_ms") && typeof value === "number") return [label(name.slice(0, -3)), span(value)];
  if (name === "body_bytes" && typeof value === "number") return ["body", bytes(value)];
  if (name === "rule_id") return ["rule", String(value)];
  if (typeof value === "boolean") return [label(name), value ? "yes" : "no"];
  if (Array.isArray(value)) return [label(name), value.join(", ")];
  return [label(name), String(value)];
}

function label(name: string): string {
  return name.replaceAll("_", " ");
}

function finished(r: string, data: { outcome: string; status: number | null; error: Parameters<typeof errorTitle>[0]; took_us: number }): string {
  if (data.outcome === "stopped") return `${r} was stopped`;
  if (data.outcome === "failed") return `${r} failed: ${errorTitle(data.error).toLowerCase()}`;
  return `${r} ended with ${data.status ?? "an answer"} after ${took(data.took_us)}`;
}

/** Where an event points outside, if it does. */
export function eventOrigin(event: Moment): string | null {
  if (event.kind === "RequestQueued" || event.kind === "AttemptStarted") return event.data.origin;
  if (event.kind === "ExchangeSent") return originOf(event.data.endpoint);
  return null;
}

/** Who set an event in motion. */
export const ACTORS: Record<Moment["actor"], string> = {
  user: "you",
  request: "a request",
  timer: "time",
  recovery: "the start of this run",
};
