// The filter of the timeline: what was typed, what of it is in force, and what it finds.
import type { Backend } from "../backend/backend";
import { failureOf } from "../backend/failure";
import type { EventKey } from "../wire/EventKey";
import type { Failure } from "../wire/Failure";
import type { Found } from "../wire/Found";
import type { Matches } from "../wire/Matches";
import type { SavedFilter } from "../wire/SavedFilter";
import type { Timeline } from "./timeline.svelte";

/** After so long without a key, what was typed is read. */
const TYPING_MS = 120;
/** While events arrive, matches are counted at most this often. */
const COUNT_MS = 400;

/** The filter. */
export class Search {
  /** What is in the field. */
  text = $state("");
  /** What is in force: the last text that could be read. */
  filter = $state("");
  /** Why the text cannot be read. */
  failure = $state.raw<Failure | null>(null);
  matches = $state.raw<Matches | null>(null);
  /** The filters that have names. */
  saved = $state.raw<SavedFilter[]>([]);
  /** The match that the last step came to. */
  found = $state.raw<Found | null>(null);

  readonly #backend: Backend;
  #typing: ReturnType<typeof setTimeout> | null = null;
  #counted = 0;
  #asked = 0;

  constructor(backend: Backend, timeline: Timeline) {
    this.#backend = backend;
    timeline.listen(() => {
      if (this.filter !== "" && Date.now() - this.#counted > COUNT_MS) {
        this.#counted = Date.now();
        void this.#read(this.filter);
      }
    });
  }

  type(text: string): void {
    this.text = text;
    if (this.#typing !== null) clearTimeout(this.#typing);
    this.#typing = setTimeout(() => void this.apply(), TYPING_MS);
  }

  /** Reads what was typed, now. */
  async apply(text = this.text): Promise<void> {
    if (this.#typing !== null) clearTimeout(this.#typing);
    this.#typing = null;
    this.text = text;
    await this.#read(text);
  }

  clear(): void {
    void this.apply("");
  }

  /** Gives what is in force a name, in the place of another filter of that name. */
  save(name: string): void {
    const wanted = name.trim();
    if (wanted === "" || this.filter === "") return;
    this.saved = [...this.saved.filter((one) => one.name !== wanted), { name: wanted, filter: this.filter.trim() }];
  }

  /** Forgets a filter that has a name. */
  forget(name: string): void {
    this.saved = this.saved.filter((one) => one.name !== name);
  }

  /** Takes one word out. */
  remove(index: number): void {
    const words = this.matches?.words ?? [];
    void this.apply(words.filter((_, at) => at !== index).map((word) => word.text).join(" "));
  }

  /** Goes to the next match, or to the one before; with `more`, only to those that these words hold of too. */
  async step(from: EventKey | null, back: boolean, more = ""): Promise<Found | null> {
    const found = await this.#backend.call("find_match", { filter: `${this.filter} ${more}`.trim(), from, back });
    if (more === "") this.found = found;
    return found;
  }

  async #read(text: string): Promise<void> {
    const asked = ++this.#asked;
    const wanted = text.trim();
    if (wanted === "") {
      Object.assign(this, { filter: "", failure: null, matches: null, found: null });
      return;
    }
    try {
      const matches = await this.#backend.call("count_matches", { filter: text });
      if (asked !== this.#asked) return;
      if (this.filter !== text) this.found = null;
      Object.assign(this, { filter: text, failure: null, matches });
    } catch (error) {
      if (asked === this.#asked) this.failure = failureOf(error);
    }
  }
}
