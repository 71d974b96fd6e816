// The played engine's answers to questions about the timeline: the same groups, and enough of the filter for stories.
import { Chronicle, type Group } from "../../lib/chronicle";
import type { Moment } from "../../lib/moment";
import { compareKeys, idOf } from "../../lib/moment";
import type { Density } from "../../wire/Density";
import type { Event } from "../../wire/Event";
import type { EventKey } from "../../wire/EventKey";
import type { Excerpt } from "../../wire/Excerpt";
import type { Found } from "../../wire/Found";
import type { LogOf } from "../../wire/LogOf";
import type { LogPage } from "../../wire/LogPage";
import type { MatchOf } from "../../wire/MatchOf";
import type { Matches } from "../../wire/Matches";
import type { Overview } from "../../wire/Overview";
import type { OverviewOf } from "../../wire/OverviewOf";
import type { StoryOf } from "../../wire/StoryOf";
import type { WindowOf } from "../../wire/WindowOf";
import type { Word } from "../../wire/Word";
import { failure } from "./engine";

/** Events of one answer. */
const EVENTS_MAX = 4_000;
const WORDS = "is, session, gen, status, method, host, took, since, cause";
const TRAITS = ["request", "refresh", "sign-in", "retry", "joined", "failed", "pending", "expired"];

type Test = (group: Group) => boolean;

/** Questions about these events. */
export class Questions {
  readonly #events: () => Event[];
  #chronicle = new Chronicle();

  constructor(events: () => Event[]) {
    this.#events = events;
  }

