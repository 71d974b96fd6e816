// What the events add up to, for the tour, a storm, and a session's end.
import { expect, test } from "vitest";
import type { Event } from "../wire/Event";
import { Chronicle } from "./chronicle";
import { rowInWords, tell } from "./story";
import { play, storm, toured } from "./samples";
import { tally } from "./tally";
import { plain } from "./parts";
import { explainRequest } from "../backend/fake/explain";
import { courseInWords } from "../words/courses";
import { findingTitle } from "../words/verdicts";
import { toneOf } from "./tone";

/** The verdict on a send in words: its title, what was done about it, and its tone. */
function why(stage: Awaited<ReturnType<typeof toured>>, request: number) {
  const explanation = explainRequest(stage.engine.log, 3, request);
  if (!explanation) throw new Error(`no R${request}`);
  return { title: plain(findingTitle(explanation.finding)), course: plain(courseInWords(explanation)), tone: toneOf(explanation) };
}

const rows = (chronicle: ReturnType<Awaited<ReturnType<typeof toured>>["chronicle"]>) => chronicle.groups.map((group) => rowInWords(tell(group, chronicle)));

test("the tour is a story of five rows", async () => {
  const chronicle = (await toured()).chronicle();
  expect(rows(chronicle)).toEqual([
    "Sandglass 0.1.0 started",
    "Signed in to demo · The first token of a new family. · G1 lives 6 s",
    "R1 · GET orders · Answered in 190 ms. · 200 with G1",
    "G1 of demo expired · By the local clock. Nothing told the API.",
    "R2 · GET orders · G1 had expired 0.7 s before. · 401 with G1, F1 gave G2 in 209 ms, 200 with G2",
  ]);
});

test("every event of the tour belongs to a row, by its causes", async () => {
  const chronicle = (await toured()).chronicle();
  expect(chronicle.moments.filter((moment) => !chronicle.groupOf(moment))).toEqual([]);
});

test("a generation begins and ends where its neighbours say", async () => {
  const chronicle = (await toured()).chronicle();
  const [first, second] = chronicle.generations;
  expect([first?.number, first?.source, second?.number, second?.source]).toEqual([1, "sign-in", 2, "refresh"]);
  expect(first?.until).toBe(second?.from);
  expect(first?.expired).not.toBeNull();
});

test("a storm on an expired token is one refresh, and everybody else joins", async () => {
  const stage = await storm(5);
  expect(tally(stage.chronicle())).toEqual({ requests: 5, refreshes: 1, joined: 4, lost: 0 });
  expect(why(stage, 5).course).toBe("R5 got 401, F1 refreshed once in 209 ms for it and R1, R2 and 2 more, and the second attempt was answered with G2.");
});

test("a newer token that was already there is used without a refresh", async () => {
  const stage = play();
  void stage.engine.signIn("demo", true);
  await stage.clock.advance(7_000);
  stage.engine.send(stage.draft);
  await stage.clock.advance(300);
  // Sent while the first refresh is under way, and answered after it.
  stage.engine.manners.delayMs = 400;
  stage.engine.send(stage.draft);
  await stage.clock.advance(3_000);
  expect(why(stage, 2).course).toBe("R2 got 401; G2 was already there, so no refresh was needed, and the second attempt was answered with G2.");
});

test("an ended session says who ended it, and that nothing was deleted", async () => {
  const stage = await toured();
  stage.engine.steal();
  stage.engine.send(stage.draft);
  await stage.clock.advance(1_000);
  const chronicle = stage.chronicle();
  const reason = why(stage, 3);
  expect(reason.tone).toBe("error");
  expect(reason.course).toBe("R3 got 401. F2 asked for a new token, and the server ended the session (invalid_grant). Your record is kept.");
  expect(rows(chronicle).slice(-1)).toEqual(["demo needs a new sign-in · Because the server says that its refresh token is no longer valid. Nothing was deleted."]);
  expect(tally(chronicle).lost).toBe(1);
});

test("a refresh that does not get through leaves the session untouched, and says so", async () => {
  const stage = play();
  void stage.engine.signIn("demo", true);
  await stage.clock.advance(7_000);
  stage.engine.manners.refresh = "busy";
  stage.engine.send(stage.draft);
  await stage.clock.advance(1_000);
  expect(why(stage, 1).course).toBe("R1 got 401. F1 could not refresh: the server answered 503. Your session is untouched.");
});

test("a fresh token that is refused too is not refreshed again", async () => {
  const stage = play();
  void stage.engine.signIn("demo", true);
  await stage.clock.advance(500);
  stage.engine.manners.refuseAlways = true;
  stage.engine.send(stage.draft);
  await stage.clock.advance(1_000);
  const reason = why(stage, 1);
  expect(reason.title).toBe("The API refused a fresh token too.");
  expect(reason.course).toContain("the second attempt was refused too, with G2. Refreshing again would not help.");
});

test("a stopped request says that the server may have acted on it", async () => {
  const stage = play();
  void stage.engine.signIn("demo", true);
  await stage.clock.advance(500);
  const request = stage.engine.send(stage.draft);
  await stage.clock.advance(50);
  stage.engine.stop(request);
  await stage.clock.advance(50);
  expect(why(stage, request).course).toBe("R1 had made 1 attempt. The server may have acted on it.");
});

