// The view's one model: every part of the screen reads from here, and every act goes through here.
import { getContext, setContext } from "svelte";
import type { Backend, Callable } from "../backend/backend";
import { failureOf } from "../backend/failure";
import type { AppView } from "../wire/AppView";
import type { Commands } from "../wire/Commands";
import type { Failure } from "../wire/Failure";
import type { Fault } from "../wire/Fault";
import type { ImportDone } from "../wire/ImportDone";
import type { ImportPreview } from "../wire/ImportPreview";
import type { Selection as Selected } from "../wire/Selection";
import type { SavedRequest } from "../wire/SavedRequest";
import { Bookmarks } from "./bookmarks.svelte";
import { Compare } from "./compare.svelte";
import type { Exchange } from "./exchange.svelte";
import { Explore } from "./explore.svelte";
import { Keychain } from "./keychain.svelte";
import { Keymap } from "./keymap.svelte";
import { Lab } from "./lab.svelte";
import { Notices } from "./notices.svelte";
import { Saved } from "./saved.svelte";
import { Selection } from "./selection.svelte";
import { Server } from "./server.svelte";
import { Sessions } from "./sessions.svelte";
import { Settings } from "./settings.svelte";
import { Tabs } from "./tabs.svelte";
import { Ticker } from "./ticker.svelte";
import { Timeline } from "./timeline.svelte";
import { Token } from "./token.svelte";
import { Tour } from "./tour.svelte";
import { Why } from "./why.svelte";

/** A dialog of the window. */
export type Dialog = { kind: "sign-in" | "sign-out"; session: string } | { kind: "reuse"; session: string; fault: Fault } | { kind: "help" | "inspect" | "compare" | "filters" | "palette" | "history" } | { kind: "editor"; session: string | null } | { kind: "save"; tab: Exchange } | { kind: "rename" | "delete"; request: SavedRequest } | { kind: "opinion"; request: number; attempt: number | null } | { kind: "code" } | { kind: "import"; start: { text: string } | { preview: ImportPreview } | null } | { kind: "export"; selection: Selected };

/** Everything the window shows. */
export class App {
  readonly ticker = new Ticker();
  readonly notices = new Notices();
  readonly timeline: Timeline;
  readonly sessions: Sessions;
  readonly token: Token;
  readonly keychain: Keychain;
  readonly settings: Settings;
  readonly keymap: Keymap;
  readonly selection: Selection;
  readonly tabs: Tabs;
  readonly saved: Saved;
  readonly explore: Explore;
  readonly bookmarks: Bookmarks;
  readonly compare: Compare;
  readonly tour: Tour;
  readonly why: Why;
  readonly lab: Lab;
  readonly server: Server;

  view = $state.raw<AppView | null>(null);
  /** The window could not be opened at all. */
  failure = $state.raw<Failure | null>(null);
  dialog = $state.raw<Dialog | null>(null);
  /** What the timeline knew of before this window is here, so that an empty one is really empty. */
  caughtUp = $state(false);

  constructor(readonly backend: Backend) {
    this.timeline = new Timeline(backend);
    this.sessions = new Sessions(backend, this.timeline);
    this.token = new Token(backend, this.timeline);
    this.keychain = new Keychain(backend, this.timeline);
    this.settings = new Settings(backend);
    this.keymap = new Keymap(this.settings);
    this.selection = new Selection(this.timeline);
    this.tabs = new Tabs(backend, this.timeline, this.notices, () => this.view?.run ?? 0);
    this.saved = new Saved(backend, this.timeline, this.tabs, this.notices);
    this.explore = new Explore(backend, this.timeline, this.selection);
    this.bookmarks = new Bookmarks(backend, this.explore);
    this.compare = new Compare(backend, this.timeline, () => this.exchange, () => this.view?.run ?? 0);
    this.why = new Why(backend, this.timeline);
    this.tour = new Tour(backend, this.timeline, this.notices, () => this.exchange);
    this.lab = new Lab(backend, this.sessions, this.notices);
    this.server = new Server(backend, this.timeline, this.notices);
  }

  /** The request on show. */
  get exchange(): Exchange {
    return this.tabs.current;
  }

  /** Writes the request on show into its file; one without a file gets a name first. */
  async save(tab: Exchange = this.exchange): Promise<void> {
    if (!(await this.saved.save(tab))) this.dialog = { kind: "save", tab };
  }