  matches(filter: string): Matches {
    const { words, test } = read(filter);
    const found = this.#groups().filter(test);
    return { words, groups: found.length, of: this.#groups().length, events: found.reduce((sum, group) => sum + group.moments.length, 0) };
  }

  story({ filter, end, max }: StoryOf): Excerpt {
    const found = this.#groups().filter(read(filter).test);
    const last = Math.min(end ?? found.length, found.length);
    const first = Math.max(0, last - max);
    return this.#excerpt(found.slice(first, last), first, found.length);
  }

  window({ filter, from_ms, to_ms }: WindowOf): Excerpt {
    const found = this.#groups().filter(read(filter).test).filter((group) => group.first.at <= to_ms && last(group).at >= from_ms);
    if (found.reduce((sum, group) => sum + group.moments.length, 0) > EVENTS_MAX) return { groups: [], events: [], cut: [], first: 0, total: found.length, dense: true };
    const tokens = this.#groups().filter((group) => group.moments.some((one) => one.kind === "Published" || one.kind === "TokenExpired"));
    return this.#excerpt(found, 0, found.length, tokens);
  }

  log({ filter, first, max }: LogOf): LogPage {
    const events = filter.trim() === "" ? [...this.#events()] : this.#groups().filter(read(filter).test).flatMap((group) => group.moments as Event[]);
    const from = Math.max(0, Math.min(first ?? Number.POSITIVE_INFINITY, events.length - max));
    return { first: from, total: events.length, events: events.slice(from, from + max) };
  }

  find({ filter, from, back }: MatchOf): Found | null {
    const found = this.#groups().filter(read(filter).test);
    if (found.length === 0) return null;
    const after = from === null ? 0 : found.findIndex((group) => compareKeys(group.first, from) > 0);
    const before = from === null ? found.length - 1 : found.findLastIndex((group) => compareKeys(group.first, from) < 0);
    const place = back ? (before < 0 ? found.length - 1 : before) : Math.max(0, after);
    const group = found[place] as Group;
    return { group: key(group.first), from_ms: group.first.wall_ms, to_ms: last(group).wall_ms, place, total: found.length };
  }

  overview({ filter, from_ms, to_ms, whole_runs, buckets }: OverviewOf): Overview {
    const all = this.#groups();
    const [from, to] = whole_runs ? [all[0]?.first.wall_ms ?? from_ms, Math.max(...all.map((group) => last(group).wall_ms), from_ms)] : [from_ms, to_ms];
    const lanes = new Map<string | null, Map<number, number[]>>();
    const found = all.filter(read(filter).test).filter((group) => group.first.wall_ms <= to && last(group).wall_ms >= from);
    for (const group of found) {
      const session = group.moments.find((one) => one.session)?.session ?? null;
      const lane = lanes.get(session) ?? new Map<number, number[]>();
      lanes.set(session, lane);
      const column = Math.max(0, Math.min(buckets - 1, Math.floor(((group.first.wall_ms - from) * buckets) / Math.max(1, to - from))));
      const counts = lane.get(column) ?? [0, 0, 0, 0, 0];
      const flights = group.moments.filter((one) => one.kind === "FlightStarted").length;
      const at = group.kind === "request" ? (failed(group) ? 2 : (group.send?.attempts.length ?? 0) > 1 ? 1 : 0) : flights === 0 ? 4 : null;
      if (at !== null) counts[at] = (counts[at] ?? 0) + 1;
      counts[3] = (counts[3] ?? 0) + flights;
      lane.set(column, counts);
    }
    const densities = [...lanes].map(([session, columns]): Density => ({ session, columns: [...columns].sort(([a], [b]) => a - b).map(([column, counts]) => [column, ...counts] as Density["columns"][number]) }));
    return { from_ms: from, to_ms: to, buckets, lanes: densities, groups: found.length, events: found.reduce((sum, group) => sum + group.moments.length, 0), placing: false };
  }

  #groups(): Group[] {
    const events = this.#events();
    for (const event of events.slice(this.#chronicle.moments.length)) this.#chronicle.add(event);
    return this.#chronicle.groups;
  }

  #excerpt(groups: Group[], first: number, total: number, context: Group[] = []): Excerpt {
    const held = new Map<string, Moment>();
    const take = (group: Group) => group.moments.forEach((one) => held.set(idOf(one), one));
    groups.forEach(take);
    for (const one of [...held.values()]) {
      for (const cause of one.cause_seq) {
        const group = held.has(idOf(cause)) ? undefined : this.#chronicle.groupOf(cause);
        if (group) take(group);
      }
    }
    context.forEach(take);
    return { groups: groups.map((group) => key(group.first)), events: [...held.values()].sort(compareKeys), cut: [], first, total, dense: false };
  }
}

function key(one: EventKey): EventKey {
  return { run: one.run, seq: one.seq };
}

function last(group: Group): Moment {
  return group.moments.at(-1) ?? group.first;
}

function failed(group: Group): boolean {
  return group.send?.outcome === "failed" || (group.send?.status ?? 0) >= 400 || group.first.kind === "LoginRequired" || (group.signIn?.error ?? null) !== null;
}

function read(filter: string): { words: Word[]; test: Test } {
  const words = [...filter.matchAll(/\S+/g)].map((found): Word => ({ from: found.index, to: found.index + found[0].length, text: found[0] }));
  const tests = words.map((word): Test => {
    const holds = !word.text.startsWith("-");
    const test = one(word, word.text.replace(/^-/, ""));
    return (group) => test(group) === holds;
  });
  return { words, test: (group) => tests.every((test) => test(group)) };
}

function one(word: Word, text: string): Test {
  const [, name, value = ""] = /^([a-z-]+):(?!\/\/)(.*)$/.exec(text) ?? [];
  const place = { from: String(word.from), to: String(word.to) };
  const wrong = (expected: string) => failure("filter.bad_value", { word: name ?? "", value, expected, ...place });
  const about = (group: Group) => JSON.stringify([group.send?.url, group.send?.method, group.first.session]).toLowerCase();
  const joined = (group: Group) => group.send?.waits.some((wait) => wait.joined) ?? false;
  switch (name) {
    case undefined:
      return (group) => about(group).includes(text.toLowerCase()) || [`r${group.send?.number}`, `f${group.flight?.number}`].includes(text.toLowerCase());
    case "is": {
      if (!TRAITS.includes(value)) throw wrong(TRAITS.join(", "));
      const traits: Record<string, Test> = {
        request: (group) => group.kind === "request", refresh: (group) => group.moments.some((moment) => moment.kind === "FlightStarted"),
        "sign-in": (group) => group.kind === "sign-in", retry: (group) => (group.send?.attempts.length ?? 0) > 1, joined, failed,
        pending: (group) => group.send?.finished === null, expired: (group) => group.kind === "expiry",
      };
      return traits[value] as Test;
    }
    case "session":
      return (group) => group.first.session === value;
    case "status":
      if (!/^[1-9](\d\d|xx)$/.test(value)) throw wrong("401, 4xx");
      return (group) => group.send?.attempts.some((attempt) => new RegExp(`^${value.replaceAll("x", "\\d")}$`).test(String(attempt.status))) ?? false;
    case "method":
      return (group) => group.send?.method.toLowerCase() === value.toLowerCase();
    case "cause":
      if (!/^[rf]\d+$/i.test(value)) throw wrong("R12, F7");
      return (group) => `R${group.send?.number}` === value.toUpperCase() || group.moments.some((moment) => `F${moment.flight}` === value.toUpperCase());
    default:
      throw failure("filter.unknown_word", { word: name, expected: WORDS, ...place });
  }
}