test("a request that waited before it was sent says what it waited for", () => {
  const at = (seq: number, event: object) => ({ run: 1, mono_ns: seq * 1e8, wall_ms: 1_000 + seq * 100, actor: "request", session: "demo", seq, ...event }) as Event;
  const key = (seq: number) => ({ run: 1, seq });
  const chronicle = new Chronicle();
  for (const event of [
    at(1, { kind: "RequestQueued", request: 1, data: { method: "GET", url: "http://a.test/x", origin: "http://a.test" } }),
    at(2, { kind: "FlightStarted", flight: 1, generation: 1, cause_seq: [key(1)], data: { need: "expiry" } }),
    at(3, { kind: "WaitingForRefresh", request: 1, flight: 1, cause_seq: [key(1), key(2)], data: { joined: false } }),
    at(4, { kind: "Published", flight: 1, generation: 2, epoch: 1, cause_seq: [key(2)], data: { fingerprint: "f", expires_at_ms: 9_000, lifetime_ms: 6_000 } }),
    at(5, { kind: "FlightFinished", flight: 1, cause_seq: [key(4)], data: { class: "committed", waiters: 1, took_us: 200_000 } }),
    at(6, { kind: "LeaseTaken", request: 1, attempt: 1, epoch: 1, generation: 2, cause_seq: [key(5)], data: { fingerprint: "f", age_ms: 0, expires_in_ms: 6_000 } }),
    at(7, { kind: "AttemptStarted", request: 1, attempt: 1, epoch: 1, generation: 2, cause_seq: [key(6)], data: { origin: "http://a.test", authorized: true } }),
    at(8, { kind: "ResponseHead", request: 1, attempt: 1, generation: 2, cause_seq: [key(7)], data: { status: 200, challenges: [], took_us: 1 } }),
    at(9, { kind: "ResponseClassified", request: 1, attempt: 1, cause_seq: [key(8)], data: { verdict: "returned", rule_id: "answer.not_401" } }),
    at(10, { kind: "RequestFinished", request: 1, cause_seq: [key(9)], data: { outcome: "answered", status: 200, attempts: 1, took_us: 900_000, body_bytes: 1, error: null } }),
  ]) chronicle.add(event);
  expect(rows(chronicle)).toEqual(["R1 · GET x · Answered in 900 ms. · F1 gave G2 in 200 ms, 200 with G2"]);
});

test("what an earlier run left open does not go on in this one", async () => {
  const stage = play();
  void stage.engine.signIn("demo", true);
  await stage.clock.advance(7_000);
  stage.engine.send(stage.draft);
  await stage.clock.advance(300);
  const chronicle = stage.chronicle();
  chronicle.add({ run: 4, seq: 1, mono_ns: 0, wall_ms: stage.clock.now() + 60_000, actor: "recovery", kind: "RunStarted", data: { version: "0.1.0", pid: 1 } });
  expect(chronicle.generations.every((generation) => generation.until !== null)).toBe(true);
  expect([chronicle.send(3, 1)?.outcome, chronicle.flight(3, 1)?.class]).toEqual(["unknown", "aborted"]);
  expect(rows(chronicle).at(-2)).toBe("R1 · GET orders · How it ended is not in this timeline. · 401 with G1, F1 cut short");
});

/** What this process tells, and then a script beside it, which began while the request here was under way. */
async function besides(): Promise<Chronicle> {
  const chronicle = new Chronicle();
  const { log } = (await toured()).engine;
  chronicle.own = log.run;
  const half = log.events.findIndex((event) => event.kind === "AttemptStarted") + 1;
  for (const event of log.events.slice(0, half)) chronicle.add(event);
  const at = log.events[half - 1] as Event;
  const script = (seq: number, rest: Partial<Event>) => ({ run: log.run + 1, seq, mono_ns: seq * 1e6, wall_ms: at.wall_ms + seq, actor: "user", cause_seq: [], ...rest }) as Event;
  chronicle.add(script(1, { kind: "RunStarted", data: { version: "0.1.0", pid: 7 } }));
  chronicle.add(script(2, { kind: "SessionRestored", session: "demo", epoch: 1, generation: 1, data: { kept: "keychain", expires_at_ms: null } }));
  for (const event of log.events.slice(half)) chronicle.add(event);
  return chronicle;
}

test("a process that begins beside this one ends nothing here, and its rows say whose they are", async () => {
  const chronicle = await besides();
  expect(rows(chronicle).filter((row) => row.startsWith("another process"))).toEqual(["another process · Sandglass 0.1.0 started", "another process · demo is still signed in · Found in the system keychain."]);
  expect([...chronicle.sends.values()].map((send) => send.outcome)).toEqual(["answered", "answered"]);
  expect(chronicle.generations.map((one) => [one.number, one.source])).toEqual([[1, "sign-in"], [2, "refresh"]]);
});

test("what is forgotten is what came first, whoever told it", async () => {
  const chronicle = await besides();
  const last = chronicle.moments.slice(-9).map((one) => one.seq);
  chronicle.forget(9);
  expect(chronicle.moments.map((one) => one.seq)).toEqual(last);
  expect(chronicle.sends.size).toBe(1);
});
