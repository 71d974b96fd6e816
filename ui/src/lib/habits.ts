// What is known of a server as rows: a name, a sentence, how often it was seen, and the events that prove it.
import type { EventKey } from "../wire/EventKey";
import type { Habit } from "../wire/Habit";
import type { Profile } from "../wire/Profile";
import { SOURCES, outlives, recovers, refusal, rotation } from "../words/habits";
import { span } from "./duration";

/** One habit. */
export interface HabitRow {
  name: string;
  words: string;
  /** Its own word, as it came over the wire. */
  wire?: string;
  /** It costs somebody something. */
  bad: boolean;
  times: number;
  last: number;
  proof: EventKey[];
}

/** Clocks that are this close are not worth a word: `Date` has whole seconds. */
const SKEW_TOLD_MS = 2_000;

/** All that is known, the most important first. */
export function habitRows(profile: Profile): HabitRow[] {
  const rows: HabitRow[] = [];
  const add = <T>(habit: Habit<T> | null, name: string, words: (what: T) => string, bad: (what: T) => boolean = () => false, wire?: (what: T) => string | undefined): void => {
    if (!habit) return;
    const row: HabitRow = { name, words: words(habit.what), bad: bad(habit.what), times: habit.times, last: habit.last_ms, proof: habit.proof };
    const word = wire?.(habit.what);
    rows.push(word === undefined ? row : { ...row, wire: word });
  };
  add(profile.rotation, "Refresh token", rotation);
  add(profile.spent_honoured, "Grace", (ms) => `A spent refresh token was honoured ${span(ms)} after its successor had come.`);
  add(profile.spent_refused, "Reuse", (ms) => `A spent refresh token was refused ${span(ms)} after its successor had come.`, () => true);
  add(profile.access_outlives_reuse, "After reuse", outlives, (kept) => !kept);
  add(profile.replay_recovers, "Lost answer", recovers, (recovered) => !recovered);
  add(profile.life, "Access token", ({ least_ms, most_ms, source }) => {
    if (least_ms === null || most_ms === null) return "It never says how long one lives.";
    return `Lives ${least_ms === most_ms ? span(least_ms) : `${span(least_ms)} to ${span(most_ms)}`}, ${SOURCES[source]}.`;
  });
  add(profile.clock_ms, "Clock", (ms) => (Math.abs(ms) <= SKEW_TOLD_MS ? "Agrees with this one." : `${span(Math.abs(ms))} ${ms > 0 ? "ahead of" : "behind"} this one.`), (ms) => Math.abs(ms) > SKEW_TOLD_MS);
  add(profile.answer_ms, "Answers", (ms) => `Within ${span(ms)}.`);
  for (const habit of profile.refusals) add(habit, "Says no", refusal, () => false, ({ status, error }) => [status, error].filter((part) => part !== null).join(" "));
  for (const habit of profile.oddities) add(habit, "Odd", (text) => `${text}.`);
  return rows;
}
