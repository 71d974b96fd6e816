// What the keys do that work anywhere in the window. `words/keys.ts` says the same to people.
import { flushSync } from "svelte";
import type { App } from "../state/app.svelte";
import type { InspectorTab } from "../state/selection.svelte";

/** Answers one key, if it is one of ours. */
export function listen(event: KeyboardEvent, app: App): void {
  if (app.view === null || app.dialog !== null || event.defaultPrevented) return;
  if (!act(event, app)) return;
  event.preventDefault();
  event.stopPropagation();
}

/** Escape, where nobody closer to the focus had a use for it: stops what is under way, or puts the drawer away. */
export function leave(event: KeyboardEvent, app: App): void {
  if (event.key !== "Escape" || app.view === null || app.dialog !== null || event.defaultPrevented) return;
  if (app.exchange.pending) void app.exchange.stop();
  else if (app.selection.drawer) app.selection.drawer = false;
}

function act(event: KeyboardEvent, app: App): boolean {
  if (event.key === "F6") return cycle(event.shiftKey);
  if (event.key === "F1") return open(app);
  if (!event.ctrlKey || event.altKey || event.metaKey) return false;
  if (event.shiftKey) {
    return withShift(event.key.toLowerCase(), app);
  }
  const session = app.sessions.all[Number(event.key) - 1];
  if (/^[1-9]$/.test(event.key) && session) {
    app.choose(session.name);
    return true;
  }
  switch (event.key) {
    case "Enter":
      void app.exchange.press();
      return true;
    case "l":
      return focus("[data-testid=url]", true);
    case "j":
      return focus("#timeline-pane [data-focus]") || focus("#timeline-pane");
    case "o":
      app.dialog = { kind: "import", start: null };
      return true;
    case "i":
      app.selection.drawer = true;
      return focus("#inspector-pane [role=tab][aria-selected=true]");
    default:
      return false;
  }
}

function withShift(key: string, app: App): boolean {
  const session = app.sessions.selected;
  switch (key) {
    case "r":
      if (session && app.sessions.current?.generation) void app.act("refresh_now", { session });
      return true;
    case "y":
      app.dialog = { kind: "inspect" };
      return true;
    case "u":
      return secondOpinion(app);
    case "c":
      app.dialog = { kind: "code" };
      return true;
    case "l":
      return inspect(app, "lineage");
    case "f":
      return inspect(app, "faults") && focus("[data-testid=fault-search]");
    case "o":
      if (app.lab.armed.length) void app.lab.clearAll();
      return true;
    default:
      return false;
  }
}

/** Asks another client the same as the send on show, once that is over. */
function secondOpinion(app: App): boolean {
  const send = app.exchange.send;
  if (send?.finished && send.run === app.view?.run) app.dialog = { kind: "opinion", request: send.number, attempt: null };
  return true;
}

/** Shows a tab of the inspector, and goes there. */
function inspect(app: App, tab: InspectorTab): boolean {
  app.selection.tab = tab;
  app.selection.drawer = true;
  flushSync();
  return focus("#inspector-pane [role=tab][aria-selected=true]");
}

function open(app: App): boolean {
  app.dialog = { kind: "help" };
  return true;
}

function focus(selector: string, select = false): boolean {
  const target = document.querySelector<HTMLElement>(selector);
  target?.focus();
  if (select && target instanceof HTMLInputElement) target.select();
  return target !== null;
}

/** From region to region, in the order of the page; regions that are not shown are passed over. */
function cycle(back: boolean): boolean {
  const regions = [...document.querySelectorAll<HTMLElement>("[data-region]")].filter((one) => one.offsetParent !== null);
  const at = regions.findIndex((one) => one.contains(document.activeElement));
  const next = regions[(at + (back ? -1 : 1) + regions.length) % regions.length];
  next?.focus();
  return true;
}
