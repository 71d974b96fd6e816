// The model over a played engine: what the window would show, without a window.
import { flushSync } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { type FakeBackend, type Stage, fakeBackend } from "../backend/fake";
import { App } from "./app.svelte";

beforeEach(() => void vi.useFakeTimers({ now: Date.UTC(2026, 10, 23, 12, 1, 0) }));
afterEach(() => void vi.useRealTimers());

async function opened(stage: Stage = {}): Promise<{ app: App; backend: FakeBackend; later: (ms: number) => Promise<void> }> {
  const backend = fakeBackend(stage);
  const app = new App(backend);
  const later = async (ms: number) => {
    await vi.advanceTimersByTimeAsync(ms);
    flushSync();
  };
  void app.open();
  await later(100);
  return { app, backend, later };
}

test("the first start welcomes, with the first request filled in", async () => {
  const { app } = await opened();
  expect([app.welcoming, app.exchange.url, app.exchange.session]).toEqual([true, "http://127.0.0.1:40117/orders?limit=5", "demo"]);
});

test("another workspace is not welcomed with the demo", async () => {
  const { app } = await opened({ folder: true });
  expect(app.welcoming).toBe(false);
});

test("the command line can start the tour, and it ends with the retried answer on show", async () => {
  const { app, later } = await opened({ autorun: "tour" });
  expect(app.tour.running).toBe(true);
  await later(9_000);
  expect([app.tour.running, app.tour.progress?.done, app.exchange.response?.status, app.exchange.send?.attempts.length]).toEqual([false, true, 200, 2]);
});

test("a session counts on and is told anew after a refresh", async () => {
  const { app, later } = await opened();
  void app.signIn("demo");
  await later(400);
  expect([app.sessions.current?.generation, app.token.details?.generation]).toEqual([1, 1]);
  void app.act("refresh_now", { session: "demo" });
  await later(400);
  expect([app.sessions.current?.generation, app.token.details?.flight, app.notices.all]).toEqual([2, 1, []]);
});

test("a refused address is a failure on show, and nothing is pending", async () => {
  const { app, later } = await opened();
  app.exchange.url = "not an address";
  void app.exchange.press();
  await later(50);
  expect([app.exchange.failure?.code, app.exchange.pending]).toEqual(["url.invalid", false]);
});

test("an address outside the session's list can still be sent to without the token", async () => {
  const { app, later } = await opened();
  void app.signIn("demo");
  await later(400);
  app.exchange.url = "https://evil.test/x";
  void app.exchange.press();
  await later(50);
  expect(app.exchange.failure?.code).toBe("origin.blocked");
  void app.exchange.press({ withoutToken: true });
  await later(600);
  expect([app.exchange.send?.withheld, app.exchange.failure?.code]).toEqual(["origin_not_allowed", "host.unreachable"]);
});

test("stop ends a request that is under way", async () => {
  const { app, later } = await opened();
  void app.signIn("demo");
  await later(400);
  void app.exchange.press();
  await later(60);
  expect(app.exchange.pending).toBe(true);
  void app.exchange.stop();
  await later(60);
  expect([app.exchange.pending, app.exchange.send?.outcome]).toEqual([false, "stopped"]);
});

test("a locked keychain is trouble until the user does without it", async () => {
  const { app, later } = await opened({ keychain: "locked" });
  expect(app.keychain.trouble?.code).toBe("store.locked");
  void app.keepInMemory();
  await later(100);
  expect([app.keychain.trouble, app.sessions.current?.kept]).toEqual([null, "memory"]);
});

test("sizes are kept within their limits and saved once, a moment after the last change", async () => {
  const { app, backend, later } = await opened();
  for (const size of [240, 260, 9_000]) app.settings.resize("timeline", size);
  app.settings.setTheme("dark");
  await later(1_000);
  expect(backend.saved.map((one) => [one.timeline_height_px, one.theme])).toEqual([[560, "dark"]]);
});

test("what was found at the start can be put away", async () => {
  const { app } = await opened({ notices: [{ code: "database.corrupt", params: {} }, { code: "settings.corrupt", params: {} }] });
  const first = app.notices.all[0];
  app.notices.dismiss(first?.id ?? 0);
  expect(app.notices.all.map((one) => one.failure.code)).toEqual(["settings.corrupt"]);
});
