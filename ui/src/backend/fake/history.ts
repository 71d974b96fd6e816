// The played history: what was sent, without its secrets, and how it ended.
import type { Draft } from "../../wire/Draft";
import type { HistoryPage } from "../../wire/HistoryPage";
import type { SendKey } from "../../wire/SendKey";
import type { SentDraft } from "../../wire/SentDraft";
import type { SentRow } from "../../wire/SentRow";
import type { FakeEngine } from "./engine";

/** Sends of one page. */
const PAGE = 100;

/** What was sent. */
export class FakeHistory {
  #rows: { row: SentRow; draft: Draft; hidden: number }[] = [];
  readonly #engine: FakeEngine;

  constructor(engine: FakeEngine) {
    this.#engine = engine;
  }

  record(request: number, draft: Draft): void {
    const secret = (name: string) => /authorization|cookie|api-?key/i.test(name);
    const hidden = draft.headers.filter(([name]) => secret(name)).length;
    const headers = draft.headers.map(([name, value]): [string, string] => [name, secret(name) ? "***" : value]);
    const row: SentRow = { key: { run: this.#engine.log.run, request }, at: Date.now(), method: draft.method, url: draft.url, session: draft.session ?? null, outcome: null, status: null, took_us: null, body_bytes: null, pinned: false };
    this.#rows.unshift({ row, draft: { ...draft, headers }, hidden });
  }

  page(question: string, before: SendKey | null): HistoryPage {
    const words = question.toLowerCase().split(/\s+/).filter(Boolean);
    const found = this.#rows.map(({ row }) => this.#ended(row)).filter((row) => words.every((word) => `${row.method} ${row.url} ${row.session ?? ""} ${row.status ?? ""} ${row.outcome ?? ""}`.toLowerCase().includes(word)));
    const from = before ? found.findIndex(({ key }) => same(key, before)) + 1 : 0;
    return { sends: found.slice(from, from + PAGE), more: found.length > from + PAGE, total: this.#rows.length };
  }

  sent(key: SendKey): SentDraft | null {
    const found = this.#find(key);
    return found ? { draft: found.draft, hidden: found.hidden } : null;
  }

  pin(key: SendKey, pinned: boolean): void {
    const found = this.#find(key);
    if (found) found.row = { ...found.row, pinned };
  }

  forget(key: SendKey | null): void {
    this.#rows = key ? this.#rows.filter(({ row }) => !same(row.key, key)) : [];
  }

  #find(key: SendKey) {
    return this.#rows.find(({ row }) => same(row.key, key));
  }

  #ended(row: SentRow): SentRow {
    const response = this.#engine.responses.get(row.key.request);
    return response ? { ...row, outcome: "answered", status: response.status, took_us: response.took_us, body_bytes: response.body_bytes } : row;
  }
}

const same = (one: SendKey, other: SendKey) => one.run === other.run && one.request === other.request;
