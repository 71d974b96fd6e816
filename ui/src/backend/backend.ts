// The only door to the host: two methods, and nothing else that a view could reach.
import type { Commands } from "../wire/Commands";
import type { TimelineBatch } from "../wire/TimelineBatch";
import type { WatchTimeline } from "../wire/WatchTimeline";

/** Commands that are called like functions; the timeline has a way of its own. */
export type Callable = Exclude<keyof Commands, "watch_timeline">;

/** What the view may ask of its host. */
export interface Backend {
  /** Calls one command. Rejects with a `Failure`. */
  call<K extends Callable>(name: K, args: Commands[K][0]): Promise<Commands[K][1]>;
  /** Sends batches of what the timeline has beyond this, until the next call of this. */
  watch(held: WatchTimeline, onBatch: (batch: TimelineBatch) => void): Promise<void>;
}
