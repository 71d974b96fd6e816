// The door to a played engine: for tests, and for work on the look without a window. Never part of the product.
import type { AppView } from "../wire/AppView";
import type { ClientAuth } from "../wire/ClientAuth";
import type { Commands } from "../wire/Commands";
import type { Credentials } from "../wire/Credentials";
import type { Failure } from "../wire/Failure";
import type { Draft } from "../wire/Draft";
import type { FromCurl } from "../wire/FromCurl";
import type { GrantType } from "../wire/GrantType";
import type { ImportPreview } from "../wire/ImportPreview";
import type { KeychainState } from "../wire/KeychainState";
import type { KeychainView } from "../wire/KeychainView";
import type { Language } from "../wire/Language";
import type { Question } from "../wire/Question";
import type { SavedRequest } from "../wire/SavedRequest";
import type { ServerAnswer } from "../wire/ServerAnswer";
import type { Settings } from "../wire/Settings";
import type { StoredSession } from "../wire/StoredSession";
import type { Backend, Callable } from "./backend";
import { type FakeClock, pageClock } from "./fake/clock";
import { discovered } from "./fake/discovered";
import { FakeEngine, ORIGIN, failure } from "./fake/engine";
import { explainRequest, explainSignOut } from "./fake/explain";
import { messageOf } from "./fake/messages";
import { inspected } from "./fake/inspect";
import { Profiles } from "./fake/profiles";
import { Questions } from "./fake/questions";
import { KeptBookmarks } from "./fake/bookmarks";
import { FakeFiles, PRESETS } from "./fake/files";
import { FakeImport } from "./fake/imports";
import { secondOpinion } from "./fake/opinion";
import { FakeHistory } from "./fake/history";
import { FakeRequests, FakeTabs } from "./fake/requests";
import { FakeSession } from "./fake/session";

/** How the play begins. */
export interface Stage {
  theme?: Settings["theme"];
  view?: Settings["timeline_view"];
  autorun?: AppView["autorun"];
  keychain?: KeychainState;
  /** Another workspace than the embedded demo. */
  folder?: boolean;
  /** How its OAuth session gets tokens. */
  grant?: GrantType;
  /** A workspace without sessions and requests. */
  bare?: boolean;
  notices?: Failure[];
  /** So many saved requests more. */
  many?: number;
}

/** The played backend, with its engine in reach. */
export interface FakeBackend extends Backend {
  engine: FakeEngine;
  files: FakeFiles;
  imports: FakeImport;
  requests: FakeRequests;
  saved: Settings[];
  /** A file is dropped on the window. */
  drop: () => void;
}

type Handlers = { [K in Callable]: (args: Commands[K][0]) => Commands[K][1] | Promise<Commands[K][1]> };

