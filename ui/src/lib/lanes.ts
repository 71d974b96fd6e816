// The lanes: where every mark of the timeline stands, in time and by lane. Knows no pixels, so that any painter can draw it.
import { type Attempt, type Chronicle, type Flight, type Generation, type Send, brought } from "./chronicle";
import { nickname } from "./address";
import { span, took } from "./duration";
import { type Moment, idOf } from "./moment";

/** How a mark is drawn, and what it is. */
export type Shape = "band" | "expiry" | "flight" | "attempt" | "sign-in" | "fold";

/** One thing drawn on a lane. */
export interface Mark {
  id: string;
  shape: Shape;
  /** The event it stands for. */
  moment: Moment;
  from: number;
  /** Null: not over yet. */
  to: number | null;
  tone: "ok" | "error" | "refresh" | "pending" | "plain" | "warn";
  /** Printed on it, or beside it. */
  text: string;
  /** Printed beside it, quietly. */
  after: string;
  /** Its full name, for those who cannot see it. */
  name: string;
  /** Of a band: which generation, for its colour and hatch. */
  generation?: number;
  /** Of a band: when its token expires; null where nobody knows. */
  expiresAt?: number | null;
  /** Of a band: it is the one that requests carry now. */
  current?: boolean;
  /** Of an attempt: when it was queued, and until when its answer came in. */
  queued?: number;
  received?: number;
  /** Of an expiry: when the server takes the token for expired, by the local clock, where its clock differs. */
  serverAt?: number;
}

/** One line of the chart. */
export interface Lane {
  id: string;
  kind: "token" | "refresh" | "request" | "fold" | "heading";
  /** Whose it is. Null: of no session. */
  session: string | null;
  /** 1: the first lane of a session. 2: a lane under it. */
  level: 1 | 2;
  /** Of a first lane: whether those under it are shown. Null: there are none. */
  expanded: boolean | null;
  pinned: boolean;
  label: string;
  detail: string;
  marks: Mark[];
}

/** A line from a cause to what it caused. */
export interface Link {
  id: string;
  from: { lane: string; at: number };
  to: { lane: string; at: number };
  /** It joined what somebody else had asked for. */
  joined: boolean;
  ends: [string, string];
}

/** Something that concerns all lanes at one moment. */
export interface Across {
  id: string;
  kind: "jump" | "fault";
  at: number;
  text: string;
  moment: Moment;
}

/** The chart. */
export interface Chart {
  lanes: Lane[];
  links: Link[];
  across: Across[];
  /** By how much the server's clock is ahead of the local one, where that is known and worth saying. */
  skewMs: number | null;
}

/** What part of time is looked at, how many lanes of requests there is room for, and how the user has arranged them. */
export interface Frame {
  from: number;
  to: number;
  now: number;
  requestLanesMax: number;
  arrangement?: Arrangement;
  /** The groups that are wanted, by their ids. Absent: all. */
  wanted?: ReadonlySet<string>;
}

/** How the user has arranged the lanes. */
export interface Arrangement {
  /** Sessions in the order that was chosen; the others follow as they come. */
  order: readonly string[];
  /** Sessions of which only the first lane is shown. */
  folded: ReadonlySet<string>;
  /** Sessions whose requests are all shown, however many. */
  opened: ReadonlySet<string>;
  /** Lanes that stay at the top. */
  pinned: ReadonlySet<string>;
}

const AS_IT_COMES: Arrangement = { order: [], folded: new Set(), opened: new Set(), pinned: new Set() };

/** What requests without a session are filed under. */
export const NO_SESSION = "";
/** Lanes of one session, when all are shown. */
export const LANES_MAX = 2_000;
/** A server's clock that differs by less is not worth a second line. */
export const SKEW_SHOWN_MS = 2_000;
/** Bars of folded requests that are closer than this share of the frame are drawn as one. */
const FOLD_SHARE = 1 / 250;

