// One import: read, looked at, and written as a whole or not at all.
import type { Backend } from "../backend/backend";
import { failureOf } from "../backend/failure";
import type { Failure } from "../wire/Failure";
import type { ImportDone } from "../wire/ImportDone";
import type { ImportPreview } from "../wire/ImportPreview";
import type { SessionChoice } from "../wire/SessionChoice";

/** How often the progress of a long reading is asked for. */
const GLANCE_MS = 200;

/** What an import is read from. */
export type ImportSource = { kind: "file" } | { kind: "folder" } | { kind: "text"; text: string };

/** An import in its dialog. */
export class Import {
  preview = $state.raw<ImportPreview | null>(null);
  done = $state.raw<ImportDone | null>(null);
  failure = $state.raw<Failure | null>(null);
  /** What is under way. */
  busy = $state<"reading" | "planning" | "writing" | null>(null);
  /** Requests that were read so far. */
  read = $state(0);
  #choices: Record<string, SessionChoice> = {};

  constructor(readonly backend: Backend) {}

  /** Reads it. What was read before is forgotten. */
  async begin(source: ImportSource): Promise<void> {
    await this.#during("reading", async () => {
      this.preview = null;
      this.#choices = {};
      const preview = source.kind === "text" ? await this.backend.call("read_import", { text: source.text }) : await this.backend.call("pick_import", { folder: source.kind === "folder" });
      if (preview) this.preview = preview;
    });
  }

  /** Takes over what was read elsewhere: it was dropped on the window. */
  take(preview: ImportPreview): void {
    this.preview = preview;
    this.failure = null;
    this.done = null;
    this.#choices = {};
  }

  /** Decides what becomes of a session of the import. */
  async choose(session: string, choice: SessionChoice): Promise<void> {
    this.#choices = { ...this.#choices, [session]: choice };
    await this.#during("planning", async () => {
      this.preview = await this.backend.call("plan_import", { sessions: this.#choices });
    });
  }

  async write(): Promise<void> {
    await this.#during("writing", async () => {
      this.done = await this.backend.call("write_import", { sessions: this.#choices });
    });
  }

  /** Ends it where it stands. */
  async stop(): Promise<void> {
    await this.backend.call("stop_import", {});
  }

  async #during(what: NonNullable<Import["busy"]>, work: () => Promise<void>): Promise<void> {
    if (this.busy) return;
    this.busy = what;
    this.failure = null;
    this.read = 0;
    const glance = setInterval(() => void this.#glance(), GLANCE_MS);
    try {
      await work();
    } catch (error) {
      const failure = failureOf(error);
      // Who stopped it knows that it was stopped.
      if (failure.code !== "request.stopped") this.failure = failure;
    }
    clearInterval(glance);
    this.busy = null;
  }

  async #glance(): Promise<void> {
    if (this.busy === "reading") this.read = (await this.backend.call("import_progress", {})).requests;
  }
}
