// The played request files, and the tabs that outlive a reload of the page.
import type { NewRequest } from "../../wire/NewRequest";
import type { MoveRequest } from "../../wire/MoveRequest";
import type { OpenTabs } from "../../wire/OpenTabs";
import type { SavedRequest } from "../../wire/SavedRequest";
import { failure } from "./engine";

/** Request files by id. */
export class FakeRequests {
  readonly #files = new Map<string, SavedRequest>();
  #revisions = 1;

  constructor(requests: SavedRequest[]) {
    for (const request of requests) this.put(request);
  }

  get all(): SavedRequest[] {
    return [...this.#files.values()];
  }

  /** Writes one as an editor beside the window would. */
  put(request: SavedRequest): SavedRequest {
    const written = { ...request, revision: String(this.#revisions++) };
    this.#files.set(request.id, written);
    return written;
  }

  /** Removes one as somebody outside the window would. */
  drop(id: string): void {
    this.#files.delete(id);
  }

  read(id: string): SavedRequest {
    return this.#files.get(id) ?? refuse("workspace.invalid", id);
  }

  save(request: SavedRequest): SavedRequest {
    this.#unchanged(request.id, request.revision);
    return this.put(request);
  }

  create({ collection, request }: NewRequest): SavedRequest {
    return this.put({ ...request, id: this.#free(collection, request.name) });
  }

  move({ id, revision, collection, name }: MoveRequest): SavedRequest {
    const before = this.#unchanged(id, revision);
    this.#files.delete(id);
    return this.put({ ...before, id: this.#free(collection, name), name });
  }

  remove(id: string, revision: string): void {
    this.#unchanged(id, revision);
    this.#files.delete(id);
  }

  #unchanged(id: string, revision: string | null): SavedRequest {
    const now = this.#files.get(id);
    if (!now) throw failure("workspace.changed", { path: `requests/${id}.toml`, gone: "true" });
    return now.revision === revision ? now : refuse("workspace.changed", id);
  }

  #free(collection: string, name: string): string {
    const wanted = [...collection.split("/").filter(Boolean), name.replace(/[^\p{L}\p{N} ._-]+/gu, "-")].join("/");
    let [free, number] = [wanted, 2];
    while (this.#files.has(free)) free = `${wanted} ${number++}`;
    return free;
  }
}

function refuse(code: "workspace.invalid" | "workspace.changed", id: string): never {
  throw failure(code, { path: `requests/${id}.toml` });
}

const KEY = "tabs";

/** What was open, as long as the page's own session lasts. */
export class FakeTabs {
  #open: OpenTabs;

  constructor() {
    const kept = typeof sessionStorage === "undefined" ? null : sessionStorage.getItem(KEY);
    this.#open = kept ? (JSON.parse(kept) as OpenTabs) : { tabs: [], active: null };
  }

  get all(): OpenTabs {
    return this.#open;
  }

  keep(tab: OpenTabs["tabs"][number]): void {
    this.#open.tabs = [...this.#open.tabs.filter((one) => one.id !== tab.id), tab];
    this.#write();
  }

  arrange(order: number[], active: number): void {
    this.#open = { tabs: order.flatMap((id) => this.#open.tabs.filter((one) => one.id === id)), active };
    this.#write();
  }

  #write(): void {
    if (typeof sessionStorage !== "undefined") sessionStorage.setItem(KEY, JSON.stringify(this.#open));
  }
}
