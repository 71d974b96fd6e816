// The requests of an import by their folders, in the order in which they come.
import type { PlannedRequest } from "../wire/PlannedRequest";

/** A request with the last part of its id as its name. */
export interface NamedRequest extends PlannedRequest {
  name: string;
}

/** A folder and what lies in it; the empty name is none. */
export interface PlannedFolder {
  name: string;
  requests: NamedRequest[];
}

/** Folders by their whole paths, without the import's own in front of them. */
export function tree(requests: PlannedRequest[]): PlannedFolder[] {
  // What lies in no folder comes first: below one it would seem to lie in that.
  const folders = new Map<string, PlannedFolder>([["", { name: "", requests: [] }]]);
  for (const request of requests) {
    const parts = request.id.split("/");
    const name = parts.slice(1, -1).join(" / ");
    const folder = folders.get(name) ?? { name, requests: [] };
    folder.requests.push({ ...request, name: parts.at(-1) ?? request.id });
    folders.set(name, folder);
  }
  return [...folders.values()].filter((folder) => folder.requests.length > 0);
}
