// What the chronicle keeps of the timeline: sends with their attempts, flights, sign-ins, generations, and rows of the story.
import type { Code } from "../wire/Code";
import type { ExpirySource } from "../wire/ExpirySource";
import type { FlightClass } from "../wire/FlightClass";
import type { Need } from "../wire/Need";
import type { Outcome } from "../wire/Outcome";
import type { ReplyClass } from "../wire/ReplyClass";
import type { Verdict } from "../wire/Verdict";
import type { Withheld } from "../wire/Withheld";
import type { Moment, MomentOf } from "./moment";

/** One try of a send on the wire. */
export interface Attempt {
  number: number;
  started: Moment;
  /** The token it carried: absent where none went with it. */
  lease: { session: string; epoch: number; generation: number; expiresInMs: number | null; ageMs: number } | null;
  head: Moment | null;
  status: number | null;
  tookUs: number | null;
  verdict: Verdict | null;
  rule: string | null;
  classified: Moment | null;
}

/** A send that waited for a refresh. */
export interface Wait {
  flight: string | null;
  joined: boolean;
  from: Moment;
  to: Moment | null;
}

/** One press of Send. */
export interface Send {
  id: string;
  run: number;
  number: number;
  method: string;
  url: string;
  origin: string;
  session: string | null;
  queued: Moment;
  attempts: Attempt[];
  waits: Wait[];
  withheld: Withheld | null;
  retry: { retry: boolean; rule: string; at: Moment } | null;
  finished: Moment | null;
  /** `unknown`: another run began before its end was written. */
  outcome: Outcome | "unknown" | null;
  status: number | null;
  tookUs: number | null;
  bodyBytes: number;
  error: Code | null;
}

/** One call of a token endpoint, as the timeline tells it. */
export interface Exchange {
  sent: Moment;
  endpoint: string;
  replay: boolean;
  replied: Moment | null;
  status: number | null;
  class: ReplyClass | null;
  rule: string | null;
  error: string | null;
  description: string | null;
  retryAfterMs: number | null;
  tookUs: number | null;
}

/** One refresh on behalf of all who wait for it. */
export interface Flight {
  id: string;
  run: number;
  number: number;
  session: string;
  need: Need;
  started: Moment;
  /** The send whose refusal asked for it. */
  leader: string | null;
  joiners: string[];
  exchanges: Exchange[];
  published: Moment | null;
  generation: number | null;
  persistFailed: Code | null;
  finished: Moment | null;
  class: FlightClass | null;
  waiters: number;
  tookUs: number | null;
  /** It ended the session. */
  ended: Moment | null;
}

/** Whether a flight brought new tokens: from the server, or from another process that had been there first. */
export function brought(flight: Flight): boolean {
  return flight.class === "committed" || flight.class === "adopted";
}

/** One sign-in. */
export interface SignIn {
  id: string;
  session: string;
  started: Moment;
  exchange: Exchange | null;
  generation: number | null;
  published: Moment | null;
  finished: Moment | null;
  error: Code | null;
}

/** One step of a session's family: a token, from its first use to its end. */
export interface Generation {
  id: string;
  session: string;
  epoch: number;
  number: number;
  from: Moment;
  source: "sign-in" | "refresh" | "restored";
  flight: string | null;
  expiresAt: number | null;
  lifetimeMs: number | null;
  expirySource: ExpirySource | null;
  expired: Moment | null;
  /** Where the next generation, a sign-out or the server ended it. */
  until: Moment | null;
}

/** What a row of the story is about. */
export type GroupKind = "request" | "refresh" | "sign-in" | "expiry" | "session" | "store" | "run";

/** Events that one cause set in motion. */
export interface Group {
  id: string;
  kind: GroupKind;
  first: Moment;
  moments: Moment[];
  send: Send | null;
  flight: Flight | null;
  signIn: SignIn | null;
}

/** A call of a token endpoint that has just been sent. */
export function exchangeOf(moment: MomentOf<"ExchangeSent">): Exchange {
  return {
    sent: moment, endpoint: moment.data.endpoint, replay: moment.data.replay, replied: null, status: null, class: null, rule: null,
    error: null, description: null, retryAfterMs: null, tookUs: null,
  };
}

/** Notes the answer to a call. */
export function reply(exchange: Exchange | undefined, moment: MomentOf<"ExchangeReplied">): void {
  if (!exchange) return;
  Object.assign(exchange, {
    replied: moment, status: moment.data.status, class: moment.data.class, rule: moment.data.rule_id, error: moment.data.error,
    description: moment.data.error_description, retryAfterMs: moment.data.retry_after_ms, tookUs: moment.data.took_us,
  });
}
