// What was sent before, in this run and those before it: found by words, opened and sent again, pinned, forgotten.
import type { Backend } from "../backend/backend";
import { failureOf } from "../backend/failure";
import type { Failure } from "../wire/Failure";
import type { SendKey } from "../wire/SendKey";
import type { SentDraft } from "../wire/SentDraft";
import type { SentRow } from "../wire/SentRow";

/** Nobody types faster than this. */
const ASK_AFTER_MS = 120;

/** The history, as it is looked at. */
export class History {
  question = $state("");
  sends = $state.raw<SentRow[]>([]);
  more = $state(false);
  /** All that is remembered of this workspace. */
  total = $state(0);
  failure = $state.raw<Failure | null>(null);
  asked = $state(false);

  readonly #backend: Backend;
  #turn = 0;
  #due: ReturnType<typeof setTimeout> | null = null;

  constructor(backend: Backend) {
    this.#backend = backend;
  }

  /** Looks for what is asked now, a moment after the last letter. */
  ask(): void {
    if (this.#due !== null) clearTimeout(this.#due);
    this.#due = setTimeout(() => void this.read(), ASK_AFTER_MS);
  }

  /** Looks for what is asked now; `older`: what follows what is there. */
  async read(older = false): Promise<void> {
    const turn = ++this.#turn;
    try {
      const before = older ? (this.sends.at(-1)?.key ?? null) : null;
      const page = await this.#backend.call("read_history", { question: this.question, before });
      if (turn !== this.#turn) return;
      this.sends = older ? [...this.sends, ...page.sends] : page.sends;
      this.more = page.more;
      this.total = page.total;
      this.failure = null;
    } catch (error) {
      if (turn === this.#turn) this.failure = failureOf(error);
    }
    this.asked = true;
  }

  /** What was written for one. Null: it is not remembered. */
  async sent(key: SendKey): Promise<SentDraft | null> {
    try {
      return await this.#backend.call("read_sent", key);
    } catch (error) {
      this.failure = failureOf(error);
      return null;
    }
  }

  async pin(row: SentRow): Promise<void> {
    await this.#act(() => this.#backend.call("pin_sent", { key: row.key, pinned: !row.pinned }));
    this.sends = this.sends.map((one) => (one === row ? { ...one, pinned: !row.pinned } : one));
  }

  /** Forgets one, or all. */
  async forget(key: SendKey | null): Promise<void> {
    await this.#act(() => this.#backend.call("forget_sent", { key }));
    await this.read();
  }

  async #act(act: () => Promise<unknown>): Promise<void> {
    try {
      await act();
    } catch (error) {
      this.failure = failureOf(error);
    }
  }
}
