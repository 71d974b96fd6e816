// The body of one answer, read in windows: never more of it is here than is looked at.
import type { Backend } from "../backend/backend";
import { failureOf } from "../backend/failure";
import { bytesOf } from "../lib/hex";
import type { Failure } from "../wire/Failure";

/** Largest window that is asked for at once, in bytes. */
export const WINDOW_BYTES_MAX = 256 * 1024;
/** How often the length of a body that is still coming is asked for. */
const WATCH_MS = 250;

/** One body. */
export class Body {
  /** Bytes that are there; null: not asked yet. */
  total = $state<number | null>(null);
  /** Bytes that came in the last second, while it is coming. */
  rate = $state<number | null>(null);
  failure = $state.raw<Failure | null>(null);

  constructor(private readonly backend: Backend, readonly request: number) {}

  /** Reads a part, in as many windows as it takes; past the end there is less. */
  async read(from: number, length: number): Promise<Uint8Array<ArrayBuffer> | null> {
    const parts: Uint8Array<ArrayBuffer>[] = [];
    let read = 0;
    try {
      while (read < length) {
        const window = await this.backend.call("read_body", { request: this.request, from: from + read, length: Math.min(length - read, WINDOW_BYTES_MAX) });
        this.total = window.total;
        if (window.broken !== null) this.failure = { code: "output.failed", params: { detail: window.broken } };
        const bytes = bytesOf(window.hex);
        if (bytes.length === 0) break;
        parts.push(bytes);
        read += bytes.length;
      }
    } catch (error) {
      this.failure = failureOf(error);
      return null;
    }
    const whole = new Uint8Array(read);
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  /** Where a text is, from a place on. Null: nowhere. */
  async find(text: string, from: number): Promise<number | null> {
    try {
      return (await this.backend.call("find_in_body", { request: this.request, text, from })).at;
    } catch (error) {
      this.failure = failureOf(error);
      return null;
    }
  }

  /** Writes all of it to a file that the user names. Null: none was named. */
  async save(): Promise<string | null> {
    try {
      return (await this.backend.call("save_body", { request: this.request })).path;
    } catch (error) {
      this.failure = failureOf(error);
      return null;
    }
  }

  /** Follows it while it comes. Answers how to stop. */
  watch(): () => void {
    const seen: { at: number; bytes: number }[] = [];
    const timer = setInterval(() => void this.#look(seen), WATCH_MS);
    return () => clearInterval(timer);
  }

  async #look(seen: { at: number; bytes: number }[]): Promise<void> {
    try {
      const { bytes } = await this.backend.call("watch_body", { request: this.request });
      const now = performance.now();
      seen.push({ at: now, bytes });
      while (seen.length > 2 && now - (seen[0]?.at ?? now) > 1_000) seen.shift();
      const first = seen[0];
      this.total = bytes;
      if (first && now > first.at) this.rate = ((bytes - first.bytes) * 1_000) / (now - first.at);
    } catch {
      // It is not there yet, or no longer; the answer says the rest.
    }
  }
}
