// One request while it is written: the fields of every kind of body keep what was typed, whichever is sent.
import { type Written, UNWRITTEN, bodyOf, mediaTypeOf, writtenOf } from "../lib/body";
import { faultOf } from "../lib/headers";
import { queryOf, withQuery } from "../lib/query";
import type { Draft } from "../wire/Draft";
import type { Failure } from "../wire/Failure";
import type { LeftOut } from "../wire/LeftOut";
import type { SavedRequest } from "../wire/SavedRequest";

/** A header being written; rows keep their identity while they are edited. */
export interface HeaderRow {
  id: number;
  name: string;
  value: string;
}

/** A part of the request that can be unfolded under its line. */
export type RequestPart = "params" | "headers" | "body" | "options";

/** What a request says, as it is written. */
export interface Content {
  method: string;
  url: string;
  headers: [string, string][];
  written: Written;
  session: string | null;
  follow_redirects: boolean;
  time_limit: number | null;
}

/** A request that is open, as it outlives the window. */
export interface Kept {
  file: { id: string; name: string; revision: string | null } | null;
  content: Content;
  /** What it said when it was saved last, as text. */
  kept: string;
  part: RequestPart | null;
}

let rows = 1;
const nextRow = () => rows++;

/** A request being written. */
export class RequestForm {
  method = $state("GET");
  url = $state("");
  headers = $state<HeaderRow[]>([]);
  written = $state<Written>({ ...UNWRITTEN });
  session = $state<string | null>(null);
  followRedirects = $state(true);
  /** In seconds. Null: only the limits of connecting and of silence hold. */
  timeLimit = $state<number | null>(null);
  /** The saved request that this was opened from, as its file was then. */
  file = $state.raw<{ id: string; name: string; revision: string | null } | null>(null);
  /** What of a pasted line was not taken over. */
  leftOut = $state.raw<LeftOut[]>([]);
  /** What is unfolded. */
  part = $state<RequestPart | null>(null);
  /** It was taken from the past, where secrets are not remembered. */
  hidden = $state(false);
  /** What was written when it was saved or opened last. */
  #kept = $state("");

  constructor() {
    this.#kept = this.#text;
  }

  /** Something was written that no file has. */
  readonly unsaved = $derived.by((): boolean => this.#text !== this.#kept);

  get #text(): string {
    return JSON.stringify(this.content);
  }

  /** Everything that was written. */
  get content(): Content {
    return {
      method: this.method, url: this.url, headers: this.headers.map((one): [string, string] => [one.name, one.value]), written: { ...$state.snapshot(this.written), parts: $state.snapshot(this.written.parts).map((part) => ({ ...part, id: 0 })) },
      session: this.session, follow_redirects: this.followRedirects, time_limit: this.timeLimit,
    };
  }

  /** What is written now is what is kept elsewhere. */
  settle(): void {
    this.#kept = this.#text;
  }

  /** What there is to come back to after a restart. */
  get outlasting(): Kept {
    return { file: this.file, content: this.content, kept: this.#kept, part: this.part };
  }

  /** Takes up again what was kept. */
  resume(kept: Kept): void {
    const { content } = kept;
    this.method = content.method;
    this.url = content.url;
    this.headers = content.headers.map(([name, value]) => ({ id: nextRow(), name, value }));
    this.written = { ...UNWRITTEN, ...content.written, parts: content.written.parts.map((part) => ({ ...part, id: nextRow() })) };
    this.session = content.session;
    this.followRedirects = content.follow_redirects;
    this.timeLimit = content.time_limit;
    this.file = kept.file;
    this.part = kept.part;
    this.#kept = kept.kept;
    this.leftOut = [];
  }

  /** The query of the address, which stays the one model. */
  get query(): string {
    return queryOf(this.url);
  }

  set query(query: string) {
    this.url = withQuery(this.url, query);
  }

  /** The headers that say something. */
  readonly named = $derived(this.headers.filter((one) => one.name.trim() !== ""));

  /** The `Content-Type` that goes along because of the body. Null: none, or the headers name one. */
  readonly impliedType = $derived(this.named.some((one) => one.name.trim().toLowerCase() === "content-type") ? null : mediaTypeOf(this.written));

  /** What is sent, or why it cannot be. */
  draft(withoutToken: boolean): { draft: Draft } | { refused: Failure } {
    const wrong = this.headers.find((one) => faultOf(one.name, one.value) !== null);
    if (wrong) return { refused: { code: "header.invalid", params: { header: wrong.name.trim().slice(0, 60) } } };
    const body = bodyOf(this.written);
    if ("fault" in body) return { refused: { code: "body.invalid", params: { detail: body.fault } } };
    const headers = this.named.map((one): [string, string] => [one.name.trim(), one.value]);
    if (this.impliedType && body.body !== null) headers.push(["Content-Type", this.impliedType]);
    return {
      draft: {
        method: this.method.trim(), url: this.url.trim(), headers, body: body.body, session: this.session, allow_without_token: withoutToken,
        ...(this.followRedirects ? {} : { follow_redirects: false }),
        ...(this.timeLimit === null ? {} : { time_limit_ms: Math.round(this.timeLimit * 1_000) }),
      },
    };
  }

  /** Takes over a saved request. */
  open(request: SavedRequest): void {
    const { method, url, headers, body, follow_redirects, time_limit_ms } = request;
    this.take({ method, url, headers, body, session: null, allow_without_token: false, follow_redirects, ...(time_limit_ms === null ? {} : { time_limit_ms }) });
    this.session = request.session;
    this.file = { id: request.id, name: request.name, revision: request.revision };
    this.settle();
  }

  /** What its file is to say, or why it cannot be written. */
  asSaved(id: string, name: string, revision: string | null): { saved: SavedRequest } | { refused: Failure } {
    const ready = this.draft(false);
    if ("refused" in ready) return ready;
    const { method, url, headers, body, session } = ready.draft;
    return { saved: { id, name, method, url, headers, body: body ?? null, session: session ?? null, follow_redirects: this.followRedirects, time_limit_ms: ready.draft.time_limit_ms ?? null, revision } };
  }

  /** Takes over what a draft says, but for its session. */
  take(draft: Draft): void {
    this.method = draft.method;
    this.url = draft.url;
    this.headers = draft.headers.map(([name, value]) => ({ id: nextRow(), name, value }));
    this.written = { ...writtenOf(draft.body, draft.headers, nextRow) };
    this.followRedirects = draft.follow_redirects ?? true;
    this.timeLimit = draft.time_limit_ms == null ? null : draft.time_limit_ms / 1_000;
    this.file = null;
    this.leftOut = [];
  }

  addHeader(name = "", value = ""): number {
    const id = nextRow();
    this.headers.push({ id, name, value });
    return id;
  }

  removeHeader(id: number): void {
    this.headers = this.headers.filter((one) => one.id !== id);
  }

  /** Takes away the headers of this name, written in any case. */
  removeHeaders(name: string): void {
    this.headers = this.headers.filter((one) => one.name.trim().toLowerCase() !== name);
  }

  setHeaders(headers: { name: string; value: string }[]): void {
    this.headers = headers.map((one) => ({ id: nextRow(), ...one }));
  }

  addPart(kind: "text" | "file"): number {
    const id = nextRow();
    this.written.parts.push({ id, name: "", kind, text: "", file: null, mediaType: "" });
    return id;
  }

  removePart(id: number): void {
    this.written.parts = this.written.parts.filter((one) => one.id !== id);
  }
}
