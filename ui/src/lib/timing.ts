// Where the time of a send went, from its events: the waits before it, each attempt, and its body.
import type { Send } from "./records";

/** One stretch of a send. */
export interface Phase {
  kind: "queue" | "refresh" | "attempt" | "body";
  label: string;
  /** In milliseconds from the press of Send. */
  from: number;
  ms: number;
}

/** The stretches of a send that has ended, in order. */
export function phasesOf(send: Send): Phase[] {
  if (!send.finished) return [];
  const begun = send.queued.at;
  const phases: Phase[] = [];
  const add = (kind: Phase["kind"], label: string, from: number, to: number) => {
    if (to >= from) phases.push({ kind, label, from: from - begun, ms: to - from });
  };
  const first = send.attempts[0]?.started.at ?? send.finished.at;
  const waits = send.waits.filter((wait) => wait.to !== null);
  const before = waits.filter((wait) => wait.from.at <= first);
  add("queue", "Made ready", begun, before[0]?.from.at ?? first);
  for (const wait of waits) add("refresh", `Waited for ${wait.flight?.replace(/^\d+-/, "") ?? "a refresh"}${wait.joined ? ", which others shared" : ""}`, wait.from.at, wait.to?.at ?? wait.from.at);
  for (const attempt of send.attempts) {
    const end = attempt.tookUs === null ? (attempt.head?.at ?? attempt.classified?.at ?? send.finished.at) : attempt.started.at + attempt.tookUs / 1_000;
    add("attempt", `Attempt ${attempt.number}${attempt.status === null ? "" : `: ${attempt.status}`}`, attempt.started.at, end);
  }
  const last = send.attempts.at(-1);
  if (last?.head && send.status !== null) add("body", "The body came", last.tookUs === null ? last.head.at : last.started.at + last.tookUs / 1_000, send.finished.at);
  return phases.sort((one, other) => one.from - other.from);
}
