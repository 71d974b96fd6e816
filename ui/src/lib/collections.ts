// Saved requests as a tree: their ids say which folders they are in, and a folder is a collection.
import type { SavedRequest } from "../wire/SavedRequest";

/** One row of the tree, as it is drawn. */
export type CollectionRow =
  | { kind: "folder"; path: string; name: string; level: number; open: boolean; count: number }
  | { kind: "request"; path: string; name: string; level: number; request: SavedRequest };

/** The folders that a request is in, with `/` between them; empty: none. */
export function collectionOf(id: string): string {
  return id.split("/").slice(0, -1).join("/");
}

/** All folders, those around others included, in order. */
export function collections(requests: readonly SavedRequest[]): string[] {
  const found = new Set<string>();
  for (const { id } of requests) {
    const parts = id.split("/").slice(0, -1);
    for (let depth = 1; depth <= parts.length; depth += 1) found.add(parts.slice(0, depth).join("/"));
  }
  return [...found].sort(byName);
}

/** The rows that are to be seen: folders first, then requests, by name; what is in a closed folder is left out. */
export function rows(requests: readonly SavedRequest[], closed: ReadonlySet<string>): CollectionRow[] {
  const counts = new Map<string, number>();
  const inside = new Map<string, SavedRequest[]>();
  for (const request of requests) {
    const own = collectionOf(request.id);
    inside.set(own, [...(inside.get(own) ?? []), request]);
    for (let path = own; path !== ""; path = collectionOf(path)) counts.set(path, (counts.get(path) ?? 0) + 1);
  }
  const folders = new Map<string, string[]>();
  for (const path of collections(requests)) folders.set(collectionOf(path), [...(folders.get(collectionOf(path)) ?? []), path]);
  const made: CollectionRow[] = [];
  const walk = (path: string, level: number) => {
    for (const folder of folders.get(path) ?? []) {
      const open = !closed.has(folder);
      made.push({ kind: "folder", path: folder, name: folder.split("/").at(-1) as string, level, open, count: counts.get(folder) ?? 0 });
      if (open) walk(folder, level + 1);
    }
    const own = [...(inside.get(path) ?? [])].sort((one, other) => byName(one.name, other.name));
    for (const request of own) made.push({ kind: "request", path: request.id, name: request.name, level, request });
  };
  walk("", 1);
  return made;
}

/** What a copy of a request is called. */
export function nameOfCopy(name: string): string {
  const numbered = /^(.*) copy(?: (\d+))?$/.exec(name);
  return numbered ? `${numbered[1]} copy ${Number(numbered[2] ?? 1) + 1}` : `${name} copy`;
}

const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
const byName = (one: string, other: string) => collator.compare(one, other);
