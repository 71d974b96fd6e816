// What a server is known for, in words.
import type { ExpirySource } from "../wire/ExpirySource";
import type { Refusal } from "../wire/Refusal";
import type { Replay } from "../wire/Replay";
import type { ReplyClass } from "../wire/ReplyClass";
import type { TokenRotation } from "../wire/TokenRotation";

const ROTATIONS: Record<TokenRotation, string> = {
  rotates: "A new one comes with each refresh.",
  keeps: "Stays the same over refreshes.",
  sometimes: "Now a new one comes, now none.",
};

/** Where the length of a life was read. */
export const SOURCES: Record<ExpirySource, string> = { reply: "as its replies say", jwt_exp: "as the token itself says", unknown: "when it says so at all" };

const REFUSALS: Record<ReplyClass, string> = {
  granted: "It gave tokens.",
  not_sent: "It was not reached.",
  busy: "It was busy, and the session was left alone.",
  ambiguous: "No answer came.",
  definitive: "This ended the session.",
  config: "Taken for a mistake in how the client is set up.",
  nonce_needed: "It wanted a nonce.",
  interaction: "It wanted the user in person.",
  pending: "It waited for the user.",
  slow_down: "It was asked too often.",
  suspect: "Not OAuth's own words: believed when it is said twice.",
  unexplained: "No reason was given, so nothing was given up.",
  protocol: "It made no sense, so nothing was given up.",
};

/** What is said of an exchange whose answer is lost. */
export const REPLAYS: Record<Replay, string> = {
  once: "A lost answer is asked for once more, at once.",
  never: "Nothing is sent twice. After a lost answer the refresh token waits until nothing else is left.",
};

export function rotation(what: TokenRotation): string {
  return ROTATIONS[what];
}

export function outlives(kept: boolean): string {
  return kept ? "The access token went on working after a spent refresh token was refused." : "The access token was ended, too, when a spent refresh token came.";
}

export function recovers(recovered: boolean): string {
  return recovered ? "Asked once more after a lost answer, it gave tokens." : "Asked once more after a lost answer, it refused.";
}

export function refusal({ class: taken }: Refusal): string {
  return REFUSALS[taken];
}
