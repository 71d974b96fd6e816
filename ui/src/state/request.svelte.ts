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
  /** The saved request that this was opened from. */
  saved = $state<string | null>(null);
  /** What of a pasted line was not taken over. */
  leftOut = $state.raw<LeftOut[]>([]);
  /** What is unfolded. */
  part = $state<RequestPart | null>(null);

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
    this.take({ ...request, allow_without_token: false });
    this.session = request.session;
    this.saved = request.id;
  }

  /** Takes over what a draft says, but for its session. */
  take(draft: Draft): void {
    this.method = draft.method;
    this.url = draft.url;
    this.headers = draft.headers.map(([name, value]) => ({ id: nextRow(), name, value }));
    this.written = { ...writtenOf(draft.body, draft.headers, nextRow) };
    this.followRedirects = draft.follow_redirects ?? true;
    this.timeLimit = draft.time_limit_ms == null ? null : draft.time_limit_ms / 1_000;
    this.saved = null;
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
