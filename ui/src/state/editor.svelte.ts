// One session in the editor: what is filled in, what was read, and what became of saving it.
import type { Backend } from "../backend/backend";
import { failureOf } from "../backend/failure";
import { fitting } from "../lib/grants";
import { type Keys, type SessionForm, fileOf, filled, formOf, missingScope } from "../lib/session-form";
import { compareKeys } from "../lib/moment";
import type { EventKey } from "../wire/EventKey";
import type { Failure } from "../wire/Failure";
import type { Preset } from "../wire/Preset";
import { Discovery } from "./discovery.svelte";
import type { Timeline } from "./timeline.svelte";

/** The steps, in their order. */
export const STEPS = ["find", "sign-in", "bind", "try"] as const;
export type Step = (typeof STEPS)[number];

/** What a new session begins with: the user's own browser does the signing in. */
const NEW: Keys = { kind: "oauth", origins: [], grant: "authorization_code" };

/** The editor of one session. */
export class Editor {
  step = $state<Step>("find");
  name = $state("");
  form = $state<SessionForm>(formOf(NEW));
  presets = $state.raw<Preset[]>([]);
  preset = $state.raw<Preset | null>(null);
  blanks = $state<Record<string, string>>({});
  busy = $state(false);
  failure = $state.raw<Failure | null>(null);
  /** It stands in the workspace as the form says. Null: not yet, or not any more. */
  saved = $state.raw<{ since: EventKey; folder: string | null } | null>(null);
  /** The user said no to what it would use. */
  refused = $state(false);
  /** What was read; null: it is a new session. */
  revision = $state<string | null>(null);
  readonly missing = $derived(missingScope(this.form, this.preset));
  /** What the issuer says of itself. */
  readonly discovery: Discovery;

  #before: Keys = {};
  readonly #backend: Backend;
  readonly #timeline: Timeline;

  constructor(backend: Backend, timeline: Timeline) {
    this.#backend = backend;
    this.#timeline = timeline;
    this.discovery = new Discovery(backend);
  }

  /** Begins with what is on disk, or with nothing. */
  async open(session: string | null): Promise<void> {
    await this.#try(async () => {
      this.presets = await this.#backend.call("list_presets", {});
      if (session !== null) await this.#read(session);
    });
  }

  /** Begins anew from what is known of a provider. Null: from nothing. */
  choose(id: string | null): void {
    this.preset = this.presets.find((one) => one.id === id) ?? null;
    this.blanks = {};
    this.fill();
  }

  /** Takes the preset's blanks into the form, keeping what is the user's own. */
  fill(): void {
    const own = this.form;
    // What a preset says in keys without a field is kept as if it had been read.
    this.#before = this.preset ? filled(this.preset, this.blanks) : {};
    const form = formOf(this.preset ? this.#before : { ...NEW, kind: own.kind });
    this.form = { ...form, clientId: own.clientId, refreshWhen: own.refreshWhen, origins: form.origins.length > 0 ? form.origins : own.origins };
    this.touched();
  }

  /** Something was filled in: what was saved is no longer what stands here. */
  touched(): void {
    this.saved = null;
    this.refused = false;
    this.failure = null;
  }

  /** Asks the issuer where it does its work, and what it can. */
  async discover(): Promise<void> {
    const found = await this.discovery.ask(this.form.issuer.trim(), this.revision === null ? null : this.name);
    if (found === null) return;
    this.form.grant = fitting(found.grant_types_supported, this.form.grant);
    this.touched();
  }

  addScope(scope: string): void {
    this.form.scope = `${this.form.scope} ${scope}`.trim();
    this.touched();
  }

  go(by: 1 | -1): void {
    this.step = STEPS[STEPS.indexOf(this.step) + by] ?? this.step;
  }

  /** Writes the file. What it may use is asked outside the window meanwhile. */
  async save(): Promise<void> {
    this.refused = false;
    await this.#try(async () => {
      const name = this.name.trim();
      const answer = await this.#backend.call("save_session", { session: name, keys: fileOf(this.form, this.#before), revision: this.revision });
      this.#timeline.heard(answer.newest);
      this.refused = !answer.allowed;
      if (!answer.allowed) return;
      if (answer.folder === null) await this.#read(name);
      this.saved = { since: answer.newest, folder: answer.folder };
    });
  }

  /** Removes it, with its tokens. */
  async remove(): Promise<boolean> {
    const revision = this.revision;
    if (revision === null) return false;
    return this.#try(async () => {
      this.#timeline.heard((await this.#backend.call("delete_session", { session: this.name, revision })).newest);
    });
  }

  /** What happened to it since it was saved. */
  isOfTrial(key: EventKey): boolean {
    return this.saved !== null && compareKeys(key, this.saved.since) > 0;
  }

  async #read(session: string): Promise<void> {
    const stored = await this.#backend.call("read_session_file", { session });
    this.#before = stored.keys;
    this.name = stored.name;
    this.revision = stored.revision;
    this.form = formOf(stored.keys);
  }

  async #try(act: () => Promise<void>): Promise<boolean> {
    this.busy = true;
    this.failure = null;
    try {
      await act();
      return true;
    } catch (error) {
      this.failure = failureOf(error);
      return false;
    } finally {
      this.busy = false;
    }
  }
}
