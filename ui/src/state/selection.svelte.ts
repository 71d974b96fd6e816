// Which event is looked at, and what the inspector shows.
import { kin } from "../lib/kinship";
import { type Moment, idOf } from "../lib/moment";
import type { EventKey } from "../wire/EventKey";
import type { Timeline } from "./timeline.svelte";

/** A tab of the inspector. */
export type InspectorTab = "token" | "event" | "lineage" | "faults" | "server";

/** The selected event. */
export class Selection {
  key = $state.raw<EventKey | null>(null);
  tab = $state<InspectorTab>("token");
  /** The inspector is open where there is no room for it beside the rest. */
  drawer = $state(false);
  readonly #timeline: Timeline;
  /** The event itself, where nothing holds it: a row of the log. */
  #given = $state.raw<Moment | null>(null);

  constructor(timeline: Timeline) {
    this.#timeline = timeline;
  }

  readonly moment = $derived.by((): Moment | null => {
    void this.#timeline.version;
    return this.key ? (this.#timeline.find(this.key) ?? this.#given) : null;
  });

  /** The event, what led to it and what it led to. Empty: nothing is selected. */
  readonly kin = $derived.by((): Set<string> => (this.moment ? kin(this.#timeline.holding(this.moment), this.moment) : new Set()));

  get id(): string | null {
    return this.key ? idOf(this.key) : null;
  }

  /** Looks at an event in the inspector. */
  show(key: EventKey | Moment): void {
    this.#given = "kind" in key ? key : null;
    this.key = { run: key.run, seq: key.seq };
    this.tab = "event";
  }

  clear(): void {
    this.key = null;
    this.tab = "token";
  }
}
