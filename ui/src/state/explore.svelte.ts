// How the timeline is looked at: the stretch, the filter, the lanes as the user arranged them, marks and a range.
import type { Backend } from "../backend/backend";
import type { Arrangement } from "../lib/lanes";
import { idOf } from "../lib/moment";
import type { EventKey } from "../wire/EventKey";
import type { Overview } from "../wire/Overview";
import { Past } from "./past.svelte";
import { Search } from "./search.svelte";
import type { Selection } from "./selection.svelte";
import type { Timeline } from "./timeline.svelte";
import { Viewport } from "./viewport.svelte";

/** Columns of the map of the whole run. */
const MAP_COLUMNS = 1_024;
/** The map is drawn anew at most this often while events arrive. */
const MAP_MS = 1_000;

/** An event that was marked, and when it happened. */
export type Mark = EventKey & { at: number };

/** The timeline, as it is looked at. */
export class Explore {
  readonly viewport = new Viewport();
  readonly search: Search;
  readonly past: Past;
  /** Events that the user marked, by their ids, with their times. */
  marks = $state.raw<ReadonlyMap<string, Mark>>(new Map());
  /** The stretch that the user chose; an end that was not chosen yet is where the other one is. */
  range = $state.raw<{ from: number; to: number } | null>(null);
  arrangement = $state.raw<Arrangement>({ order: [], folded: new Set(), opened: new Set(), pinned: new Set() });
  /** The density of the runs that are looked at. */
  map = $state.raw<Overview | null>(null);

  readonly #backend: Backend;
  readonly #timeline: Timeline;
  readonly #selection: Selection;
  #mapped = 0;
  #mapping = false;

  constructor(backend: Backend, timeline: Timeline, selection: Selection) {
    this.#backend = backend;
    this.#timeline = timeline;
    this.#selection = selection;
    this.search = new Search(backend, timeline);
    this.past = new Past(backend);
  }

  /** The beginning of what the view holds by itself: earlier events are read. */
  readonly heldFrom = $derived.by((): number => {
    void this.#timeline.version;
    return this.#timeline.chronicle.moments[0]?.at ?? 0;
  });

  /** There are events before those that are held. */
  get #earlier(): boolean {
    return this.#timeline.forgot || (this.#timeline.chronicle.moments[0]?.seq ?? 1) > 1;
  }

  /** Whether a frame has to be read. */
  isPast(frame: { from: number; to: number }): boolean {
    return this.search.filter !== "" || (this.#earlier && frame.from < this.heldFrom);
  }

  /** Marks an event, or takes the mark away. */
  mark({ run, seq, at }: Mark): void {
    const marks = new Map(this.marks);
    const id = idOf({ run, seq });
    if (!marks.delete(id)) marks.set(id, { run, seq, at });
    this.marks = marks;
  }

  /** Goes to the mark after the event that is looked at, or to the first one. */
  async goToMark(): Promise<void> {
    const marks = [...this.marks.values()].sort((a, b) => a.at - b.at);
    const here = this.#selection.key;
    const place = marks.findIndex((one) => here !== null && one.run === here.run && one.seq === here.seq);
    const next = marks[place + 1] ?? marks[0];
    if (next) await this.goTo({ run: next.run, seq: next.seq }, { from: next.at, to: next.at });
  }

  /** Begins or ends the range at a moment. */
  bound(end: "from" | "to", at: number): void {
    const range = { from: this.range?.from ?? at, to: this.range?.to ?? at, [end]: at };
    if (range.from > range.to) range[end === "from" ? "to" : "from"] = at;
    this.range = range;
  }

  /** Folds the lanes under a session, or shows them. */
  fold(session: string): void {
    this.arrangement = { ...this.arrangement, folded: toggled(this.arrangement.folded, session) };
  }

  /** Shows all requests of a session, or the newest ones only. */
  open(session: string): void {
    this.arrangement = { ...this.arrangement, opened: toggled(this.arrangement.opened, session) };
  }

  /** Keeps a lane at the top, or lets it go. */
  pin(lane: string): void {
    this.arrangement = { ...this.arrangement, pinned: toggled(this.arrangement.pinned, lane) };
  }

  /** Moves a session up or down among these. */
  move(session: string, by: 1 | -1, among: string[]): void {
    const at = among.indexOf(session);
    const other = among[at + by];
    if (at < 0 || other === undefined) return;
    const order = among.with(at, other).with(at + by, session);
    this.arrangement = { ...this.arrangement, order };
  }

  /** Looks at a group that may be anywhere: reads it, selects its first event, and moves the frame there. */
  async goTo(group: EventKey, around: { from: number; to: number }): Promise<void> {
    const held = this.#timeline.find(group);
    if (!held) {
      const margin = this.viewport.span;
      const wish = { from: around.from - margin / 2, to: around.to + margin / 2, filter: this.search.filter, version: this.#timeline.version };
      await this.past.read(wish);
      if (this.past.stretch) this.#timeline.past = this.past.stretch.chronicle;
    }
    this.viewport.reveal(around.from);
    this.#selection.show(group);
  }

  /** Draws the map anew, if it is time. */
  async drawMap(): Promise<void> {
    if (this.#mapping || Date.now() - this.#mapped < MAP_MS) return;
    this.#mapping = true;
    try {
      const frame = this.viewport.frame(Date.now());
      this.map = await this.#backend.call("read_overview", {
        filter: this.search.filter, from_ms: Math.round(frame.from), to_ms: Math.round(frame.to), whole_runs: true, buckets: MAP_COLUMNS,
      });
    } catch {
      // Without a database there is no map, and the notices say so.
    } finally {
      this.#mapped = Date.now();
      this.#mapping = false;
    }
  }

  /** Shows all of the runs that are looked at. */
  fit(): void {
    const map = this.map;
    if (map) this.viewport.show(map.from_ms, Math.max(map.to_ms, map.from_ms + 1));
    else this.viewport.fit(this.#timeline.chronicle, this.#timeline.newest?.run ?? 0);
  }
}

function toggled(set: ReadonlySet<string>, one: string): ReadonlySet<string> {
  const next = new Set(set);
  if (!next.delete(one)) next.add(one);
  return next;
}
