// The requests that are open, one a tab: what is written in them outlives the window, whether it was saved or not.
import type { Backend } from "../backend/backend";
import { failureOf } from "../backend/failure";
import type { SavedRequest } from "../wire/SavedRequest";
import { Exchange } from "./exchange.svelte";
import type { Notices } from "./notices.svelte";
import type { Kept } from "./request.svelte";
import type { Timeline } from "./timeline.svelte";

/** At most so many are open; opening one more takes the place of the one on show if nothing in it is unsaved. */
export const TABS_MAX = 60;
/** What is written is kept when nothing was typed for so long. */
const KEEP_AFTER_MS = 300;

/** The tabs. */
export class Tabs {
  all = $state.raw<Exchange[]>([]);
  current = $state.raw<Exchange>() as Exchange;
  /** A tab with unsaved work that is asked about before it closes. */
  closing = $state.raw<Exchange | null>(null);

  readonly #backend: Backend;
  readonly #timeline: Timeline;
  readonly #notices: Notices;
  readonly #run: () => number;
  readonly #kept = new Map<number, string>();
  #arranged = "";
  #demo: string | null = null;
  #ids = 1;
  #due: ReturnType<typeof setTimeout> | null = null;
  #writing: Promise<void> = Promise.resolve();

  constructor(backend: Backend, timeline: Timeline, notices: Notices, run: () => number) {
    this.#backend = backend;
    this.#timeline = timeline;
    this.#notices = notices;
    this.#run = run;
    this.current = this.#made();
    this.all = [this.current];
  }

  /** Takes up what was open when the window was closed, or ended without being asked. False: nothing was. The demo's server is
   * elsewhere at every start; what was written for it goes along. */
  async resume(demo: string | null): Promise<boolean> {
    this.#demo = demo;
    try {
      const { tabs, active } = await this.#backend.call("read_tabs", {});
      const opened = tabs.flatMap(({ id, draft }) => {
        const kept = read(draft, demo);
        if (!kept) return [];
        const exchange = this.#made(id);
        exchange.form.resume(kept);
        this.#kept.set(id, draft);
        return [exchange];
      });
      const first = opened[0];
      if (!first) return false;
      this.current.close();
      this.all = opened;
      this.current = opened.find((one) => one.id === active) ?? first;
      this.#arranged = this.#arrangement;
      return true;
    } catch (error) {
      this.#notices.add(failureOf(error));
      return false;
    }
  }

  /** Shows a tab. */
  show(exchange: Exchange): void {
    this.current = exchange;
  }

  /** Goes to the next tab, or the one before. */
  step(by: 1 | -1): void {
    const at = this.all.indexOf(this.current);
    this.current = this.all[(at + by + this.all.length) % this.all.length] ?? this.current;
  }

  /** A new tab with nothing in it but the session. */
  blank(session: string | null = this.current.session): Exchange {
    const made = this.#made();
    made.form.session = session;
    made.form.settle();
    return this.#add(made);
  }

  /** Sets the session of a tab with nothing in it, at the start. */
  begin(session: string | null): void {
    this.current.form.session = session;
    this.current.form.settle();
  }

  /** Opens a saved request: in the tab that has it, else in this one if nothing in it is unsaved, else in a new one. */
  open(request: SavedRequest): void {
    const there = this.all.find((one) => one.saved === request.id);
    if (there) this.show(there);
    else if (!this.current.form.unsaved) {
      // What was answered to another request is not the answer to this one.
      const at = this.all.indexOf(this.current);
      const made = this.#made();
      made.open(request);
      this.current.close();
      this.all = this.all.with(at, made);
      this.current = made;
    } else this.#add(this.#made()).open(request);
  }

  /** Opens in a new tab what is in no file: a copy, or something that was sent before. */
  take(kept: Kept): Exchange {
    const made = this.#made();
    made.form.resume(kept);
    if (this.current.blank) {
      const at = this.all.indexOf(this.current);
      this.current.close();
      this.all = this.all.with(at, made);
      this.current = made;
      return made;
    }
    return this.#add(made);
  }

  /** Closes a tab; one with unsaved work is asked about first. */
  close(exchange: Exchange, how: { discard?: boolean } = {}): void {
    if (exchange.form.unsaved && !how.discard) {
      this.closing = exchange;
      return;
    }
    const at = this.all.indexOf(exchange);
    exchange.close();
    this.closing = null;
    const left = this.all.filter((one) => one !== exchange);
    if (left.length === 0) left.push(this.#made());
    this.all = left;
    if (this.current === exchange) this.current = left[Math.min(at, left.length - 1)] as Exchange;
  }

  /** Moves a tab among the others. */
  move(exchange: Exchange, by: 1 | -1): void {
    const at = this.all.indexOf(exchange);
    const other = this.all[at + by];
    if (other) this.all = this.all.with(at, other).with(at + by, exchange);
  }

  /** Keeps what is written, a moment after the last change. To be called in an effect: it reads everything that is kept. */
  keep(): void {
    const tabs = this.all.map((one) => ({ id: one.id, draft: JSON.stringify({ ...one.form.outlasting, demo: this.#demo }) }));
    const [arrangement, order, active] = [this.#arrangement, this.all.map((one) => one.id), this.current.id];
    if (this.#due !== null) clearTimeout(this.#due);
    this.#due = setTimeout(() => {
      this.#due = null;
      this.#writing = this.#writing.then(() => this.#write(tabs, arrangement, { order, active }));
    }, KEEP_AFTER_MS);
  }

  get #arrangement(): string {
    return JSON.stringify([this.all.map((one) => one.id), this.current.id]);
  }

  async #write(tabs: { id: number; draft: string }[], arrangement: string, arranged: { order: number[]; active: number }): Promise<void> {
    try {
      for (const tab of tabs) {
        if (this.#kept.get(tab.id) === tab.draft) continue;
        await this.#backend.call("keep_tab", tab);
        this.#kept.set(tab.id, tab.draft);
      }
      if (this.#arranged !== arrangement) {
        await this.#backend.call("arrange_tabs", arranged);
        this.#arranged = arrangement;
      }
    } catch (error) {
      this.#notices.add(failureOf(error));
    }
  }

  #made(id = this.#ids): Exchange {
    this.#ids = Math.max(this.#ids, id) + 1;
    return new Exchange(id, this.#backend, this.#timeline, this.#run);
  }

  #add(made: Exchange): Exchange {
    if (this.all.length >= TABS_MAX) {
      const spare = this.all.find((one) => !one.form.unsaved);
      if (spare) {
        spare.close();
        this.all = this.all.filter((one) => one !== spare);
      }
    }
    this.all = [...this.all, made];
    this.current = made;
    return made;
  }
}

/** What was kept, if this version can read it. */
function read(draft: string, demo: string | null): Kept | null {
  try {
    const before = (JSON.parse(draft) as { demo?: string | null }).demo;
    const kept = JSON.parse(before && demo ? draft.replaceAll(before, demo) : draft) as Partial<Kept>;
    return kept.content && typeof kept.content.url === "string" && typeof kept.kept === "string" ? (kept as Kept) : null;
  } catch {
    return null;
  }
}
