// The saved requests of the workspace: what is written into its files from here, and what others write there.
import type { Backend } from "../backend/backend";
import { failureOf } from "../backend/failure";
import { collectionOf, nameOfCopy } from "../lib/collections";
import type { Failure } from "../wire/Failure";
import type { SavedRequest } from "../wire/SavedRequest";
import type { Exchange } from "./exchange.svelte";
import type { Notices } from "./notices.svelte";
import type { Tabs } from "./tabs.svelte";
import type { Timeline } from "./timeline.svelte";

/** The requests that have files. */
export class Saved {
  all = $state.raw<SavedRequest[]>([]);
  /** Folders that are closed in the tree. */
  closed = $state.raw<ReadonlySet<string>>(new Set());
  /** The folder of a workspace that was made for what was saved here; it is open after the next start. */
  elsewhere = $state.raw<string | null>(null);

  readonly #backend: Backend;
  readonly #tabs: Tabs;
  readonly #notices: Notices;
  #told = "";

  constructor(backend: Backend, timeline: Timeline, tabs: Tabs, notices: Notices) {
    this.#backend = backend;
    this.#tabs = tabs;
    this.#notices = notices;
    timeline.listen((moment) => {
      if (moment.kind === "WorkspaceRead" && moment.run === timeline.chronicle.own) void this.read();
    });
  }

  find(id: string | null): SavedRequest | null {
    return this.all.find((one) => one.id === id) ?? null;
  }

  fold(folder: string): void {
    const closed = new Set(this.closed);
    if (!closed.delete(folder)) closed.add(folder);
    this.closed = closed;
  }

  /** Takes in what the files say now. */
  async read(): Promise<void> {
    try {
      const { requests, unreadable } = await this.#backend.call("list_requests", {});
      this.set(requests);
      this.#tell(unreadable);
    } catch (error) {
      this.#notices.add(failureOf(error));
    }
  }

  /** Takes over what the files say; a tab with unsaved work is asked about, every other one follows. */
  set(requests: SavedRequest[]): void {
    this.all = requests;
    for (const tab of this.#tabs.all) {
      const { file } = tab.form;
      if (!file) continue;
      const now = this.find(file.id);
      if (now && now.revision === file.revision && now.revision !== null) tab.theirs = null;
      else if (now && now.revision === null && tab.form.unsaved) tab.theirs = null;
      else if (now && !tab.form.unsaved) tab.open(now);
      else tab.theirs = now ?? "gone";
    }
  }

  /** Writes an open request into its file. False: it has none yet, and is to get a name first. */
  async save(tab: Exchange): Promise<boolean> {
    const { file } = tab.form;
    if (!file || file.revision === null || tab.theirs === "gone") return false;
    const ready = tab.form.asSaved(file.id, file.name, file.revision);
    if ("refused" in ready) {
      tab.refused = ready.refused;
      return true;
    }
    try {
      this.#settled(tab, await this.#backend.call("save_request", ready.saved));
    } catch (error) {
      await this.#refused(tab, failureOf(error));
    }
    return true;
  }

  /** Writes an open request into a new file. */
  async create(tab: Exchange, name: string, collection: string): Promise<Failure | null> {
    const ready = tab.form.asSaved("", name, null);
    if ("refused" in ready) return ready.refused;
    try {
      const { request, folder } = await this.#backend.call("create_request", { collection, request: ready.saved });
      this.#settled(tab, request);
      this.elsewhere = folder;
      return null;
    } catch (error) {
      return failureOf(error);
    }
  }

  /** Gives a saved request another name or collection. */
  async move(request: SavedRequest, name: string, collection: string): Promise<Failure | null> {
    try {
      const moved = await this.#backend.call("move_request", { id: request.id, revision: request.revision ?? "", collection, name });
      for (const tab of this.#tabs.all) if (tab.form.file?.id === request.id) tab.form.file = { id: moved.id, name: moved.name, revision: moved.revision };
      this.#replace(request.id, moved);
      return null;
    } catch (error) {
      return failureOf(error);
    }
  }

  /** Writes the same into a file beside it, and opens that. */
  async duplicate(request: SavedRequest): Promise<void> {
    try {
      const made = await this.#backend.call("create_request", { collection: collectionOf(request.id), request: { ...request, id: "", name: nameOfCopy(request.name), revision: null } });
      this.#replace(made.request.id, made.request);
      this.#tabs.open(made.request);
    } catch (error) {
      this.#notices.add(failureOf(error));
    }
  }

  async remove(request: SavedRequest): Promise<void> {
    try {
      await this.#backend.call("delete_request", { id: request.id, revision: request.revision ?? "" });
      this.all = this.all.filter((one) => one.id !== request.id);
      // What is open stays open, as something that has no file.
      for (const tab of this.#tabs.all) if (tab.saved === request.id) this.#let(tab);
    } catch (error) {
      this.#notices.add(failureOf(error));
    }
  }

  /** What was written here holds; the next save writes over what others wrote. */
  keepMine(tab: Exchange): void {
    const { theirs } = tab;
    const { file } = tab.form;
    tab.theirs = null;
    if (theirs === "gone") this.#let(tab);
    else if (theirs && file) tab.form.file = { ...file, revision: theirs.revision };
  }

  #let(tab: Exchange): void {
    tab.form.file = null;
    tab.theirs = null;
  }

  #settled(tab: Exchange, saved: SavedRequest): void {
    tab.form.file = { id: saved.id, name: saved.name, revision: saved.revision };
    tab.form.settle();
    tab.refused = null;
    tab.theirs = null;
    if (saved.revision !== null) this.#replace(saved.id, saved);
  }

  #replace(id: string, by: SavedRequest): void {
    this.all = [...this.all.filter((one) => one.id !== id && one.id !== by.id), by].sort((one, other) => (one.id < other.id ? -1 : 1));
  }

  /** Somebody else was faster: their file is read, and the user decides. */
  async #refused(tab: Exchange, failure: Failure): Promise<void> {
    const id = tab.saved;
    if (failure.code !== "workspace.changed" || id === null) {
      this.#notices.add(failure);
      return;
    }
    try {
      tab.theirs = failure.params.gone ? "gone" : await this.#backend.call("read_request_file", { id });
    } catch (error) {
      this.#notices.add(failureOf(error));
    }
  }

  /** Tells of files that cannot be used, once. */
  #tell(unreadable: Failure[]): void {
    const now = JSON.stringify(unreadable);
    if (now === this.#told) return;
    this.#told = now;
    this.#notices.clear("workspace.invalid");
    for (const failure of unreadable) this.#notices.add(failure);
  }
}