/** The chart of what the frame shows. */
export function chart(chronicle: Chronicle, frame: Frame): Chart {
  const arrangement = frame.arrangement ?? AS_IT_COMES;
  const wanted = (moment: Moment) => frame.wanted === undefined || frame.wanted.has(chronicle.groupOf(moment)?.id ?? "");
  const flights = [...chronicle.flights.values()].filter((one) => overlaps(one.started.at, one.finished?.at ?? frame.now, frame));
  const sends = [...chronicle.sends.values()].filter((one) => overlaps(one.queued.at, one.finished?.at ?? frame.now, frame) && wanted(one.queued));
  // The fold takes the place of one lane.
  const newest = new Set(sends.length > frame.requestLanesMax ? sends.slice(1 - frame.requestLanesMax) : sends);
  const skewMs = chronicle.skewMs !== null && Math.abs(chronicle.skewMs) >= SKEW_SHOWN_MS ? chronicle.skewMs : null;

  const lanes: Lane[] = [];
  const drawn = new Set<Send>();
  for (const session of arranged(sessionsIn(chronicle, sends, frame), arrangement.order)) {
    const own = sends.filter((one) => (one.session ?? NO_SESSION) === session);
    const generations = chronicle.generations.filter((one) => one.session === session && overlaps(one.from.at, endOf(one, frame.now), frame, true));
    const first = { session: session || null, level: 1 as const, pinned: false };
    const below: Lane[] = [];
    const under = { session: session || null, level: 2 as const, expanded: null, pinned: false };
    const refreshes = refreshMarks(chronicle, session, flights, frame);
    if (refreshes.length > 0 || generations.length > 0) below.push({ ...under, id: `refresh-${session}`, kind: "refresh", label: "", detail: "refresh", marks: refreshes });
    const shown = arrangement.opened.has(session) ? own.slice(-LANES_MAX) : own.filter((one) => newest.has(one));
    const more = own.slice(0, own.length - shown.length);
    if (more.length > 0) below.push({ ...under, id: `fold-${session}`, kind: "fold", label: `+ ${more.length.toLocaleString("en-GB")} more`, detail: "", marks: folded(more, frame) });
    for (const send of shown) below.push({ ...under, id: send.id, kind: "request", label: `R${send.number}`, detail: nickname(send.url), marks: send.attempts.map((one) => attemptMark(one, send)) });
    const expanded = below.length === 0 ? null : !arrangement.folded.has(session);
    if (session === NO_SESSION) lanes.push({ ...first, id: "heading", kind: "heading", label: "No session", detail: "", expanded, marks: [] });
    else lanes.push({ ...first, id: `token-${session}`, kind: "token", label: session, detail: "token", expanded, marks: generations.flatMap((one) => tokenMarks(one, skewMs)) });
    if (expanded === false) continue;
    lanes.push(...below);
    for (const send of shown) drawn.add(send);
  }
  const pinned = lanes.filter((lane) => arrangement.pinned.has(lane.id)).map((lane) => ({ ...lane, pinned: true }));
  const ordered = [...pinned, ...lanes.filter((lane) => !arrangement.pinned.has(lane.id))];
  return { lanes: ordered, links: links([...drawn], flights, chronicle, new Set(lanes.map((lane) => lane.id))), across: across(chronicle, frame), skewMs };
}

/** The marks of a chart in the order of time, for the keyboard. */
export function marksInOrder(chart: Chart): Mark[] {
  return chart.lanes.flatMap((lane) => lane.marks).sort((a, b) => a.from - b.from || a.moment.seq - b.moment.seq);
}

/** The time from the first to the last event of a run, and what is known to come. */
export function wholeSpan(chronicle: Chronicle, run: number, now: number): { from: number; to: number } | null {
  const own = chronicle.moments.filter((one) => one.run === run && one.kind !== "RunStarted" && one.kind !== "StateChanged");
  const first = own[0];
  const last = own.at(-1);
  if (!first || !last) return null;
  const ahead = chronicle.generations.filter((one) => !one.until && one.expiresAt !== null && one.expiresAt - now < 60_000).map((one) => one.expiresAt as number);
  return { from: first.at, to: Math.max(last.at, ...ahead) };
}

function overlaps(from: number, to: number, frame: Frame, ahead = false): boolean {
  return from < (ahead ? frame.to : Math.min(frame.to, frame.now)) + 1 && to > frame.from;
}

function endOf(generation: Generation, now: number): number {
  const over = generation.until?.at ?? null;
  if (over !== null) return over;
  return Math.max(generation.expiresAt ?? now, now);
}

function sessionsIn(chronicle: Chronicle, sends: Send[], frame: Frame): string[] {
  const names = new Set<string>();
  for (const one of chronicle.generations) if (overlaps(one.from.at, endOf(one, frame.now), frame, true)) names.add(one.session);
  for (const one of chronicle.signIns) if (overlaps(one.started.at, one.finished?.at ?? frame.now, frame)) names.add(one.session);
  for (const one of chronicle.flights.values()) if (overlaps(one.started.at, one.finished?.at ?? frame.now, frame)) names.add(one.session);
  for (const one of sends) names.add(one.session ?? NO_SESSION);
  // What belongs to no session comes last.
  if (names.delete(NO_SESSION)) names.add(NO_SESSION);
  return [...names];
}

