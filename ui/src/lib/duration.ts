// Durations and moments as people say them: short, in the unit that fits, never below what was measured.

/** How long something took, in microseconds: `182 ms`, `1.2 s`. */
export function took(us: number): string {
  return span(us / 1_000);
}

/** A length of time in milliseconds: `0.4 ms`, `182 ms`, `1.2 s`, `54 min`, `3 h`. */
export function span(ms: number): string {
  const size = Math.abs(ms);
  if (size < 1) return `${size.toFixed(1)} ms`;
  if (size < 999.5) return `${Math.round(size)} ms`;
  if (size < 9_950) return `${trimZero((size / 1_000).toFixed(1))} s`;
  return coarse(size);
}

/** A length of time in a sentence, where people think in seconds: `40 ms`, `0.4 s`, `12 s`. */
export function inSeconds(ms: number): string {
  const size = Math.abs(ms);
  return size >= 99.5 && size < 999.5 ? `${(size / 1_000).toFixed(1)} s` : span(size);
}

/** A length of time for a countdown, in whole seconds below two minutes: `4 s`, `54 min`, `3 h`, `2 days`. */
export function coarse(ms: number): string {
  const seconds = Math.round(Math.abs(ms) / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.round(minutes / 60);
  if (hours < 48) return `${hours} h`;
  return `${Math.round(hours / 24)} days`;
}

/** What is left until `ms` from now, rounded up so that `0 s left` is never said of a living token. */
export function left(ms: number): string {
  return ms > 0 ? `${coarse(Math.ceil(ms / 1_000) * 1_000)} left` : `expired ${ago(-ms)}`;
}

/** What is left of a wait, as a clock counts down: `4:59`, `0:07`. */
export function remaining(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** How long ago: `just now`, `3 s ago`. */
export function ago(ms: number): string {
  return ms < 1_000 ? "just now" : `${coarse(ms)} ago`;
}

/** A moment seen from now: `in 4 s`, `2 s ago`, `just now`. */
export function relative(at: number, now: number): string {
  const ahead = at - now;
  return ahead > 0 ? `in ${coarse(Math.ceil(ahead / 1_000) * 1_000)}` : ago(-ahead);
}

const clockFormat = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const minuteFormat = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
const dayFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric" });

/** `12:01:08` by the local clock. */
export function clock(at: number): string {
  return clockFormat.format(at);
}

/** `12:01:08.3`: to the tenth, for rows of the timeline. */
export function clockTenths(at: number): string {
  return `${clock(at)}.${Math.floor((((at % 1_000) + 1_000) % 1_000) / 100)}`;
}

/** `12:01` by the local clock. */
export function minute(at: number): string {
  return minuteFormat.format(at);
}

/** `12:01:08`, with the day in front where it is not today. */
export function when(at: number, now: number): string {
  return dayFormat.format(at) === dayFormat.format(now) ? clock(at) : `${dayFormat.format(at)} ${clock(at)}`;
}

const utcFormat = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23", timeZone: "UTC" });
const utcDayFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" });

/** `11:01:08 UTC`, with the day in front where it is not today there. */
export function whenUtc(at: number, now: number): string {
  const day = utcDayFormat.format(at) === utcDayFormat.format(now) ? "" : `${utcDayFormat.format(at)} `;
  return `${day}${utcFormat.format(at)} UTC`;
}

/** Whether this can be a moment at all: what is beyond has no date. */
export function isMoment(at: number): boolean {
  return Number.isFinite(at) && Math.abs(at) <= 8.64e15;
}

/** A size in bytes: `512 B`, `1.2 kB`, `3.4 MB`. */
export function bytes(size: number): string {
  if (size < 1_000) return `${size} B`;
  if (size < 999_500) return `${trimZero((size / 1_000).toFixed(1))} kB`;
  return `${trimZero((size / 1_000_000).toFixed(1))} MB`;
}

/** `1 request`, `3 requests`. */
export function count(n: number, one: string, many = `${one}s`): string {
  return `${n.toLocaleString("en-GB")} ${n === 1 ? one : many}`;
}

function trimZero(number: string): string {
  return number.endsWith(".0") ? number.slice(0, -2) : number;
}
