// What each command does. What it is called and its keys are in `words/commands.ts`.
import { flushSync } from "svelte";
import type { App } from "../state/app.svelte";
import type { InspectorTab } from "../state/selection.svelte";
import type { CommandId } from "../words/commands";

/** A command: whether it can be run now, and what it does. */
interface Command {
  run: (app: App) => void;
  /** Absent: always. */
  ready?: (app: App) => boolean;
}

/** Every command. */
const ACTS: Record<CommandId, Command> = {
  palette: { run: (app) => (app.dialog = { kind: "palette" }) },
  send: { run: (app) => void app.exchange.press() },
  stop: { run: (app) => void app.exchange.stop(), ready: (app) => app.exchange.pending },
  save: { run: (app) => void app.save() },
  rename: { run: (app) => withSaved(app, (request) => (app.dialog = { kind: "rename", request })), ready: hasFile },
  duplicate: { run: (app) => withSaved(app, (request) => void app.saved.duplicate(request)), ready: hasFile },
  delete: { run: (app) => withSaved(app, (request) => (app.dialog = { kind: "delete", request })), ready: hasFile },
  "new-tab": {
    run: (app) => {
      app.tabs.blank();
      flushSync();
      focus("[data-testid=url]");
    },
  },
  "close-tab": { run: (app) => app.tabs.close(app.exchange) },
  "next-tab": { run: (app) => app.tabs.step(1), ready: (app) => app.tabs.all.length > 1 },
  "previous-tab": { run: (app) => app.tabs.step(-1), ready: (app) => app.tabs.all.length > 1 },
  address: { run: () => focus("[data-testid=url]", true) },
  "new-session": { run: (app) => (app.dialog = { kind: "editor", session: null }) },
  refresh: { run: (app) => withSession(app, (session) => void app.act("refresh_now", { session })), ready: (app) => Boolean(app.sessions.current?.generation) },
  "sign-in": { run: (app) => withSession(app, (session) => void app.signIn(session)), ready: (app) => app.sessions.selected !== null },
  "sign-out": { run: (app) => withSession(app, (session) => (app.dialog = { kind: "sign-out", session })), ready: (app) => Boolean(app.sessions.current?.generation) },
  import: { run: (app) => (app.dialog = { kind: "import", start: null }) },
  code: { run: (app) => (app.dialog = { kind: "code" }) },
  opinion: { run: secondOpinion, ready: (app) => app.exchange.send?.finished != null && app.exchange.send.run === app.view?.run },
  history: { run: (app) => (app.dialog = { kind: "history" }) },
  "save-body": { run: () => document.querySelector<HTMLElement>("[data-testid=save-body]")?.click(), ready: (app) => (app.exchange.response?.body_bytes ?? 0) > 0 },
  requests: { run: () => focus("#sessions-pane .tree [tabindex='0']") || focus("#sessions-pane") },
  timeline: { run: () => focus("#timeline-pane [data-focus]") || focus("#timeline-pane") },
  inspector: { run: (app) => inspect(app, app.selection.tab) },
  inspect: { run: (app) => (app.dialog = { kind: "inspect" }) },
  compare: { run: (app) => app.openCompare() },
  lineage: { run: (app) => inspect(app, "lineage") },
  faults: { run: (app) => inspect(app, "faults") && focus("[data-testid=fault-search]") },
  "faults-off": { run: (app) => void app.lab.clearAll(), ready: (app) => app.lab.armed.length > 0 },
  "next-region": { run: () => cycle(1) },
  "previous-region": { run: () => cycle(-1) },
  "theme-light": { run: (app) => app.settings.setTheme("light") },
  "theme-dark": { run: (app) => app.settings.setTheme("dark") },
  "theme-system": { run: (app) => app.settings.setTheme("system") },
  help: { run: (app) => (app.dialog = { kind: "help" }) },
};

/** Whether a command can be run now. */
export function isReady(id: CommandId, app: App): boolean {
  return ACTS[id].ready?.(app) ?? true;
}

/** Runs a command, if it can be run now. */
export function run(id: CommandId, app: App): void {
  if (isReady(id, app)) ACTS[id].run(app);
}

function hasFile(app: App): boolean {
  return app.view?.workspace.path != null && app.saved.find(app.exchange.saved) !== null;
}

function withSaved(app: App, act: (request: NonNullable<ReturnType<App["saved"]["find"]>>) => void): void {
  const request = app.saved.find(app.exchange.saved);
  if (request) act(request);
}

function withSession(app: App, act: (session: string) => void): void {
  if (app.sessions.selected) act(app.sessions.selected);
}

/** Asks another client the same as the send on show. */
function secondOpinion(app: App): void {
  const send = app.exchange.send;
  if (send) app.dialog = { kind: "opinion", request: send.number, attempt: null };
}

/** Shows a tab of the inspector, and goes there. */
function inspect(app: App, tab: InspectorTab): boolean {
  app.selection.tab = tab;
  app.selection.drawer = true;
  flushSync();
  return focus("#inspector-pane [role=tab][aria-selected=true]");
}

function focus(selector: string, select = false): boolean {
  const target = document.querySelector<HTMLElement>(selector);
  target?.focus();
  if (select && target instanceof HTMLInputElement) target.select();
  return target !== null;
}

/** From region to region, in the order of the page; regions that are not shown are passed over. */
function cycle(by: 1 | -1): void {
  const regions = [...document.querySelectorAll<HTMLElement>("[data-region]")].filter((one) => one.offsetParent !== null);
  const at = regions.findIndex((one) => one.contains(document.activeElement));
  regions[(at + by + regions.length) % regions.length]?.focus();
}
