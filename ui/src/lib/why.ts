// The verdict sentence: why a send ended as it did, told from its causal chain alone.
import { ruleInWords } from "../words/rules";
import { errorTitle } from "../words/failures";
import { type Attempt, type Chronicle, type Flight, type Send, brought } from "./chronicle";
import { count, inSeconds, took } from "./duration";
import { type Part, type Parts, listed } from "./parts";

/** What the banner over a response says. */
export interface Why {
  tone: "plain" | "refresh" | "warn" | "error";
  headline: Parts;
  body: Parts;
}

/** Why this send ended as it did; null while there is nothing to say. */
export function why(send: Send, chronicle: Chronicle): Why | null {
  const first = send.attempts[0];
  const last = send.attempts.at(-1);
  if (send.withheld) return withheld(send);
  if (!first || !last) return send.outcome === "stopped" ? stopped(send) : null;
  if (first.verdict !== "token_refused") return returned(send, first, chronicle);

  const flight = flightOf(send, chronicle);
  const headline = refusedHeadline(first, chronicle);
  const got: Parts = [refSend(send), ` got ${first.status ?? 401}`];
  if (!send.finished) return { tone: "refresh", headline, body: [...got, ...pending(send, flight)] };
  if (send.outcome === "stopped") return { tone: "plain", headline, body: [...got, ", and you stopped it."] };
  if (send.outcome === "unknown") return { tone: "plain", headline, body: [...got, ". How it ended is not in this timeline."] };
  if (send.outcome === "failed") return { tone: "error", headline, body: [...got, ". Then it failed: ", `${errorTitle(send.error)}.`] };

  if (last === first) return unrepeated(send, flight, headline, got);
  const answered = carried(last, chronicle);
  const again: Parts = last.verdict === "token_refused"
    ? [", and the second attempt was refused too, with ", answered, ". Refreshing again would not help."]
    : [", and the second attempt was answered with ", answered, "."];
  const tone = last.verdict === "token_refused" ? "error" : "refresh";
  if (!flight) return { tone, headline, body: [...got, "; ", answered, " was already there, so no refresh was needed", ...again] };
  return { tone, headline, body: [...got, ", ", ...refreshed(send, flight, chronicle), ...again] };
}

/** Whether a send waited for a refresh before it went out at all. */
export function waitedBefore(send: Send, first: Attempt): boolean {
  return send.waits.some((wait) => wait.from.at <= first.started.at);
}

/** The flight a send waited for. */
export function flightOf(send: Send, chronicle: Chronicle): Flight | undefined {
  const id = send.waits.at(-1)?.flight;
  return (id ? chronicle.flights.get(id) : undefined) ?? [...chronicle.flights.values()].find((one) => one.leader === send.id);
}

/** `R12`, leading to where it was queued. */
export function refSend(send: Send): Part {
  return { ref: `R${send.number}`, key: send.queued };
}

/** `F7`, leading to where it took off. */
export function refFlight(flight: Flight): Part {
  return { ref: `F${flight.number}`, key: flight.started };
}

/** `G7`, leading to where it was published. */
export function carried(attempt: Attempt, chronicle: Chronicle): Part {
  if (!attempt.lease) return "no token";
  const { session, generation, epoch } = attempt.lease;
  const published = chronicle.generation(session, generation, epoch);
  return published ? { ref: `G${generation}`, key: published.from } : `G${generation}`;
}

function refusedHeadline(first: Attempt, chronicle: Chronicle): Parts {
  const left = first.lease?.expiresInMs ?? null;
  if (left !== null && left < 0) return [`Your token had expired ${inSeconds(left)} before this was sent.`];
  if (left !== null) return ["The API refused ", carried(first, chronicle), ` although it had ${inSeconds(left)} left by your clock.`];
  return ["The API refused ", carried(first, chronicle), "."];
}

function refreshed(send: Send, flight: Flight, chronicle: Chronicle): Parts {
  const others = [flight.leader, ...flight.joiners]
    .filter((id) => id !== null && id !== send.id)
    .map((id) => chronicle.sends.get(id as string))
    .filter((other) => other !== undefined)
    .map(refSend);
  const time = flight.tookUs === null ? "" : ` in ${took(flight.tookUs)}`;
  return [refFlight(flight), ` refreshed once${time} for it`, ...(others.length ? [" and ", ...listed(others, 3)] : [])];
}

function pending(send: Send, flight: Flight | undefined): Parts {
  const wait = send.waits.at(-1);
  if (wait && !wait.to && flight) return [wait.joined ? " and waits for " : " and asked for ", refFlight(flight), "."];
  return [" and is sent once more."];
}

function unrepeated(send: Send, flight: Flight | undefined, headline: Parts, got: Parts): Why {
  if (flight?.ended) {
    const error = flight.exchanges.at(-1)?.error;
    return { tone: "error", headline, body: [...got, ". ", refFlight(flight), ` asked for a new token, and the server ended the session${error ? ` (${error})` : ""}. Your record is kept.`] };
  }
  if (flight && !brought(flight)) {
    const status = flight.exchanges.at(-1)?.status;
    return { tone: "warn", headline, body: [...got, ". ", refFlight(flight), ` could not refresh${status ? `: the server answered ${status}` : ""}. Your session is untouched.`] };
  }
  return { tone: "warn", headline, body: [...got, ", and it was not repeated. ", send.retry ? ruleInWords(send.retry.rule) : ""] };
}

function returned(send: Send, first: Attempt, chronicle: Chronicle): Why | null {
  if (send.outcome === "stopped") return stopped(send);
  if (send.outcome !== "answered" || !first.lease) return null;
  const left = first.lease.expiresInMs;
  const flight = waitedBefore(send, first) ? flightOf(send, chronicle) : undefined;
  if (flight) {
    const asked = send.waits[0]?.joined ? ", which was under way," : "";
    return { tone: "refresh", headline: ["A new token was fetched before this was sent."], body: [refSend(send), " waited for ", refFlight(flight), `${asked} and was answered with `, carried(first, chronicle), "."] };
  }
  const life = left === null ? "" : left < 0 ? `, which had expired ${inSeconds(left)} before by your clock` : `, which had ${inSeconds(left)} left`;
  return { tone: "plain", headline: ["Answered at the first attempt."], body: [refSend(send), " carried ", carried(first, chronicle), `${life}.`] };
}

function stopped(send: Send): Why {
  const tries = send.attempts.length;
  return { tone: "plain", headline: ["You stopped it."], body: [refSend(send), tries === 0 ? " never left this machine." : ` had made ${count(tries, "attempt")}. The server may have acted on it.`] };
}

function withheld(send: Send): Why {
  const reasons = {
    origin_not_allowed: `${send.origin} is not on the session's list.`,
    own_authorization: "You typed an Authorization header of your own.",
    no_session: "You chose to send without a session.",
  } as const;
  return { tone: "plain", headline: ["Sent without a token."], body: [reasons[send.withheld as keyof typeof reasons]] };
}
