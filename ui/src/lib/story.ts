// The story: one row for each group of events that one cause set in motion, told in words.
import { errorTitle } from "../words/failures";
import { KEPT, LOGIN_CAUSES, NEEDS } from "../words/states";
import { eventInWords, eventReason } from "../words/events";
import { type Attempt, type Chronicle, type Flight, type Group, type GroupKind, type Send, brought } from "./chronicle";
import { nickname } from "./address";
import { count, span, took } from "./duration";
import type { Moment } from "./moment";
import { flightOf, refusal } from "./refusal";

/** Who did what this window did not. */
export const ELSEWHERE = "another process";

/** How a step of a row looks. The words say the same. */
export type Tone = "ok" | "error" | "warn" | "refresh" | "plain" | "pending";

/** One step of a row: an attempt, a refresh, a token. */
export interface Step {
  tone: Tone;
  strong: string;
  rest: string;
  /** What the step is about, where that differs from its row. */
  kind: "attempt" | "refresh" | "token" | "note";
  moment: Moment;
}

/** One row. */
export interface Row {
  id: string;
  kind: GroupKind;
  /** Another process did this while this one ran: its run. */
  beside: number | null;
  tone: Tone;
  at: number;
  seq: number;
  /** `R12`: what the row is called, if it has a name. */
  name: string;
  title: string;
  sentence: string;
  steps: Step[];
  moments: Moment[];
}

/** The row of one group. */
export function tell(group: Group, chronicle: Chronicle): Row {
  const { run } = group.first;
  const base = { id: group.id, kind: group.kind, beside: chronicle.beside.has(run) ? run : null, at: group.first.at, seq: group.first.seq, moments: group.moments, name: "", steps: [] as Step[] };
  if (group.send) return { ...base, ...request(group.send, chronicle) };
  if (group.flight) return { ...base, ...refresh(group.flight) };
  const first = group.first;
  const session = first.session ?? "the session";
  switch (first.kind) {
    case "SignInStarted": {
      const signIn = group.signIn;
      if (signIn?.error) {
        const answer = signIn.exchange?.status ? `The server answered ${signIn.exchange.status}.` : "";
        return { ...base, tone: "error", title: `Sign-in to ${session} failed`, sentence: `${errorTitle(signIn.error)}. ${answer}`.trim() };
      }
      if (signIn?.finished && !signIn.published) return { ...base, tone: "plain", title: `Sign-in to ${session}`, sentence: "How it ended is not in this timeline." };
      if (!signIn?.published) return { ...base, tone: "pending", title: `Signing in to ${session}`, sentence: "" };
      const life = signIn.published.kind === "Published" ? signIn.published.data.lifetime_ms : null;
      const steps: Step[] = [
        { kind: "token", tone: "ok", strong: `G${signIn.generation}`, rest: life === null ? "" : `lives ${span(life)}`, moment: signIn.published },
      ];
      return { ...base, tone: "ok", title: `Signed in to ${session}`, sentence: "The first token of a new family.", steps };
    }
    case "TokenExpired":
      return { ...base, tone: "warn", title: `G${first.generation ?? ""} of ${session} expired`, sentence: "By the local clock. Nothing told the API." };
    case "LoginRequired":
      return { ...base, tone: "error", title: `${session} needs a new sign-in`, sentence: `Because ${LOGIN_CAUSES[first.data.cause]}. Nothing was deleted.` };
    case "SessionRestored":
      return { ...base, tone: "ok", title: `${session} is still signed in`, sentence: `Found in ${KEPT[first.data.kept]}.` };
    case "SignedOut":
      return { ...base, tone: "plain", title: `Signed out of ${session}`, sentence: "Its tokens were forgotten, because you asked." };
    case "StoreUnavailable":
    case "StoreSlow":
    case "RecordSetAside":
      return { ...base, tone: "warn", title: eventInWords(first), sentence: eventReason(first) };
    default:
      return { ...base, tone: "plain", title: eventInWords(first), sentence: eventReason(first) };
  }
}

/** A row as one line of text: for screen readers, and for reading a test. */
export function rowInWords(row: Row): string {
  const steps = row.steps.map((step) => [step.strong, step.rest].filter(Boolean).join(" ")).join(", ");
  const who = row.beside === null ? "" : ELSEWHERE;
  return [who, row.name, row.title, row.sentence, steps].filter(Boolean).join(" · ");
}

function request(send: Send, chronicle: Chronicle): Pick<Row, "tone" | "name" | "title" | "sentence" | "steps"> {
  const steps: Step[] = [];
  const flight = flightOf(send, chronicle);
  // The refresh stands where the request waited for it: before its first attempt, or between two.
  const refreshAt = send.waits.at(-1)?.from.at ?? Number.POSITIVE_INFINITY;
  for (const attempt of send.attempts) {
    if (flight && attempt.started.at > refreshAt && !steps.some((step) => step.kind === "refresh")) steps.push(refreshStep(send, flight));
    steps.push(attemptStep(attempt, send));
  }
  if (flight && !steps.some((step) => step.kind === "refresh")) steps.push(refreshStep(send, flight));
  const first = send.attempts[0];
  return {
    name: `R${send.number}`,
    title: `${send.method} ${nickname(send.url)}`,
    sentence: sentence(send, flight, first),
    tone: toneOf(send),
    steps,
  };
}

