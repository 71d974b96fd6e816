// How far the tour has come, told from the events alone: five captions, and the facts under each.
import type { EventKey } from "../wire/EventKey";
import { span } from "./duration";
import { type Moment, compareKeys } from "./moment";

/** Something that happened, as the tour shows it. */
export interface TourFact {
  kind: "sign-in" | "request" | "expiry" | "refresh";
  text: string;
  seq: number;
  key: EventKey;
}

/** One of the five steps. */
export interface TourStep {
  label: string;
  caption: string;
  facts: TourFact[];
}

/** Where the tour stands. */
export interface TourProgress {
  steps: TourStep[];
  /** The step that was reached last, from 1; 0 before the first. */
  reached: number;
  done: boolean;
  /** Something went another way than the tour expects. */
  stuck: boolean;
}

const LABELS = ["A token", "A request", "Expiry", "401", "Refresh, retry"];

/** Reads the tour from the events after `since`, in order. */
export function tourProgress(moments: Moment[], since: EventKey): TourProgress {
  const captions = ["You have a token.", "Requests carry it.", "It has just expired; nothing told the API.", "The API says no.", "One refresh, then the same request again."];
  const steps: TourStep[] = LABELS.map((label, index) => ({ label, caption: captions[index] as string, facts: [] }));
  const at = (step: number, kind: TourFact["kind"], text: string, moment: Moment) => {
    steps[step - 1]?.facts.push({ kind, text, seq: moment.seq, key: { run: moment.run, seq: moment.seq } });
    reached = Math.max(reached, step);
  };
  let reached = 0;
  let done = false;
  let stuck = false;
  let refusedRequest: number | null = null;
  const has = (step: number) => (steps[step - 1]?.facts.length ?? 0) > 0;
  for (const moment of moments) {
    if (compareKeys(moment, since) <= 0 || done) continue;
    const g = `G${moment.generation ?? "?"}`;
    const r = `R${moment.request ?? "?"}`;
    if (moment.kind === "Published" && moment.flight === undefined && !has(1)) {
      const life = moment.data.lifetime_ms;
      at(1, "sign-in", `${g} by sign-in`, moment);
      if (life !== null) (steps[0] as TourStep).caption = `You have a token. It lives ${seconds(life)}.`;
    } else if (moment.kind === "ResponseHead" && moment.data.status < 400 && has(1) && !has(2)) {
      at(2, "request", `${r} ${moment.data.status} with ${g}`, moment);
    } else if (moment.kind === "TokenExpired" && has(2) && !has(3)) {
      at(3, "expiry", `${g} expired`, moment);
    } else if (moment.kind === "ResponseHead" && moment.data.status === 401 && has(3) && !has(4)) {
      at(4, "request", `${r} 401 with ${g}`, moment);
      refusedRequest = moment.request ?? null;
    } else if (moment.kind === "FlightStarted" && has(4)) {
      reached = 5;
    } else if (moment.kind === "Published" && moment.flight !== undefined && has(4) && !has(5)) {
      at(5, "refresh", `F${moment.flight} gave ${g}`, moment);
    } else if (moment.kind === "ResponseHead" && has(5) && moment.request === refusedRequest) {
      at(5, "request", `${r} ${moment.data.status} with ${g}`, moment);
      done = moment.data.status < 400;
      stuck = !done;
    } else if (moment.kind === "SignInFailed" || (moment.kind === "FlightFinished" && moment.data.class !== "committed") || (moment.kind === "RequestFinished" && moment.data.outcome !== "answered")) {
      stuck = true;
    }
  }
  return { steps, reached, done, stuck };
}

function seconds(ms: number): string {
  return ms % 1_000 === 0 && ms < 120_000 ? `${ms / 1_000} seconds` : span(ms);
}
