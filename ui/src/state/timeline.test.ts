// The store checks the numbers on arrival, and asks again where one is missing or late.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { Backend } from "../backend/backend";
import type { Event } from "../wire/Event";
import type { EventKey } from "../wire/EventKey";
import { BEHIND_MS_MAX, Timeline } from "./timeline.svelte";

const event = (seq: number, run = 2): Event => ({ run, seq, mono_ns: seq * 1e6, wall_ms: 1_000 + seq, actor: "user", kind: "SignedIn", data: {} });
const batch = (...seqs: number[]) => ({ events: seqs.map((seq) => event(seq)), newest: { run: 2, seq: seqs.at(-1) ?? 0 } });

function store(): { timeline: Timeline; asked: (EventKey | null)[] } {
  const asked: (EventKey | null)[] = [];
  const backend = { call: () => Promise.reject(new Error("not asked")), watch: (held) => Promise.resolve(void asked.push(held.since, ...held.others)) } satisfies Backend;
  return { timeline: new Timeline(backend), asked };
}

const held = (timeline: Timeline) => timeline.chronicle.moments.map((moment) => moment.seq);

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test("events that come again are passed over", () => {
  const { timeline } = store();
  timeline.receive(batch(1, 2));
  timeline.receive(batch(2, 3));
  expect(held(timeline)).toEqual([1, 2, 3]);
});

test("a missing event is asked for from the last one held, and what follows waits for it", () => {
  const { timeline, asked } = store();
  timeline.receive(batch(1, 2));
  timeline.receive(batch(4, 5));
  expect(asked).toEqual([{ run: 2, seq: 2 }]);
  expect(held(timeline)).toEqual([1, 2]);
  timeline.receive(batch(3, 4, 5));
  expect(held(timeline)).toEqual([1, 2, 3, 4, 5]);
});

test("a hole that comes again is a fact of the log", () => {
  const { timeline, asked } = store();
  timeline.receive(batch(1));
  timeline.receive(batch(3));
  timeline.receive(batch(3, 4));
  expect(asked).toHaveLength(1);
  expect(held(timeline)).toEqual([1, 3, 4]);
});

test("an earlier run may begin anywhere", () => {
  const { timeline, asked } = store();
  timeline.receive({ events: [event(40, 1), event(41, 1), event(1)], newest: { run: 2, seq: 1 } });
  expect([held(timeline), asked]).toEqual([[40, 41, 1], []]);
});

test("an answer that stays ahead for a second makes it ask again, once", () => {
  const { timeline, asked } = store();
  timeline.receive(batch(1));
  timeline.heard({ run: 2, seq: 3 });
  timeline.heard({ run: 2, seq: 3 });
  vi.advanceTimersByTime(BEHIND_MS_MAX - 1);
  expect(asked).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(asked).toEqual([{ run: 2, seq: 1 }]);
});

test("an answer that is caught up with asks for nothing", () => {
  const { timeline, asked } = store();
  timeline.heard({ run: 2, seq: 2 });
  timeline.receive(batch(1, 2));
  vi.advanceTimersByTime(BEHIND_MS_MAX);
  expect(asked).toEqual([]);
});

test("an answer that comes while an earlier one is waited for is not forgotten", () => {
  const { timeline, asked } = store();
  timeline.heard({ run: 2, seq: 2 });
  timeline.receive(batch(1, 2));
  vi.advanceTimersByTime(BEHIND_MS_MAX / 2);
  timeline.heard({ run: 2, seq: 7 });
  vi.advanceTimersByTime(BEHIND_MS_MAX * 1.5 - 1);
  expect(asked).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(asked).toEqual([{ run: 2, seq: 2 }]);
});

test("a run beside this one has its own last event, and never stands for this one", () => {
  const { timeline, asked } = store();
  timeline.receive(batch(1, 2));
  timeline.receive({ events: [event(1, 3), event(2, 3)], newest: { run: 2, seq: 2 } });
  expect(timeline.newest).toEqual({ run: 2, seq: 2 });
  expect(timeline.has({ run: 2, seq: 3 })).toBe(false);
  timeline.receive({ events: [event(4, 3)], newest: { run: 2, seq: 2 } });
  expect(asked).toEqual([{ run: 2, seq: 2 }, { run: 3, seq: 2 }]);
  timeline.receive({ events: [event(3, 3), event(4, 3)], newest: { run: 2, seq: 2 } });
  expect(held(timeline)).toEqual([1, 2, 1, 2, 3, 4]);
});
