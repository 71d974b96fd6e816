// The clock of the lanes: fine while something moves, coarse while nothing does, and in steps where motion is not wanted.
import type { App } from "../../state/app.svelte";

const FINE_MS = 40;
const STEP_MS = 250;
const IDLE_MS = 1_000;
/** After this long without an event the picture may move in coarse steps. */
const QUIET_AFTER_MS = 20_000;

/** Now, for the picture. */
export class LanesClock {
  now = $state(Date.now());
  readonly #app: App;
  readonly #live: () => boolean;

  constructor(app: App, live: () => boolean) {
    this.#app = app;
    this.#live = live;
  }

  /** Ticks until the answer is called. */
  run(): () => void {
    const calm = matchMedia("(prefers-reduced-motion: reduce)");
    let last = 0;
    let handle = requestAnimationFrame(function tick(this: void, time: number) {
      handle = requestAnimationFrame(tick);
      if (time - last < pace()) return;
      last = time;
      set(Date.now());
    });
    const set = (now: number) => (this.now = now);
    const pace = () => {
      if (calm.matches) return STEP_MS;
      const last = this.#app.timeline.chronicle.moments.at(-1)?.at ?? 0;
      const quiet = Date.now() - last > QUIET_AFTER_MS && !this.#app.exchange.pending;
      return quiet || !this.#live() ? (quiet ? IDLE_MS : STEP_MS) : FINE_MS;
    };
    return () => cancelAnimationFrame(handle);
  }
}