/** Sets the stage. */
export function fakeBackend(stage: Stage = {}, clock: FakeClock = pageClock): FakeBackend {
  const engine = new FakeEngine(clock);
  engine.manners.keychain = stage.keychain ?? "open";
  if (stage.grant) engine.session("demo-oauth").client.grant = stage.grant;
  if (stage.bare) engine.sessions.length = 0;
  const files = new FakeFiles(engine.sessions.map((one) => one.name));
  const requests = new FakeRequests(stage.bare ? [] : [...REQUESTS, ...Array.from({ length: stage.many ?? 0 }, (_, index) => request(`many/${index % 50}/${index}`, `Request ${index}`, "GET", `/things/${index}`))]);
  const tabs = new FakeTabs();
  const past = new FakeHistory(engine);
  const stays = stage.folder || stage.bare;
  const saved: Settings[] = [];
  const profiles = new Profiles(engine);
  const imports = new FakeImport(clock, `${ORIGIN}/auth/refresh`);
  const portable = new Set<string>();
  let dropped: ((preview: ImportPreview) => void) | null = null;
  const bookmarks = new KeptBookmarks();
  const questions = new Questions(() => engine.log.events);
  const done = () => ({ newest: engine.log.newest });
  const keychain = (): KeychainView => ({ kept: engine.kept, state: engine.manners.keychain, detail: null });
  const snapshots = () => engine.sessions.map((one) => one.snapshot(engine.log.newest));
  const settings: Settings = {
    theme: stage.theme ?? "system", sessions_width_px: 232, inspector_width_px: 316, timeline_height_px: 268, last_workspace: null, last_environment: null, timeline_view: stage.view ?? "story", keys: {}, history_kept: 10_000,
  };

  const handlers: Handlers = {
    open_view: () => ({
      version: "0.1.0", run: engine.log.run, newest: engine.log.newest,
      workspace: stage.folder || stage.bare ? { name: "Acme shop", path: "/home/ada/acme-shop", embedded_demo: false, environments: ENVIRONMENTS, environment: engine.environment } : { name: "Demo server", path: null, embedded_demo: true, environments: [], environment: null },
      demo_origin: stage.folder || stage.bare ? null : ORIGIN, sessions: snapshots(), requests: requests.all, keychain: keychain(), notices: stage.notices ?? [], settings, autorun: stage.autorun ?? "none",
    }),
    choose_environment: ({ environment }) => {
      if (environment !== null && !ENVIRONMENTS.includes(environment)) throw failure("environment.unknown", { environment });
      engine.goTo(environment);
      return { name: "Acme shop", path: "/home/ada/acme-shop", embedded_demo: false, environments: ENVIRONMENTS, environment };
    },
    read_body: ({ request, from, length }) => {
      const bytes = engine.body(request).slice(from, from + Math.min(length, 262_144));
      return { hex: [...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join(""), total: engine.body(request).length, broken: null };
    },
    find_in_body: ({ request, text, from }) => {
      const at = new TextDecoder("latin1").decode(engine.body(request)).indexOf(text, from);
      return { at: at < 0 ? null : at };
    },
    watch_body: ({ request }) => ({ bytes: engine.body(request).length }),
    save_body: ({ request }) => ({ path: `/home/ada/R${request}.body` }),
    read_history: ({ question, before }) => past.page(question, before),
    read_sent: (key) => past.sent(key),
    pin_sent: ({ key, pinned }) => {
      past.pin(key, pinned);
      return {};
    },
    forget_sent: ({ key }) => {
      past.forget(key);
      return { left: 0 };
    },
    list_requests: () => ({ requests: requests.all, unreadable: [] }),
    read_request_file: ({ id }) => requests.read(id),
    save_request: (request) => (stays ? requests.save(request) : refuse("workspace.in_memory", {})),
    create_request: (args) => (stays ? { request: requests.create(args), folder: null } : { request: { ...args.request, id: args.request.name }, folder: "/home/ada/my-api" }),
    move_request: (args) => requests.move(args),
    delete_request: ({ id, revision }) => {
      requests.remove(id, revision);
      return {};
    },
    read_tabs: () => tabs.all,
    keep_tab: (tab) => {
      tabs.keep(tab);
      return {};
    },
    arrange_tabs: ({ order, active }) => {
      tabs.arrange(order, active);
      return {};
    },
    send_request: (draft) => {
      const request = engine.send(draft);
      past.record(request, draft);
      return { request, ...done() };
    },
    pick_file: () => ({ path: "/home/ada/pictures/cat.png", name: "cat.png", bytes: 48_213 }),
    fill_address: ({ url }) => ({ url: url.replace(/\{\{ *([\w.-]+) *\}\}/g, (_, name: string) => VARIABLES[name] ?? refuse("variable.unknown", { variable: name })) }),
    read_curl: ({ line }) => {
      const known = CURL_LINES[line];
      if (!known) throw failure("import.invalid", { format: "cURL", detail: "a \" is opened and never closed" });
      return known;
    },
    stop_request: ({ request }) => {
      engine.stop(request);
      return { request, ...done() };
    },
    read_response: ({ request }) => engine.responses.get(request) ?? null,
    read_resource_metadata: () => ({
      found_at: `${ORIGIN}/.well-known/oauth-protected-resource`, resource: ORIGIN, name: "Orders", authorization_servers: ["https://id.test", "https://login.acme.test/tenant"], scopes: ["orders:read", "orders:write"], dpop_required: false, left_out: 1,
    }),
    explain_request: ({ run, request }) => explainRequest(engine.log, run, request),
    // There is no dialog of a system here: the user names a file at once.
    save_evidence: ({ format, secrets }) => ({ path: `/home/ada/sandglass-evidence${secrets ? "-WITH-SECRETS" : ""}.${{ markdown: "md", har: "har", json_lines: "jsonl" }[format]}` }),
    ask_second_opinion: (args) => secondOpinion(engine, args),
    write_code: ({ draft, language }) => ({ text: codeOf(draft, language) }),
    copy_code: () => ({}),
    pick_import: () => imports.read("openapi"),
    take_drop: () => new Promise((resolve) => (dropped = resolve)),
    read_import: ({ text }) => imports.read(text),
    plan_import: ({ sessions }) => imports.plan(sessions),
    import_progress: () => ({ requests: imports.requests }),
    stop_import: () => {
      imports.stop();
      return {};
    },
    write_import: () => ({ folder: stage.folder || stage.bare ? null : "/home/ada/my-api", requests: imports.write().map((one) => requests.put(one)), failures: [], ...done() }),
    read_portable: ({ session }) => ({ allowed: portable.has(session) }),
    make_portable: ({ session, allowed }) => {
      if (allowed) {
        engine.log.append({ kind: "TrustAsked", data: { widening: "token_command", granted: true } }, { session }, [], "user");
        portable.add(session);
      } else portable.delete(session);
      return { allowed };
    },
    explain_sign_out: ({ session }) => explainSignOut(engine.log, session, engine.session(session).state === "login_required"),
    list_sessions: snapshots,
    sign_in: async ({ session, credentials }) => {
      await engine.signIn(session, accepted(credentials));
      return done();
    },
    sign_in_demo: async ({ session }) => {
      await engine.signIn(session, true);
      return done();
    },
    stop_sign_in: ({ session }) => {
      engine.endVisit(session, false);
      return {};
    },
    copy_sign_in_link: () => ({}),
    open_sign_in_link: () => ({}),
    end_session: () => ({}),
    introspect_token: ({ session }) => answerOf("introspection", engine.session(session)),
    read_userinfo: ({ session }) => answerOf("userinfo", engine.session(session)),
    read_user_code: () => engine.userCode,
    bring_sign_in_back: ({ session, address }) => {
      if (!address.includes("code=") || !engine.endVisit(session, true)) throw failure("sign_in.not_the_answer", { session });
      return {};
    },
    pick_key_file: () => ({ id: 1, name: "client-key.pem" }),
    discover: ({ issuer }) => discovered(issuer, clock),
    sign_out: ({ session }) => {
      engine.signOut(session);
      return done();
    },
    refresh_now: async ({ session }) => {
      await engine.refreshNow(session);
      return done();
    },
    read_token: ({ session }) => engine.session(session).details(),
    read_message: ({ event }) => messageOf(engine.log.events, event),
    read_profile: ({ session }) => profiles.known(session),
    choose_replay: ({ session, replay }) => profiles.choose(session, replay),
    forget_profile: ({ session }) => profiles.forget(session),
    list_presets: () => PRESETS,
    read_session_file: ({ session }) => files.read(session),
    save_session: ({ session, keys, revision }) => {
      files.check(session, keys);
      if (!files.allowed(session, keys)) return { allowed: false, folder: null, ...done() };
      if (!stage.folder && !stage.bare) return { allowed: true, folder: "/home/ada/my-api", ...done() };
      files.write(session, keys, revision);
      engine.takeIn(session, () => sessionOf(session, keys));
      return { allowed: true, folder: null, ...done() };
    },
    delete_session: ({ session }) => {
      files.remove(session);
      engine.leave(session);
      return { allowed: true, folder: null, ...done() };
    },
    approve_binding: ({ session }) => {
      if (files.allows) engine.approve(session);
      return { allowed: files.allows, folder: null, ...done() };
    },
    read_lineage: ({ session }) => engine.session(session).lineage(),
    check_signature: () => ({ state: "not_checked" }),
    inspect_token: ({ text }) => inspected(text),
    reveal_token: ({ session, which }) => {
      engine.log.append({ kind: "TrustAsked", data: { widening: "reveal", granted: true } }, { session }, [], "user");
      engine.log.append({ kind: "TokenHandedOut", data: { which, how: "revealed" } }, { session }, [], "user");
      return done();
    },
    copy_token: ({ session, which }) => {
      engine.log.append({ kind: "TokenHandedOut", data: { which, how: "copied" } }, { session }, [], "user");
      return done();
    },
    arm_fault: ({ session, fault, typed }) => {
      if (fault.name === "reuse_refresh_token" && typed !== session) throw failure("fault.unconfirmed", { session });
      engine.arm(session, fault);
      return snapshots();
    },
    clear_fault: ({ session, name }) => {
      engine.disarm(session, name);
      return snapshots();
    },
    choose_store: ({ memory_only }) => {
      engine.kept = memory_only ? "memory" : "keychain";
      engine.log.append({ kind: "StoreChosen", data: { kept: engine.kept } }, {}, [], "user");
      for (const session of engine.sessions) Object.assign(session, { kept: engine.kept, persistPending: false });
      return snapshots();
    },
    retry_store: keychain,
    start_tour: () => {
      if (stage.folder || stage.bare) throw failure("demo.unavailable");
      void engine.tour();
      return done();
    },
    stop_tour: () => {
      engine.stopTour();
      return {};
    },
    steal_refresh_token: () => {
      engine.steal();
      return done();
    },
    count_matches: ({ filter }) => questions.matches(filter),
    read_overview: (args) => questions.overview(args),
    read_window: (args) => questions.window(args),
    read_story: (args) => questions.story(args),
    read_log: (args) => questions.log(args),
    find_match: (args) => questions.find(args),
    read_bookmarks: () => bookmarks.read(),
    keep_bookmarks: (args) => {
      bookmarks.keep(args);
      return {};
    },
    save_settings: (args) => {
      saved.push(args);
      return args;
    },
  };

  return {
    engine,
    files,
    imports,
    requests,
    saved,
    drop: () => dropped?.(imports.preview()),
    // The answer comes later, and as a copy, as over the real door.
    call: async (name, args) => {
      await Promise.resolve();
      return structuredClone(await handlers[name](structuredClone(args)));
    },
    watch: (held, onBatch) => {
      engine.log.watch(held.since, (batch) => onBatch(structuredClone(batch)));
      return Promise.resolve();
    },
  };
}

/** The session that a file describes. */
function sessionOf(name: string, keys: StoredSession["keys"]): FakeSession {
  const origin = Array.isArray(keys.origins) ? String(keys.origins[0] ?? "") : "";
  const session = new FakeSession(name, keys.kind === "json" ? "json" : "oauth", origin, 6_000, {
    grant: (keys.grant ?? "refresh_token") as GrantType, auth: (keys.client_auth ?? "none") as ClientAuth,
  });
  session.passwordless = keys.sign_in === undefined;
  return session;
}

/** What the played server says when it is asked. */
function answerOf(question: Question, session: FakeSession): ServerAnswer {
  if (!session.token) throw failure("session.sign_in_needed", { session: session.name });
  const { sub = null, name = null, scope = null, exp = null, iat = null } = session.token.claims;
  const members: ServerAnswer["members"] = question === "introspection" ? { active: !session.revoked, scope, exp, iat, sub } : { sub, name, email: "ada@example.com" };
  return { question, endpoint: `https://id.test/${question}`, members, cut: 0 };
}

/** What this server takes: one password, and any secret of some length. */
function accepted(credentials: Credentials): boolean {
  switch (credentials.type) {
    case "password":
      return credentials.password === "hourglass";
    case "refresh_token":
      return credentials.refresh_token.length > 3;
    case "client":
      return (credentials.client.client_secret ?? "").length > 3;
    case "browser":
    case "device":
      return true;
  }
}

const request = (id: string, name: string, method: string, path: string, body: string | null = null): SavedRequest => ({
  id, name, method, url: `${ORIGIN}${path}`, headers: body === null ? [] : [["Content-Type", "application/json"]], body, session: "demo", follow_redirects: true, time_limit_ms: null, revision: null,
});

const REQUESTS: SavedRequest[] = [
  request("list-orders", "List orders", "GET", "/orders?limit=5"),
  request("create-order", "Create an order", "POST", "/orders", '{"customer": "Ada Byron", "total": "42.00", "currency": "EUR"}'),
  request("who-am-i", "Who am I", "GET", "/me"),
  request("back-office", "Back office", "GET", "/admin"),
];

/** The environments of the played workspace. */
const ENVIRONMENTS = ["production", "staging"];

/** The variables of the played workspace; a secret is hidden. */
const VARIABLES: Record<string, string> = { api: ORIGIN, size: "5", key: "•••" };

/** A request as the engine's templates would write it, for two of the languages. */
function codeOf(draft: Draft, language: Language): string {
  const note = draft.session ? `TOKEN: the token of the session ${draft.session}, not written down here` : "";
  if (language === "curl") return `${note ? `# ${note}\n` : ""}curl --silent --show-error --globoff --request '${draft.method}' '${draft.url}'${draft.session ? " \\\n  --header 'Authorization: Bearer '\"${TOKEN}\"" : ""}`;
  return `${note ? `// ${note}\n` : ""}const response = await fetch("${draft.url}", { method: "${draft.method}" });\nconsole.log(response.status);\nconsole.log(await response.text());`;
}

function refuse(code: Failure["code"], params: Failure["params"]): never {
  throw failure(code, params);
}

/** The lines of cURL that the play can read. */
const CURL_LINES: Record<string, FromCurl> = {
  [`curl -k ${ORIGIN}/orders -H 'X-Trace: 7' -d '{"total":"1.00"}' -o out.json -d @more.json`]: {
    draft: { method: "POST", url: `${ORIGIN}/orders`, headers: [["X-Trace", "7"], ["Content-Type", "application/x-www-form-urlencoded"]], body: '{"total":"1.00"}', session: null, allow_without_token: false },
    left_out: [
      { at: "", what: "--insecure", why: "loosens_tls", script: null },
      { at: "", what: "--data", why: "names_file", script: null },
    ],
  },
};
