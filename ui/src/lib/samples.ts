// A small timeline for the tests beside this: the tour, and a storm, as the played engine tells them.
import { fakeBackend } from "../backend/fake";
import { HandClock } from "../backend/fake/clock";
import type { FakeEngine } from "../backend/fake/engine";
import type { Draft } from "../wire/Draft";
import { Chronicle } from "./chronicle";

/** A played engine on a clock that the test moves. */
export function play(): { engine: FakeEngine; clock: HandClock; chronicle: () => Chronicle; draft: Draft } {
  const clock = new HandClock();
  const { engine } = fakeBackend({}, clock);
  const draft: Draft = { method: "GET", url: "http://127.0.0.1:40117/orders?limit=5", headers: [], body: null, session: "demo", allow_without_token: false };
  const chronicle = () => {
    const told = new Chronicle();
    for (const event of engine.log.events) told.add(event);
    return told;
  };
  return { engine, clock, chronicle, draft };
}

/** After the tour. */
export async function toured(): Promise<ReturnType<typeof play>> {
  const stage = play();
  void stage.engine.tour();
  await stage.clock.advance(8_000);
  return stage;
}

/** After so many requests at once on an expired token. */
export async function storm(times: number): Promise<ReturnType<typeof play>> {
  const stage = play();
  void stage.engine.signIn("demo", true);
  await stage.clock.advance(7_000);
  for (let sent = 0; sent < times; sent += 1) stage.engine.send(stage.draft);
  await stage.clock.advance(2_000);
  return stage;
}