  /** Nothing was ever sent or signed in here, as far as the timeline reaches. */
  readonly #untouched = $derived.by((): boolean => {
    void this.timeline.version;
    return this.caughtUp && this.timeline.chronicle.counts.requests === 0 && this.timeline.chronicle.signIns.length === 0;
  });

  /** The demo is there, and runs. */
  readonly demo = $derived.by((): boolean => (this.view?.workspace.embedded_demo ?? false) && this.view?.demo_origin !== null);

  /** The first start: the demo, and nothing done yet. */
  readonly welcoming = $derived.by((): boolean => this.demo && this.#untouched && this.tour.since === null && this.exchange.refused === null);

  async open(): Promise<void> {
    this.ticker.start();
    try {
      const view = await this.backend.call("open_view", {});
      this.settings.take(view.settings);
      this.sessions.set(view.sessions);
      this.keychain.view = view.keychain;
      for (const notice of view.notices) this.notices.add(notice);
      if (!(await this.tabs.resume(view.demo_origin))) {
        const first = view.requests[0];
        if (first) this.tabs.open(first);
        else this.tabs.begin(view.sessions[0]?.name ?? null);
      }
      this.saved.set(view.requests);
      if (this.exchange.session) this.sessions.selected = this.exchange.session;
      this.token.of(this.sessions.selected);
      this.view = view;
      void this.bookmarks.open();
      await this.timeline.watch();
      await this.#arrival(view);
      this.caughtUp = true;
      void this.#takeDrops();
      if (view.autorun === "tour") void this.tour.start();
    } catch (error) {
      this.failure = failureOf(error);
    }
  }

  /** Calls a command whose answer only says how far the timeline is; a failure becomes a notice. */
  async act<K extends Callable>(name: K, args: Commands[K][0]): Promise<boolean> {
    try {
      const answer = await this.backend.call(name, args);
      if (typeof answer === "object" && answer !== null && "newest" in answer) this.timeline.heard(answer.newest);
      return true;
    } catch (error) {
      this.notices.add(failureOf(error));
      return false;
    }
  }

  /** Takes over what an import has written. */
  async tookIn(done: ImportDone): Promise<void> {
    this.saved.set(done.requests);
    this.timeline.heard(done.newest);
    try {
      this.sessions.set(await this.backend.call("list_sessions", {}));
    } catch (error) {
      this.notices.add(failureOf(error));
    }
  }

  /** What is dropped on the window is imported, as long as the window is there. */
  async #takeDrops(): Promise<void> {
    for (;;) {
      try {
        const preview = await this.backend.call("take_drop", {});
        if (preview === null) return;
        this.dialog = { kind: "import", start: { preview } };
      } catch (error) {
        this.notices.add(failureOf(error));
      }
    }
  }

  /** Looks at a session, and sends with it from now on. */
  choose(session: string): void {
    this.sessions.selected = session;
    this.exchange.session = session;
    this.token.of(session);
  }

  /** Compares a send with the one before it of the same request, or with one that is chosen then. */
  openCompare(of: { run: number; number: number } | null = this.exchange.shown): void {
    this.compare.begin(of);
    this.dialog = { kind: "compare" };
  }

  /** Signs in: at once in the demo, which has one well-known user; else by asking. */
  async signIn(session: string): Promise<void> {
    if (this.view?.workspace.embedded_demo) await this.act("sign_in_demo", { session });
    else this.dialog = { kind: "sign-in", session };
  }

  /** Goes on in another environment, or in none: the same sessions, with the tokens that they have there. */
  async chooseEnvironment(environment: string | null): Promise<void> {
    if (this.view === null || this.view.workspace.environment === environment) return;
    try {
      const workspace = await this.backend.call("choose_environment", { environment });
      this.view = { ...this.view, workspace };
    } catch (error) {
      this.notices.add(failureOf(error));
    }
  }

  /** The thief of the demo, and a request that shows what came of it. */
  async steal(): Promise<void> {
    if (await this.act("steal_refresh_token", {})) await this.exchange.press();
  }

  async keepInMemory(): Promise<void> {
    try {
      this.sessions.set(await this.backend.call("choose_store", { memory_only: true }));
      this.keychain.view = { ...this.keychain.view, kept: "memory" };
    } catch (error) {
      this.notices.add(failureOf(error));
    }
  }

  /** Waits until the past has arrived, but never long: the window is there to be used. */
  async #arrival(view: AppView): Promise<void> {
    const until = Date.now() + 1_500;
    while (!this.timeline.has(view.newest) && Date.now() < until) await new Promise((resolve) => setTimeout(resolve, 16));
  }
}

const KEY = Symbol("app");

/** Puts the model where every component finds it. */
export function provideApp(app: App): App {
  return setContext(KEY, app);
}

/** The model of this window. */
export function useApp(): App {
  return getContext<App>(KEY);
}
