// What the play keeps of marks and filters: as long as the page's tab, so that a reload finds them again.
import type { Bookmarks } from "../../wire/Bookmarks";

const NAME = "sandglass.bookmarks";
const NONE: Bookmarks = { marks: [], range: null, filter: "", filters: [] };

/** The file of the bookmarks, played. */
export class KeptBookmarks {
  #held = NONE;

  read(): Bookmarks {
    const text = globalThis.sessionStorage?.getItem(NAME);
    return text ? (JSON.parse(text) as Bookmarks) : this.#held;
  }

  keep(bookmarks: Bookmarks): void {
    this.#held = bookmarks;
    globalThis.sessionStorage?.setItem(NAME, JSON.stringify(bookmarks));
  }
}
