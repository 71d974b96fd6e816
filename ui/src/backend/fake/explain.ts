// The verdicts of the played engine: the few causes that it can bring about, told from its own log.
import { type Attempt, Chronicle, type Flight, type Send, brought } from "../../lib/chronicle";
import { flightOf } from "../../lib/refusal";
import type { Course } from "../../wire/Course";
import type { EventKey } from "../../wire/EventKey";
import type { Explanation } from "../../wire/Explanation";
import type { Finding } from "../../wire/Finding";
import type { Named } from "../../wire/Named";
import type { FakeLog } from "./log";

const keyOf = ({ run, seq }: EventKey): EventKey => ({ run, seq });
const named = (name: string, event: EventKey): Named => ({ name, key: keyOf(event) });

/** Why a send ended as it did; null: the log does not know it. */
export function explainRequest(log: FakeLog, run: number, request: number): Explanation | null {
  const chronicle = new Chronicle();
  for (const event of log.events) chronicle.add(event);
  const send = chronicle.send(run, request);
  if (!send) return null;
  const refused = send.attempts.find((one) => one.status === 401);
  const found = finding(send, refused, chronicle);
  return {
    of: keyOf(send.queued), request: named(`R${send.number}`, send.queued), status: (refused ?? send.attempts.at(-1))?.status ?? null,
    as_of: log.newest, finding: found, course: course(send, refused, chronicle), also: [],
    would_tell: found.certainty === "unknown" ? ["fresh_token", "api_log", "other_client"] : [],
    injected: chronicle.groupOf(send.queued)?.moments.flatMap((one) => (one.kind === "FaultInjected" ? [{ fault: one.data.fault, key: keyOf(one) }] : [])) ?? [],
  };
}

/** Why a session needs a new sign-in. */
export function explainSignOut(log: FakeLog, session: string, ended: boolean): Explanation {
  const chronicle = new Chronicle();
  for (const event of log.events) chronicle.add(event);
  const flight = [...chronicle.flights.values()].findLast((one) => one.session === session && one.class === "ended");
  const last = flight?.exchanges.at(-1);
  const found = ended && flight ? revoked(session, flight) : told("out.not", "certain", { session }, [], ["nothing"]);
  const of = flight?.ended ?? flight?.finished ?? null;
  return { of: of ? keyOf(of) : log.newest, request: null, status: last?.status ?? null, as_of: log.newest, finding: found, course: { kind: "nothing" }, also: [], would_tell: [], injected: [] };
}

function revoked(session: string, flight: Flight): Finding {
  const last = flight.exchanges.at(-1);
  const evidence = [flight.started, last?.replied, flight.ended].filter((one) => one != null);
  const found = told("out.reuse", "certain", { session, said: last?.description ?? "", status: String(last?.status ?? "") }, evidence, ["sign_in", "ask_issuer"]);
  return { ...found, params: { ...found.params, flight: `F${flight.number}` }, links: { flight: keyOf(flight.started) } };
}

function told(rule_id: string, certainty: Finding["certainty"], params: Finding["params"], evidence: EventKey[], next: Finding["next"]): Finding {
  return { rule_id, certainty, params, links: {}, evidence: evidence.map(keyOf), next };
}

