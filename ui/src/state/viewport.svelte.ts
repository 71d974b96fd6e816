// Which stretch of time the lanes show: following the tail, or standing still where the user put it.
import type { Chronicle } from "../lib/chronicle";
import { wholeSpan } from "../lib/lanes";

/** The shortest and the longest stretch, in milliseconds. */
export const SPAN_MIN_MS = 200;
export const SPAN_MAX_MS = 24 * 3_600_000;
/** What is shown at first. */
const SPAN_MS = 15_000;
/** Where "now" stands while following: the rest is for what is known to come. */
const NOW_AT = 0.8;
/** A frame that is not full yet begins this far before the first event. */
const LEAD = 0.04;

/** The stretch. */
export class Viewport {
  span = $state(SPAN_MS);
  live = $state(true);
  /** The beginning of the frame while it stands still. */
  #from = $state(0);
  /** The first event to be shown whole: until the frame is full, it stands still and "now" moves through it. */
  anchor = $state<number | null>(null);

  /** The frame at this moment. */
  frame(now: number): { from: number; to: number } {
    if (!this.live) return { from: this.#from, to: this.#from + this.span };
    const following = now - this.span * NOW_AT;
    const from = this.anchor === null ? following : Math.max(following, this.anchor - this.span * LEAD);
    return { from, to: from + this.span };
  }

  follow(): void {
    this.live = true;
  }

  /** Leaves the tail and moves by a share of the frame. */
  pan(share: number, now = Date.now()): void {
    const { from } = this.frame(now);
    this.#from = from + share * this.span;
    this.live = false;
  }

  /** Makes the frame longer or shorter around a place in it (0 to 1); the tail keeps its place. */
  zoom(factor: number, at = 0.5, now = Date.now()): void {
    const { from } = this.frame(now);
    const span = Math.min(SPAN_MAX_MS, Math.max(SPAN_MIN_MS, this.span * factor));
    if (!this.live) this.#from = from + (this.span - span) * at;
    this.span = span;
  }

  /** Shows this stretch. */
  show(from: number, to: number): void {
    const margin = Math.max(200, (to - from) * 0.03);
    this.#from = from - margin;
    this.span = Math.min(SPAN_MAX_MS, Math.max(SPAN_MIN_MS, to - from + 2 * margin));
    this.live = false;
  }

  /** Shows exactly this stretch. */
  set(from: number, to: number): void {
    this.#from = from;
    this.span = Math.min(SPAN_MAX_MS, Math.max(SPAN_MIN_MS, to - from));
    this.live = false;
  }

  /** Puts a moment in the middle. */
  centre(at: number): void {
    this.#from = at - this.span / 2;
    this.live = false;
  }

  /** Shows a whole run. */
  fit(chronicle: Chronicle, run: number, now = Date.now()): void {
    const whole = wholeSpan(chronicle, run, now);
    if (!whole) return;
    this.show(whole.from, whole.to);
  }

  /** Moves so that this moment can be seen, if it cannot. */
  reveal(at: number, now = Date.now()): void {
    const { from, to } = this.frame(now);
    if (at >= from && at <= to) return;
    this.#from = at - this.span / 2;
    this.live = false;
  }
}
