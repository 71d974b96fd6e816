// The phases of a send as stretches of time since Send was pressed: what it waited for, and for how long.
import type { Send } from "./chronicle";

/** What a send did in a stretch of its time. */
export type PhaseKind = "queue" | "wait" | "refresh" | "receive";

/** One stretch, in milliseconds since the send was accepted. */
export interface Phase {
  kind: PhaseKind;
  name: string;
  from: number;
  to: number;
  /** The answer that ended it was a refusal, or an error. */
  bad: boolean;
}

/** Stretches shorter than this are not worth a word, in milliseconds. */
const LEAST_MS = 0.5;

/** The phases, in order. What is not over ends at `now`. */
export function phasesOf(send: Send, now: number): Phase[] {
  const since = (at: number) => Math.max(0, at - send.queued.at);
  const end = send.finished && send.finished.run === send.run ? send.finished.at : now;
  const phases: Phase[] = [];
  const first = send.attempts[0];
  const add = (kind: PhaseKind, name: string, from: number, to: number, bad = false) => {
    if (to - from >= LEAST_MS) phases.push({ kind, name, from: since(from), to: since(to), bad });
  };
  const before = send.waits.filter((wait) => first === undefined || wait.from.at < first.started.at);
  if (first && before.length === 0) add("queue", "before it was sent", send.queued.at, first.started.at);
  for (const wait of send.waits) add("refresh", `waited for ${wait.flight?.replace(/^\d+-/, "") ?? "a refresh"}`, wait.from.at, wait.to?.at ?? end);
  for (const attempt of send.attempts) {
    const over = attempt.head?.at ?? end;
    add("wait", `attempt ${attempt.number}${attempt.status === null ? "" : `, ${attempt.status}`}`, attempt.started.at, over, (attempt.status ?? 0) >= 400);
  }
  const last = send.attempts.at(-1);
  if (last?.head && send.finished) add("receive", "received the rest", last.head.at, end);
  return phases.sort((a, b) => a.from - b.from);
}