function finding(send: Send, refused: Attempt | undefined, chronicle: Chronicle): Finding {
  const last = send.attempts.at(-1);
  const about = refused && last?.status === 401 ? last : (refused ?? last);
  const evidence = [about?.started, about?.head].filter((one) => one != null);
  const of = (found: Finding): Finding => {
    const token = about?.lease ? chronicle.generation(about.lease.session, about.lease.generation, about.lease.epoch) : undefined;
    if (!about?.lease || !token) return found;
    return { ...found, params: { generation: `G${about.lease.generation}`, ...found.params }, links: { generation: keyOf(token.from) } };
  };
  if (!send.finished && !refused) return told("send.pending", "certain", {}, [send.queued], []);
  if (send.outcome === "stopped") return told("send.stopped", "certain", { attempts: String(send.attempts.length) }, [send.queued], ["send_again"]);
  if (!refused) {
    if (send.outcome === "failed") return told("send.no_answer", "certain", { error: send.error ?? "" }, evidence, ["send_again"]);
    if (send.withheld) return told("send.withheld_origin", "certain", { origin: send.origin }, evidence, ["nothing"]);
    if ((send.status ?? 0) >= 400) return of(told("send.other_status", "certain", { status: String(send.status) }, evidence, ["read_answer"]));
    if (send.waits.some((wait) => last && wait.from.at <= last.started.at)) return of(told("send.refreshed_first", "certain", {}, evidence, ["nothing"]));
    const left = about?.lease?.expiresInMs ?? null;
    return of(told("send.answered", "certain", left === null ? {} : { [left < 0 ? "over_ms" : "left_ms"]: String(Math.abs(left)) }, evidence, ["nothing"]));
  }
  if (!about?.lease) {
    return send.withheld
      ? told("origin.not_allowed", "certain", { origin: send.origin, session: send.session ?? "" }, evidence, ["allow_origin"])
      : told("token.none", "certain", { origin: send.origin }, evidence, ["choose_session"]);
  }
  const struck = chronicle.groupOf(send.queued)?.moments.find((one) => one.kind === "FaultInjected" && one.attempt === about.number);
  if (struck?.kind === "FaultInjected" && struck.data.fault === "refuse_always") return told("lab.refused", "certain", { origin: send.origin }, [...evidence, struck], ["end_fault", "send_again"]);
  if (struck?.kind === "FaultInjected") return of(told("lab.corrupted", "certain", { origin: send.origin }, [...evidence, struck], send.attempts.length > 1 ? ["nothing", "end_fault"] : ["end_fault", "send_again"]));
  const times = { age_ms: String(about.lease.ageMs) };
  const left = about.lease.expiresInMs ?? 0;
  if (about.number > 1) return of(told("token.fresh_refused", "likely", times, evidence, ["read_token", "ask_api"]));
  if (left <= 0) return of(told("token.expired", "certain", { ...times, over_ms: String(-left) }, evidence, send.attempts.length > 1 ? ["nothing"] : ["refresh_now", "send_again"]));
  if (flightOf(send, chronicle)?.class === "ended") return of(told("token.revoked_said", "certain", { said: "The session was revoked" }, evidence, ["sign_in", "ask_issuer"]));
  return of(told("refusal.unexplained", "unknown", { origin: send.origin, status: "401" }, evidence, ["read_answer", "ask_api"]));
}

function course(send: Send, refused: Attempt | undefined, chronicle: Chronicle): Course {
  const flight = flightOf(send, chronicle);
  const of = flight && named(`F${flight.number}`, flight.started);
  const last = send.attempts.at(-1);
  const token = last?.lease && chronicle.generation(last.lease.session, last.lease.generation, last.lease.epoch);
  const generation = token ? named(`G${token.number}`, token.from) : null;
  if (!send.finished) return { kind: "pending", flight: of && !flight.finished ? of : null };
  if (send.outcome === "stopped") return { kind: "stopped", attempts: send.attempts.length };
  if (send.outcome === "failed") return { kind: "no_answer", error: send.error };
  if (!refused) return of && last && send.waits.some((wait) => wait.from.at <= last.started.at) ? { kind: "refreshed_first", flight: of, generation } : { kind: "nothing" };
  if (of && !brought(flight)) {
    const answer = flight.exchanges.at(-1);
    const injected = chronicle.effectsOfFlight(flight).find((one) => one.kind === "FaultInjected");
    return {
      kind: "refresh_failed", flight: of, status: answer?.status ?? null, error: answer?.error ?? null, ended: flight.class === "ended",
      made_up: injected?.kind === "FaultInjected" ? { fault: injected.data.fault, key: keyOf(injected) } : null,
    };
  }
  if (last === refused) return send.retry ? { kind: "not_repeated", rule_id: send.retry.rule } : { kind: "nothing" };
  if (last?.status === 401) return { kind: "refused_again", flight: of ?? null, generation };
  const others = flight ? [flight.leader, ...flight.joiners] : [];
  const served = others.filter((id) => id !== null && id !== send.id).map((id) => chronicle.sends.get(id as string)).filter((other) => other !== undefined);
  return { kind: "repaired", flight: of ?? null, generation, took_us: flight?.tookUs ?? null, others: served.map((other) => named(`R${other.number}`, other.queued)) };
}
