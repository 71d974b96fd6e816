// The log: every event by its place, read page by page as it is scrolled to.
import type { Backend } from "../backend/backend";
import { type Moment, idOf } from "../lib/moment";
import type { LogPage } from "../wire/LogPage";

/** Events of one page. */
export const PAGE = 200;
/** Rows that are kept; those that were scrolled away from long ago are read again. */
const ROWS_MAX = 4_000;

/** Rows by their places. */
export class Log {
  total = $state(0);
  /** Grows when rows have arrived. */
  version = $state(0);
  readonly #backend: Backend;
  #rows = new Map<number, Moment>();
  #filter = "";
  #asked = new Set<number>();
  #newest: { asked: boolean; again: boolean } = { asked: false, again: false };

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** The row at a place, if it is here. */
  row(place: number): Moment | undefined {
    return this.#rows.get(place);
  }

  /** The place of an event, if its row is here. */
  placeOf(id: string): number | null {
    for (const [place, row] of this.#rows) if (idOf(row) === id) return place;
    return null;
  }

  /** Begins anew where the filter has changed. */
  of(filter: string): void {
    if (this.#filter === filter) return;
    this.#filter = filter;
    this.#rows = new Map();
    this.#asked = new Set();
    this.total = 0;
  }

  /** Reads the newest page; asked while it is read, once more after that. */
  async readNewest(): Promise<void> {
    if (this.#newest.asked) {
      this.#newest.again = true;
      return;
    }
    this.#newest = { asked: true, again: false };
    await this.#read(null);
    const { again } = this.#newest;
    this.#newest = { asked: false, again: false };
    if (again) await this.readNewest();
  }

  /** Sees to it that these places are here, soon. */
  want(from: number, to: number): void {
    for (let page = Math.floor(from / PAGE); page * PAGE < Math.min(to, this.total); page += 1) {
      const end = Math.min((page + 1) * PAGE, this.total);
      let missing = false;
      for (let place = Math.max(from, page * PAGE); place < Math.min(to, end); place += 1) missing ||= !this.#rows.has(place);
      if (!missing || this.#asked.has(page)) continue;
      this.#asked.add(page);
      void this.#read(page * PAGE).finally(() => this.#asked.delete(page));
    }
  }

  async #read(first: number | null): Promise<void> {
    const filter = this.#filter;
    let page: LogPage;
    try {
      page = await this.#backend.call("read_log", { filter, first, max: PAGE });
    } catch {
      // Without a database there is nothing to list, and the notices say so.
      return;
    }
    if (filter !== this.#filter) return;
    if (this.#rows.size > ROWS_MAX) this.#rows = new Map();
    for (const [index, event] of page.events.entries()) this.#rows.set(page.first + index, { ...event, cause_seq: event.cause_seq ?? [], at: event.wall_ms });
    this.total = page.total;
    this.version += 1;
  }
}