/** Names in the order that was chosen, then the others. */
export function arranged(names: string[], order: readonly string[]): string[] {
  const place = (name: string) => {
    const at = order.indexOf(name);
    return at < 0 ? order.length : at;
  };
  return names.toSorted((a, b) => place(a) - place(b));
}

function tokenMarks(generation: Generation, skewMs: number | null): Mark[] {
  const over = generation.until?.at ?? null;
  const marks: Mark[] = [
    {
      id: `band-${generation.id}`, shape: "band", moment: generation.from, from: generation.from.at, to: over, tone: "plain",
      text: `G${generation.number}`, after: generation.expiresAt === null ? "no expiry known" : "", generation: generation.number,
      expiresAt: generation.expiresAt, current: over === null,
      name: `Token G${generation.number} of ${generation.session}, from ${source(generation)}${generation.lifetimeMs === null ? "" : `, lives ${span(generation.lifetimeMs)}`}`,
    },
  ];
  const { expired } = generation;
  if (expired) {
    const at = generation.expiresAt ?? expired.at;
    marks.push({
      id: `expiry-${idOf(expired)}`, shape: "expiry", moment: expired, from: at, to: at, tone: "error", text: "expired", after: "",
      ...(skewMs === null ? {} : { serverAt: at - skewMs }),
      name: `G${generation.number} of ${generation.session} expired${skewMs === null ? "" : `; by the server's clock ${span(skewMs)} ${skewMs > 0 ? "earlier" : "later"}`}`,
    });
  }
  return marks;
}

function source(generation: Generation): string {
  if (generation.flight) return generation.flight.replace(/^\d+-/, "");
  return generation.source === "restored" ? "the keychain" : "sign-in";
}

function refreshMarks(chronicle: Chronicle, session: string, flights: Flight[], frame: Frame): Mark[] {
  const signIns = chronicle.signIns.filter((one) => one.session === session && overlaps(one.started.at, one.finished?.at ?? frame.now, frame));
  const marks = [
    ...signIns.map((one): Mark => ({
      id: one.id, shape: "sign-in", moment: one.started, from: one.started.at, to: one.finished?.at ?? null,
      tone: one.error ? "error" : one.finished ? "plain" : "pending", text: "", after: one.error ? "sign-in failed" : "sign-in",
      name: `Sign-in to ${session}${one.error ? ", failed" : one.generation ? `, gave G${one.generation}` : ""}`,
    })),
    ...flights.filter((one) => one.session === session).map((one) => flightMark(one, chronicle)),
  ];
  return marks.sort((a, b) => a.from - b.from);
}

function flightMark(flight: Flight, chronicle: Chronicle): Mark {
  const failed = flight.finished !== null && !brought(flight);
  const leader = flight.leader ? chronicle.sends.get(flight.leader) : undefined;
  const time = flight.tookUs === null ? "" : took(flight.tookUs);
  const outcome = flight.generation === null ? (failed ? ", gave no token" : "") : `, gave G${flight.generation}`;
  return {
    id: `flight-${flight.id}`, shape: "flight", moment: flight.started, from: flight.started.at, to: flight.finished?.at ?? null,
    tone: flight.finished ? (failed ? "error" : "refresh") : "pending", text: `F${flight.number}`, after: failed ? "no token" : time,
    name: `Refresh F${flight.number} of ${flight.session}${time ? `, ${time}` : ""}${leader ? `, because R${leader.number} got 401` : ""}${flight.joiners.length ? `, ${flight.joiners.length} joined` : ""}${outcome}`,
  };
}

/** Where the bar of an attempt begins and ends, and what it looks like. */
function bar(attempt: Attempt, send: Send): { from: number; over: Moment | null; tone: Mark["tone"] } {
  const over = attempt.head ?? (send.finished && send.attempts.at(-1) === attempt ? send.finished : null);
  const bad = attempt.verdict === "token_refused" || (attempt.status ?? 0) >= 400 || (over !== null && attempt.status === null && send.outcome === "failed");
  const tone = over === null ? "pending" : isStopped(attempt, send) ? "plain" : bad ? "error" : "ok";
  return { from: attempt.started.at, over, tone };
}

function isStopped(attempt: Attempt, send: Send): boolean {
  return attempt.status === null && (send.outcome === "stopped" || send.outcome === "unknown");
}

