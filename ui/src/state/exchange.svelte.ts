// The request being written, the send being watched, and its answer.
import type { Backend } from "../backend/backend";
import { failureOf } from "../backend/failure";
import { hostOf, originOf } from "../lib/address";
import type { Send } from "../lib/chronicle";
import type { Failure } from "../wire/Failure";
import type { PickedFile } from "../wire/PickedFile";
import type { ResponseDetails } from "../wire/ResponseDetails";
import type { SavedRequest } from "../wire/SavedRequest";
import { RequestForm } from "./request.svelte";
import type { Timeline } from "./timeline.svelte";

/** One request that is open, with what came of it. */
export class Exchange {
  readonly form = new RequestForm();
  /** What others made of its file while it was open with unsaved work. Null: nothing, or it was decided. */
  theirs = $state.raw<SavedRequest | "gone" | null>(null);
  /** The address as a send would fill it, where it holds variables. */
  filled = $state.raw<{ url: string } | { failure: Failure } | null>(null);

  /** The send whose answer is shown. */
  shown = $state.raw<{ run: number; number: number } | null>(null);
  /** The engine refused to send at all. */
  refused = $state.raw<Failure | null>(null);
  response = $state.raw<ResponseDetails | null>(null);
  /** The answer that was on show before this one. */
  before = $state.raw<ResponseDetails | null>(null);
  /** Send was pressed, and the engine has not accepted it yet. */
  asking = $state(false);

  readonly #backend: Backend;
  readonly #timeline: Timeline;
  readonly #run: () => number;
  readonly #deafen: () => void;
  #fills = 0;
  #last: ResponseDetails | null = null;

