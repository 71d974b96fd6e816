// The line of a token in words: what each step came from, and where an old refresh token was used again.
import type { EventKey } from "../wire/EventKey";
import type { LineageStep } from "../wire/LineageStep";
import type { Chronicle } from "./chronicle";
import { took } from "./duration";
import type { Part, Parts } from "./parts";

/** A second use of a refresh token: a branch of the line. */
export interface Branch {
  /** The generation that was current then. */
  after: number;
  key: EventKey;
  title: string;
  words: Parts;
}

/** What gave a generation: `from F7 in 251 ms, because of R12`. */
export function edge(chronicle: Chronicle, step: LineageStep, run: number): Parts {
  if (step.flight === null) return [step.generation === 1 ? "from sign-in" : "found in the keychain"];
  const flight = chronicle.flight(run, step.flight);
  const send = step.because_of === null ? undefined : chronicle.send(run, step.because_of);
  const named: Part = flight ? { ref: `F${flight.number}`, key: flight.started } : `F${step.flight}`;
  const time = flight?.tookUs ? ` in ${took(flight.tookUs)}` : "";
  const because: Part[] = step.because_of === null ? [] : [", because of ", send ? { ref: `R${send.number}`, key: send.queued } : `R${step.because_of}`];
  return ["from ", named, time, ...because];
}

/** Where the server saw a refresh token used twice, or the lab used one twice, in this run. */
export function reuses(chronicle: Chronicle, session: string, run: number): Branch[] {
  const branches: Branch[] = [];
  for (const flight of chronicle.flights.values()) {
    if (flight.run !== run || flight.session !== session) continue;
    const injected = chronicle.effectsOfFlight(flight).find((one) => one.kind === "FaultInjected" && (one.data.fault === "reuse_refresh_token" || one.data.fault === "no_single_flight"));
    const ended = flight.class === "ended";
    if (!injected && !ended) continue;
    const after = flight.started.generation ?? 0;
    const named: Part = { ref: `F${flight.number}`, key: injected ?? flight.finished ?? flight.started };
    const how = injected ? "an old refresh token was used again, on purpose, by " : "the server refused the refresh token of ";
    branches.push({
      after, key: injected ?? flight.started, title: ended ? "Ended here" : "Branch",
      words: [how, named, ended ? ". The family is over." : flight.generation === null ? "." : `. G${flight.generation} came of it.`],
    });
  }
  return branches;
}