function attemptMark(attempt: Attempt, send: Send): Mark {
  const last = send.attempts.at(-1) === attempt;
  const { from, over, tone } = bar(attempt, send);
  const refused = attempt.verdict === "token_refused";
  const stopped = isStopped(attempt, send);
  const joined = attempt.number > 1 && send.waits.some((wait) => wait.joined) ? ", joined" : "";
  const status = attempt.status === null ? (stopped ? (send.outcome ?? "") : over ? "failed" : "") : String(attempt.status);
  return {
    id: `attempt-${idOf(attempt.started)}`, shape: "attempt", moment: attempt.head ?? attempt.started, from, to: over?.at ?? null,
    tone, text: refused ? `${status} !` : status,
    after: attempt.number > 1 ? `attempt ${attempt.number}${joined}` : "",
    ...(send.attempts[0] === attempt ? { queued: send.queued.at } : {}),
    ...(attempt.head && last && send.finished && send.finished.run === attempt.head.run ? { received: send.finished.at } : {}),
    name: `R${send.number} ${send.method} ${nickname(send.url)}, attempt ${attempt.number}${attempt.lease ? ` with G${attempt.lease.generation}` : ""}: ${status || "waiting for an answer"}`,
  };
}

function folded(sends: Send[], frame: Frame): Mark[] {
  const gap = (frame.to - frame.from) * FOLD_SHARE;
  const marks: Mark[] = [];
  const bars = sends.flatMap((send) => send.attempts.map((attempt) => ({ ...bar(attempt, send), attempt, send }))).sort((a, b) => a.from - b.from);
  for (const { from, over, tone, attempt, send } of bars) {
    const end = over?.at ?? frame.now;
    const last = marks.at(-1);
    // Most join the one before: words are only made for those that are drawn.
    if (last && last.tone === tone && from - (last.to ?? frame.now) < gap) last.to = Math.max(last.to ?? end, end);
    else {
      const mark = attemptMark(attempt, send);
      marks.push({ ...mark, id: `fold-${mark.id}`, shape: "fold", to: end, text: "", after: "" });
    }
  }
  return marks;
}

function across(chronicle: Chronicle, frame: Frame): Across[] {
  const found: Across[] = [];
  for (const moment of chronicle.notable) {
    if (moment.at < frame.from || moment.at > frame.to) continue;
    if (moment.kind === "ClockJump") {
      const { delta_ms } = moment.data;
      found.push({ id: `jump-${idOf(moment)}`, kind: "jump", at: moment.at, text: `clock ${delta_ms < 0 ? "−" : "+"}${span(delta_ms)}`, moment });
    } else {
      found.push({ id: `fault-${idOf(moment)}`, kind: "fault", at: moment.at, text: "fault", moment });
    }
  }
  return found;
}

function links(sends: Send[], flights: Flight[], chronicle: Chronicle, lanes: Set<string>): Link[] {
  const found: Link[] = [];
  const byId = new Map(flights.map((one) => [one.id, one]));
  const add = (link: Link) => {
    if (lanes.has(link.from.lane) && lanes.has(link.to.lane)) found.push(link);
  };
  for (const send of sends) {
    const refused = send.attempts.find((one) => one.verdict === "token_refused");
    const again = send.attempts.find((one) => one.number > 1);
    const wait = send.waits.at(-1);
    const flight = wait?.flight ? byId.get(wait.flight) : undefined;
    if (refused?.head && flight) {
      const joined = wait?.joined ?? false;
      const lane = `refresh-${flight.session}`;
      const mark = `flight-${flight.id}`;
      add({ id: `to-${send.id}`, from: { lane: send.id, at: refused.head.at }, to: { lane, at: Math.max(flight.started.at, refused.head.at) }, joined, ends: [`attempt-${idOf(refused.started)}`, mark] });
      if (again && flight.finished) {
        add({ id: `from-${send.id}`, from: { lane, at: flight.finished.at }, to: { lane: send.id, at: again.started.at }, joined, ends: [mark, `attempt-${idOf(again.started)}`] });
      }
    } else if (flight?.finished && send.attempts[0]) {
      // It waited before it was sent at all: only the way back is there to be drawn.
      const first = send.attempts[0];
      add({ id: `from-${send.id}`, from: { lane: `refresh-${flight.session}`, at: flight.finished.at }, to: { lane: send.id, at: first.started.at }, joined: wait?.joined ?? false, ends: [`flight-${flight.id}`, `attempt-${idOf(first.started)}`] });
    } else if (refused?.head && again?.lease) {
      const newer = chronicle.generation(again.lease.session, again.lease.generation, again.lease.epoch);
      if (newer) add({ id: `newer-${send.id}`, from: { lane: `token-${newer.session}`, at: newer.from.at }, to: { lane: send.id, at: again.started.at }, joined: true, ends: [`band-${newer.id}`, `attempt-${idOf(again.started)}`] });
    }
  }
  return found;
}
