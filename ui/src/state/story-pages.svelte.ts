// Rows of the story that the view does not hold: read page by page, from the end or from where the others begin.
import type { Backend } from "../backend/backend";
import { type Row, tell } from "../lib/story";
import { idOf } from "../lib/moment";
import type { EventKey } from "../wire/EventKey";
import type { Excerpt } from "../wire/Excerpt";
import { told } from "./past.svelte";

/** Groups of one page. */
const PAGE = 100;

/** Rows of one filter, without a hole. */
export class StoryPages {
  rows = $state.raw<Row[]>([]);
  /** How many come before them. Null: nothing was read yet. */
  earlier = $state<number | null>(null);
  /** What they match. Null: nothing was read yet. */
  filter = $state<string | null>(null);
  readonly #backend: Backend;
  #reading = false;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  clear(): void {
    Object.assign(this, { rows: [], earlier: null, filter: null });
  }

  /** Reads the newest page of a filter; what was read before it stays. */
  async readNewest(filter: string): Promise<void> {
    await this.#read({ filter, end: null }, (page, rows) => {
      const known = new Set(rows.map((row) => row.id));
      const before = this.filter === filter ? this.rows.filter((row) => !known.has(row.id)) : [];
      Object.assign(this, { rows: [...before, ...rows], earlier: before.length > 0 ? this.earlier : page.first, filter });
    });
  }

  /** Reads the page before what was read, or before this group. */
  async readEarlier(filter: string, group: EventKey | null): Promise<void> {
    let end = this.filter === filter ? this.earlier : null;
    if (end === null && group) {
      const before = await this.#backend.call("find_match", { filter, from: group, back: true }).catch(() => null);
      end = before ? before.place + 1 : 0;
    }
    if (end === 0) {
      Object.assign(this, { earlier: 0, filter });
      return;
    }
    await this.#read({ filter, end }, (page, rows) => {
      Object.assign(this, { rows: this.filter === filter ? [...rows, ...this.rows] : rows, earlier: page.first, filter });
    });
  }

  async #read(what: { filter: string; end: number | null }, take: (page: Excerpt, rows: Row[]) => void): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      const page = await this.#backend.call("read_story", { ...what, max: PAGE });
      const chronicle = told(page.events);
      const wanted = new Set(page.groups.map(idOf));
      take(page, chronicle.groups.filter((group) => wanted.has(group.id)).map((group) => tell(group, chronicle)));
    } catch {
      // Without a database there is nothing to read, and the notices say so.
    } finally {
      this.#reading = false;
    }
  }
}
