// The states of a session and of the keychain, in words.
import type { CallRefused } from "../wire/CallRefused";
import type { FlightClass } from "../wire/FlightClass";
import type { KeychainView } from "../wire/KeychainView";
import type { Kept } from "../wire/Kept";
import type { LoginCause } from "../wire/LoginCause";
import type { Need } from "../wire/Need";
import type { Question } from "../wire/Question";
import type { ReplyClass } from "../wire/ReplyClass";
import type { SetAside } from "../wire/SetAside";
import type { StateName } from "../wire/StateName";
import type { Verdict } from "../wire/Verdict";

export const STATES: Record<StateName, string> = {
  signed_out: "Signed out",
  active: "Signed in",
  refreshing: "Refreshing",
  cooldown: "Refresh is not getting through",
  config_error: "The server refuses the set-up",
  store_unavailable: "The keychain does not answer",
  indeterminate: "The last refresh has no known outcome",
  degraded: "Ends with this token",
  binding_changed: "Its file names other addresses",
  login_required: "Sign in again",
};

export const KEPT: Record<Kept, string> = {
  keychain: "the system keychain",
  memory: "memory only, until this window closes",
};

export const CALLS_REFUSED: Record<CallRefused, string> = {
  method: "it is no GET",
  host: "it is for another host",
  path: "it is for another path",
  state: "it does not belong to this sign-in",
  too_long: "it is longer than any answer",
  malformed: "it cannot be read",
};

export const NEEDS: Record<Need, string> = {
  refused: "because the API refused the token",
  expiry: "because the token was about to expire",
  asked: "because you asked",
  absent: "because there was no access token yet",
  recovery: "because the last one was cut short",
};

export const QUESTIONS: Record<Question, string> = {
  device_code: "a code to type on another device",
  introspection: "what a token is worth",
  userinfo: "who the user is",
  resource_metadata: "which servers give tokens for the API",
};

export const LOGIN_CAUSES: Record<LoginCause, string> = {
  invalid_grant: "the server says that its refresh token is no longer valid",
  response_lost: "the answer to a refresh was lost, and the server would not repeat it",
  interaction: "the server wants you in person",
  key_lost: "the key that its tokens are bound to is not in the keychain any more",
  no_refresh_token: "the token was refused, and there is no refresh token",
  reuse: "the server saw its refresh token used twice",
  peer_signed_out: "another Sandglass signed it out",
  successor_lost: "its new tokens were lost with the process that had them",
  server_dialect: "the server refused its refresh token twice, in words of its own",
  account_mismatch: "the tokens belong to another account",
};

export const REPLY_CLASSES: Record<ReplyClass, string> = {
  granted: "new tokens",
  not_sent: "the call never left this machine",
  busy: "the server was busy",
  ambiguous: "no usable answer",
  nonce_needed: "a nonce is wanted first",
  definitive: "the refresh token is dead",
  config: "the client was refused",
  interaction: "the server wants you in person",
  pending: "you have not said yes yet on the other device",
  slow_down: "asked too often; the next calls wait longer",
  suspect: "refused in unusual words; asked once more later",
  unexplained: "refused without a reason",
  protocol: "not a token endpoint's answer",
};

export const FLIGHT_CLASSES: Record<FlightClass, string> = {
  committed: "new tokens",
  adopted: "new tokens from another process",
  transient: "did not get through; the session is untouched",
  ended: "the server ended the session",
  misconfigured: "the server refuses the session's set-up",
  superseded: "no longer needed: the session changed hands",
  aborted: "cut short inside Sandglass",
};

export const SET_ASIDE: Record<SetAside, string> = {
  binding_changed: "It was approved for other addresses than the session's file now names.",
  another_key: "Its tokens were asked for by another client, or for other scopes or another API, than the session's file now names.",
  corrupt: "It cannot be read.",
};

/** The keychain in the status line. */
export function keychainInWords(keychain: KeychainView): string {
  if (keychain.kept === "memory") return "Tokens in memory only";
  return {
    open: "Keychain open",
    locked: "Keychain locked",
    absent: "No keychain",
    slow: "Waiting for the keychain",
    failed: "Keychain failed",
    unknown: "Keychain not asked yet",
  }[keychain.state];
}

/** What an answer means, after "The answer to R1 …". */
export const VERDICTS: Record<Verdict, string> = {
  returned: "is returned",
  token_refused: "refuses its token",
  redirected: "leads elsewhere",
  nonce_needed: "asks for a nonce",
  step_up_needed: "says that its token is not good enough",
  login_page: "is a page for people",
};
