// The page of tests, and of work on the look: the view over a played engine, with the stage set by the address.
import { type Stage, fakeBackend } from "./backend/fake";
import type { Code } from "./wire/Code";
import { start } from "./start";

const query = new URLSearchParams(location.search);
const stage = Object.fromEntries(query) as Record<string, string>;
const backend = fakeBackend({
  ...(stage as Stage),
  folder: query.has("folder"),
  bare: query.has("bare"),
  many: Number(query.get("many") ?? 0),
  notices: query.getAll("notice").map((code) => ({ code: code as Code, params: { path: "timeline.db", kept_as: "timeline.db.corrupt-1", detail: "file is not a database" } })),
});
// Tests reach the played engine's manners through here.
Object.assign(window, { play: backend });
start(backend);
