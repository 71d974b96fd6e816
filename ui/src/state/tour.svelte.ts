// The tour: started by the user (or by the command line), then followed from the events alone.
import type { Backend } from "../backend/backend";
import { failureOf } from "../backend/failure";
import { type TourProgress, tourProgress } from "../lib/tour";
import type { EventKey } from "../wire/EventKey";
import type { Exchange } from "./exchange.svelte";
import type { Notices } from "./notices.svelte";
import type { Timeline } from "./timeline.svelte";

/** The tour's state. */
export class Tour {
  /** The newest event when it began; null: it was not run in this window. */
  since = $state.raw<EventKey | null>(null);
  /** It was ended before its end. */
  stopped = $state(false);
  /** Its strip was put away. */
  hidden = $state(false);

  readonly #backend: Backend;
  readonly #timeline: Timeline;
  readonly #notices: Notices;

  constructor(backend: Backend, timeline: Timeline, notices: Notices, exchange: () => Exchange) {
    this.#backend = backend;
    this.#timeline = timeline;
    this.#notices = notices;
    timeline.listen((moment) => {
      if (this.running && moment.run === timeline.chronicle.own && moment.kind === "RequestQueued" && moment.request !== undefined) exchange().follow({ run: moment.run, number: moment.request });
    });
  }

  readonly progress = $derived.by((): TourProgress | null => {
    void this.#timeline.version;
    return this.since ? tourProgress(this.#timeline.chronicle.moments, this.since) : null;
  });

  readonly running = $derived(this.progress !== null && !this.progress.done && !this.progress.stuck && !this.stopped);

  async start(): Promise<void> {
    this.since = this.#timeline.newest ?? { run: 0, seq: 0 };
    this.stopped = false;
    this.hidden = false;
    try {
      this.#timeline.heard((await this.#backend.call("start_tour", {})).newest);
    } catch (error) {
      this.since = null;
      this.#notices.add(failureOf(error));
    }
  }

  async stop(): Promise<void> {
    this.stopped = true;
    await this.#backend.call("stop_tour", {}).catch(() => {});
  }
}
