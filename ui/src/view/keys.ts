// The keys that work anywhere in the window: each runs the command that has it.
import { chordOf } from "../lib/chord";
import type { App } from "../state/app.svelte";
import { run } from "./commands";

/** Answers one key, if a command has it. */
export function listen(event: KeyboardEvent, app: App): void {
  if (app.view === null || app.dialog !== null || app.tabs.closing !== null || event.defaultPrevented) return;
  if (!act(event, app)) return;
  event.preventDefault();
  event.stopPropagation();
}

/** Escape, where nobody closer to the focus had a use for it: stops what is under way, or puts the drawer away. */
export function leave(event: KeyboardEvent, app: App): void {
  if (event.key !== "Escape" || app.view === null || app.dialog !== null || event.defaultPrevented) return;
  if (app.exchange.pending) run("stop", app);
  else if (app.selection.drawer) app.selection.drawer = false;
}

function act(event: KeyboardEvent, app: App): boolean {
  const chord = chordOf(event);
  if (chord === null || chord === "Escape") return false;
  const session = /^Ctrl\+[1-9]$/.test(chord) ? app.sessions.all[Number(chord.at(-1)) - 1] : undefined;
  if (session) {
    app.choose(session.name);
    return true;
  }
  const id = app.keymap.commandOf(chord);
  if (id === null) return false;
  // Also where it cannot be run now: what the page itself would do is never meant.
  run(id, app);
  return true;
}
