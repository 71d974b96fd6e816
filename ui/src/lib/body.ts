// What a request carries, by the kind in which it is written: each kind keeps what was typed, and one of them is sent.
import type { Body } from "../wire/Body";

/** How a body is written. */
export type BodyKind = "none" | "json" | "form" | "text" | "graphql" | "multipart" | "file";

/** The kinds in the order in which they are offered. */
export const BODY_KINDS: { id: BodyKind; label: string }[] = [
  { id: "none", label: "None" },
  { id: "json", label: "JSON" },
  { id: "form", label: "Form" },
  { id: "text", label: "Text" },
  { id: "graphql", label: "GraphQL" },
  { id: "multipart", label: "Multipart" },
  { id: "file", label: "File" },
];

/** A file that the user chose in a dialog of the system. */
export interface ChosenFile {
  path: string;
  name: string;
  bytes: number | null;
}

/** One part of a multipart form. */
export interface PartRow {
  id: number;
  name: string;
  kind: "text" | "file";
  text: string;
  file: ChosenFile | null;
  mediaType: string;
}

/** Everything that was written, of every kind. */
export interface Written {
  kind: BodyKind;
  json: string;
  text: string;
  /** `a=1&b=2`, as it is sent. */
  form: string;
  query: string;
  variables: string;
  parts: PartRow[];
  file: ChosenFile | null;
  fileMediaType: string;
}

/** Nothing. */
export const UNWRITTEN: Written = { kind: "none", json: "", text: "", form: "", query: "", variables: "", parts: [], file: null, fileMediaType: "" };

/** What is sent, or why it cannot be put together. */
export function bodyOf(written: Written): { body: Body | null } | { fault: string } {
  switch (written.kind) {
    case "none":
      return { body: null };
    case "json":
      return { body: written.json === "" ? null : written.json };
    case "text":
      return { body: written.text === "" ? null : written.text };
    case "form":
      return { body: written.form === "" ? null : written.form };
    case "graphql":
      return graphql(written.query, written.variables);
    case "multipart": {
      const missing = written.parts.find((part) => part.kind === "file" && part.file === null);
      if (missing) return { fault: `no file is chosen for the part ${missing.name ? `“${missing.name}”` : "without a name"}` };
      return { body: { kind: "multipart", parts: written.parts.map(partOf) } };
    }
    case "file":
      return written.file === null ? { fault: "no file is chosen" } : { body: { kind: "file", path: written.file.path, media_type: written.fileMediaType.trim() || null } };
  }
}

/** The `Content-Type` that goes with a kind where the headers name none. Null: none, or it is the engine's to write. */
export function mediaTypeOf(written: Written): string | null {
  const text = { json: written.json, form: written.form, text: written.text, graphql: written.query }[written.kind as string] ?? "";
  if (text === "") return null;
  return { json: "application/json", graphql: "application/json", form: "application/x-www-form-urlencoded", text: "text/plain; charset=utf-8" }[written.kind as string] ?? null;
}

/** What was written, read from a request that was saved or pasted. */
export function writtenOf(body: Body | null, headers: readonly (readonly [string, string])[], nextId: () => number): Written {
  if (body === null || body === "") return UNWRITTEN;
  if (typeof body !== "string") {
    const chosen = (path: string): ChosenFile => ({ path, name: path.split(/[\\/]/).at(-1) ?? path, bytes: null });
    if (body.kind === "file") return { ...UNWRITTEN, kind: "file", file: chosen(body.path), fileMediaType: body.media_type ?? "" };
    const parts = body.parts.map((part): PartRow => part.kind === "text"
      ? { id: nextId(), name: part.name, kind: "text", text: part.text, file: null, mediaType: "" }
      : { id: nextId(), name: part.name, kind: "file", text: "", file: chosen(part.path), mediaType: part.media_type ?? "" });
    return { ...UNWRITTEN, kind: "multipart", parts };
  }
  const mediaType = headers.find(([name]) => name.trim().toLowerCase() === "content-type")?.[1].toLowerCase() ?? "";
  if (mediaType.includes("x-www-form-urlencoded")) return { ...UNWRITTEN, kind: "form", form: body };
  const question = mediaType === "" || mediaType.includes("json") ? asGraphql(body) : null;
  if (question) return { ...UNWRITTEN, kind: "graphql", ...question };
  if (mediaType.includes("json") || (mediaType === "" && /^\s*(\[|\{(?!\{))/.test(body))) return { ...UNWRITTEN, kind: "json", json: body };
  return { ...UNWRITTEN, kind: "text", text: body };
}

function partOf(part: PartRow): Extract<Body, { kind: "multipart" }>["parts"][number] {
  return part.kind === "file" && part.file
    ? { kind: "file", name: part.name, path: part.file.path, file_name: null, media_type: part.mediaType.trim() || null }
    : { kind: "text", name: part.name, text: part.text };
}

function graphql(query: string, variables: string): ReturnType<typeof bodyOf> {
  if (query.trim() === "") return { body: null };
  const operation = [...query.matchAll(/\b(?:query|mutation|subscription)\s+([_A-Za-z]\w*)/g)].map((match) => match[1] as string);
  const named = operation.length === 1 ? `,"operationName":${JSON.stringify(operation[0])}` : "";
  if (variables.trim() === "") return { body: `{"query":${JSON.stringify(query)}${named}}` };
  try {
    const read: unknown = JSON.parse(variables);
    if (typeof read !== "object" || read === null || Array.isArray(read)) return { fault: "the variables are not a JSON object" };
  } catch {
    return { fault: "the variables are not JSON" };
  }
  // As they were written, so that numbers keep their digits.
  return { body: `{"query":${JSON.stringify(query)},"variables":${variables.trim()}${named}}` };
}

function asGraphql(body: string): Pick<Written, "query" | "variables"> | null {
  try {
    const read = JSON.parse(body) as Record<string, unknown> | null;
    if (typeof read !== "object" || read === null || typeof read.query !== "string") return null;
    if (Object.keys(read).some((key) => !["query", "variables", "operationName"].includes(key))) return null;
    return { query: read.query, variables: read.variables == null ? "" : JSON.stringify(read.variables, null, 2) };
  } catch {
    return null;
  }
}