function sentence(send: Send, flight: Flight | undefined, first: Attempt | undefined): string {
  if (send.outcome === "failed") return `${errorTitle(send.error)}.`;
  if (send.outcome === "stopped") return "You stopped it.";
  if (send.outcome === "unknown") return "How it ended is not in this timeline.";
  if (!send.finished) {
    const wait = send.waits.at(-1);
    if (wait && !wait.to && flight) return `Waits for F${flight.number}.`;
    return send.attempts.length > 1 ? "Sent once more." : first ? "Waits for an answer." : "Waits for its turn.";
  }
  if (first?.verdict === "token_refused") return refusal(first);
  if (send.withheld) return "Sent without a token.";
  return send.tookUs === null ? "" : `Answered in ${took(send.tookUs)}.`;
}

function attemptStep(attempt: Attempt, send: Send): Step {
  const carried = attempt.lease ? `with G${attempt.lease.generation}` : "without a token";
  const moment = attempt.head ?? attempt.started;
  if (attempt.status !== null) {
    const tone = attempt.verdict === "token_refused" || attempt.status >= 400 ? "error" : "ok";
    return { kind: "attempt", tone, strong: String(attempt.status), rest: carried, moment };
  }
  if (send.outcome === "failed") return { kind: "attempt", tone: "error", strong: "failed", rest: "", moment };
  if (send.finished) return { kind: "attempt", tone: "plain", strong: send.outcome === "stopped" ? "stopped" : "unknown", rest: "", moment };
  return { kind: "attempt", tone: "pending", strong: "sent", rest: carried, moment };
}

function refreshStep(send: Send, flight: Flight): Step {
  const joined = send.waits.some((wait) => wait.joined) ? "joined, " : "";
  if (!flight.finished) return { kind: "refresh", tone: "pending", strong: `F${flight.number}`, rest: `${joined}refreshing`, moment: flight.started };
  // Its process ended first; what the server did with it is not known.
  if (flight.finished.run !== flight.run) return { kind: "refresh", tone: "plain", strong: `F${flight.number}`, rest: `${joined}cut short`, moment: flight.started };
  const time = took(flight.tookUs ?? 0);
  if (flight.class === "adopted") return { kind: "refresh", tone: "refresh", strong: `F${flight.number}`, rest: `${joined}took G${flight.generation} from ${ELSEWHERE}`, moment: flight.published ?? flight.finished };
  if (brought(flight)) return { kind: "refresh", tone: "refresh", strong: `F${flight.number}`, rest: `${joined}gave G${flight.generation} in ${time}`, moment: flight.published ?? flight.finished };
  return { kind: "refresh", tone: flight.class === "ended" ? "error" : "warn", strong: `F${flight.number}`, rest: `${joined}gave no token`, moment: flight.finished };
}

function refresh(flight: Flight): Pick<Row, "tone" | "name" | "title" | "sentence" | "steps"> {
  const name = `F${flight.number}`;
  const waited = flight.waiters > 1 ? ` ${count(flight.waiters, "request")} waited for it.` : "";
  const cause = `${NEEDS[flight.need].replace(/^b/, "B")}.${waited}`;
  if (!flight.finished) return { name, tone: "pending", title: `refreshes ${flight.session}`, sentence: cause, steps: [] };
  if (flight.finished.run !== flight.run) return { name, tone: "plain", title: `began to refresh ${flight.session}`, sentence: "How it ended is not in this timeline.", steps: [] };
  const time = took(flight.tookUs ?? 0);
  if (brought(flight)) {
    const steps: Step[] = [{ kind: "token", tone: "refresh", strong: `G${flight.generation}`, rest: `in ${time}`, moment: flight.published ?? flight.finished }];
    const title = flight.class === "adopted" ? `found ${flight.session} refreshed by ${ELSEWHERE}` : `refreshed ${flight.session}`;
    return { name, tone: "refresh", title, sentence: cause, steps };
  }
  const last = flight.exchanges.at(-1);
  const answer = last?.status ? `The server answered ${last.status}${last.error ? ` ${last.error}` : ""}.` : "No answer came.";
  const kept = flight.class === "ended" ? "The server ended the session." : "The session is untouched.";
  return { name, tone: flight.class === "ended" ? "error" : "warn", title: `could not refresh ${flight.session}`, sentence: `${answer} ${kept}`, steps: [] };
}

function toneOf(send: Send): Tone {
  if (!send.finished) return "pending";
  if (send.outcome === "stopped" || send.outcome === "unknown") return "plain";
  if (send.outcome === "failed" || (send.status ?? 0) >= 400) return "error";
  return send.attempts.length > 1 ? "refresh" : "ok";
}