  /** `id` tells it from every other one in the window. */
  constructor(readonly id: number, backend: Backend, timeline: Timeline, run: () => number) {
    this.#backend = backend;
    this.#timeline = timeline;
    this.#run = run;
    this.#deafen = timeline.listen((moment) => {
      const shown = this.shown;
      if (moment.kind === "RequestFinished" && shown && moment.run === shown.run && moment.request === shown.number) void this.#read(shown);
    });
  }

  /** The send on show, as far as the timeline tells it. A copy for every step, because the chronicle writes in place. */
  readonly send = $derived.by((): Send | null => {
    void this.#timeline.version;
    const found = this.shown ? this.#timeline.chronicle.send(this.shown.run, this.shown.number) : undefined;
    return found ? { ...found } : null;
  });

  readonly pending = $derived(this.asking || (this.shown !== null && this.refused === null && (this.send === null || this.send.finished === null)));

  /** What went wrong with the send on show, with what is known for its message. */
  readonly failure = $derived.by((): Failure | null => {
    if (this.refused) return this.refused;
    const send = this.send;
    if (send?.outcome === "failed" && send.error) {
      return { code: send.error, params: { host: hostOf(send.origin), origin: send.origin, ...(send.session ? { session: send.session } : {}) } };
    }
    return this.response?.not_repeated ?? null;
  });

  get method(): string {
    return this.form.method;
  }

  get url(): string {
    return this.form.url;
  }

  set url(url: string) {
    this.form.url = url;
  }

  get session(): string | null {
    return this.form.session;
  }

  set session(session: string | null) {
    this.form.session = session;
  }

  /** The id of the saved request that it is. */
  get saved(): string | null {
    return this.form.file?.id ?? null;
  }

  /** Nothing was written here. */
  get blank(): boolean {
    return this.form.file === null && !this.form.unsaved;
  }

  /** Nobody looks at it any more. */
  close(): void {
    this.#deafen();
  }

  /** Opens a saved request. */
  open(request: SavedRequest): void {
    this.form.open(request);
    this.refused = null;
    this.theirs = null;
  }

  /** Takes the place of what was written with a line of cURL. A line that cannot be read changes nothing but the message. */
  async paste(line: string, origins: string[]): Promise<void> {
    try {
      const { draft, left_out } = await this.#backend.call("read_curl", { line });
      const typed = draft.headers.some(([name]) => name.toLowerCase() === "authorization");
      this.form.take(draft);
      // A session stays only where its token may go, and where the line brings no credentials of its own.
      if (typed || this.allowed(origins) !== true) this.session = null;
      this.form.leftOut = left_out;
      this.refused = null;
    } catch (error) {
      this.refused = failureOf(error);
    }
  }

  /** Fills the address, to be looked at; the last one asked for is shown. */
  async fill(): Promise<void> {
    const url = this.url.trim();
    if (!url.includes("{{")) {
      this.filled = null;
      return;
    }
    const asked = ++this.#fills;
    try {
      const filled = await this.#backend.call("fill_address", { url });
      if (asked === this.#fills) this.filled = filled;
    } catch (error) {
      if (asked === this.#fills) this.filled = { failure: failureOf(error) };
    }
  }

  /** Lets the user choose a file to send. Null: none was chosen. */
  async pick(): Promise<PickedFile | null> {
    try {
      return await this.#backend.call("pick_file", {});
    } catch (error) {
      this.refused = failureOf(error);
      return null;
    }
  }

  /** Send. */
  async press(how: { withoutToken?: boolean } = {}): Promise<void> {
    if (this.asking) return;
    this.refused = null;
    const ready = this.form.draft(how.withoutToken ?? false);
    if ("refused" in ready) {
      this.#refuse(ready.refused);
      return;
    }
    this.asking = true;
    try {
      const accepted = await this.#backend.call("send_request", ready.draft);
      this.follow({ run: this.#run(), number: accepted.request });
      this.#timeline.heard(accepted.newest);
    } catch (error) {
      this.#refuse(failureOf(error));
    } finally {
      this.asking = false;
    }
  }

  /** The same request so many times at once; the last one is watched. */
  async burst(times: number): Promise<void> {
    this.refused = null;
    const ready = this.form.draft(false);
    if ("refused" in ready) {
      this.#refuse(ready.refused);
      return;
    }
    const sent = await Promise.allSettled(Array.from({ length: times }, () => this.#backend.call("send_request", ready.draft)));
    const last = sent.findLast((one) => one.status === "fulfilled");
    const failed = sent.find((one) => one.status === "rejected");
    if (last) {
      this.follow({ run: this.#run(), number: last.value.request });
      this.#timeline.heard(last.value.newest);
    } else if (failed) this.refused = failureOf(failed.reason);
  }

  async stop(): Promise<void> {
    if (!this.shown || !this.pending) return;
    try {
      this.#timeline.heard((await this.#backend.call("stop_request", { request: this.shown.number })).newest);
    } catch {
      // It ended before it could be stopped; the timeline says how.
    }
  }

  /** Shows a send: one under way, or one of before. */
  follow(send: { run: number; number: number }): void {
    this.shown = send;
    this.refused = null;
    this.response = null;
    const known = this.#timeline.chronicle.send(send.run, send.number);
    if (known?.finished) void this.#read(send);
  }

  /** Whether the session's token may go where the address points. Null: the address is not whole. */
  allowed(origins: string[]): boolean | null {
    const origin = originOf(this.filled && "url" in this.filled ? this.filled.url : this.url.trim());
    return origin === null ? null : origins.includes(origin);
  }

  #refuse(failure: Failure): void {
    this.shown = null;
    this.response = null;
    this.refused = failure;
  }

  async #read(send: { run: number; number: number }): Promise<void> {
    if (send.run !== this.#run()) return;
    try {
      const response = await this.#backend.call("read_response", { request: send.number });
      if (this.shown?.run !== send.run || this.shown.number !== send.number) return;
      this.response = response;
      if (response && this.#last && this.#last.request !== response.request) this.before = this.#last;
      this.#last = response ?? this.#last;
    } catch (error) {
      // There was no answer; the timeline has the code, and this is what is known of the reason.
      if (this.shown?.run === send.run && this.shown.number === send.number) this.refused = failureOf(error);
    }
  }
}
