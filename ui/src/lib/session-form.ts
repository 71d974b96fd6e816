// The form of a session: what its file says, in fields. Keys that the form has no field for come back as they were.
import type { JsonValue } from "../wire/serde_json/JsonValue";
import type { Preset } from "../wire/Preset";

/** A session's file: its keys and values. */
export type Keys = Preset["session"];

/** The endpoints that a file may name, in the order in which a sign-in meets them. */
export const ENDPOINTS = [
  "authorization_endpoint", "pushed_authorization_request_endpoint", "device_authorization_endpoint", "token_endpoint", "jwks_uri",
  "revocation_endpoint", "introspection_endpoint", "userinfo_endpoint", "end_session_endpoint",
] as const;
export type Endpoint = (typeof ENDPOINTS)[number];

/** A request that is sent to sign in or to refresh. */
export interface RequestFields {
  method: string;
  url: string;
  body: string;
}

/** A certificate that is taken for one host. */
export interface PinFields {
  host: string;
  sha256: string;
}

/** How connections are made. */
export interface ConnectionFields {
  proxy: "none" | "system" | "at";
  proxyAt: string;
  authority: string;
  pins: PinFields[];
}

/** What can be filled in. Empty texts are keys that are not there. */
export interface SessionForm {
  kind: "oauth" | "json" | "cookie";
  origins: string[];
  issuer: string;
  endpoints: Record<Endpoint, string>;
  clientId: string;
  clientAuth: string;
  grant: string;
  redirectUri: string;
  scope: string;
  resource: string;
  audience: string;
  pushed: boolean;
  dpop: boolean;
  refreshWhen: string;
  prepare: RequestFields;
  signIn: RequestFields;
  refresh: RequestFields;
  cookie: string;
  csrf: { cookie: string; header: string };
  reply: { access_token: string; refresh_token: string; expires_in: string };
  refused: { status: string; pointer: string; value: string };
  connection: ConnectionFields;
}

/** Where a JSON session's tokens stand, if its file does not say. */
export const REPLY_DEFAULTS: SessionForm["reply"] = { access_token: "/accessToken", refresh_token: "/refreshToken", expires_in: "/expiresIn" };

const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
const keysOf = (value: JsonValue | undefined): Keys => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Keys) : {});
const request = (value: JsonValue | undefined): RequestFields => ({ method: text(keysOf(value).method), url: text(keysOf(value).url), body: text(keysOf(value).body) });

/** The form of a file, or of a preset's beginning of one. */
export function formOf(keys: Keys): SessionForm {
  const [reply, refused] = [keysOf(keys.reply), keysOf(keys.refused_when)];
  const body = Array.isArray(refused.body) ? refused.body : [];
  return {
    kind: keys.kind === "json" || keys.kind === "cookie" ? keys.kind : "oauth",
    origins: Array.isArray(keys.origins) ? keys.origins.filter((one) => typeof one === "string") : [],
    issuer: text(keys.issuer), endpoints: Object.fromEntries(ENDPOINTS.map((name) => [name, text(keys[name])])) as Record<Endpoint, string>,
    clientId: text(keys.client_id), clientAuth: text(keys.client_auth) || "none", grant: text(keys.grant) || "refresh_token", redirectUri: text(keys.redirect_uri),
    scope: text(keys.scope), resource: text(keys.resource), audience: text(keysOf(keys.authorization_parameters).audience),
    pushed: keys.require_pushed_authorization_requests === true, dpop: keys.dpop === true, refreshWhen: text(keys.refresh_when) || "before_expiry",
    prepare: keys.prepare === undefined ? { method: "GET", url: "", body: "" } : request(keys.prepare), signIn: request(keys.sign_in), refresh: request(keys.refresh),
    cookie: text(keys.cookie), csrf: { cookie: text(keysOf(keys.csrf).cookie), header: text(keysOf(keys.csrf).header) },
    reply: { access_token: text(reply.access_token), refresh_token: text(reply.refresh_token), expires_in: text(reply.expires_in) },
    refused: { status: typeof refused.status === "number" ? String(refused.status) : "", pointer: text(body[0]), value: text(body[1]) },
    connection: connectionOf(keysOf(keys.connection)),
  };
}

function connectionOf(keys: Keys): ConnectionFields {
  const proxy = text(keys.proxy);
  const pins = Array.isArray(keys.pins) ? keys.pins.map(keysOf) : [];
  return {
    proxy: proxy === "" ? "none" : proxy === "system" ? "system" : "at", proxyAt: proxy === "system" ? "" : proxy,
    authority: text(keys.authority), pins: pins.map((pin) => ({ host: text(pin.host), sha256: text(pin.sha256) })),
  };
}

/** The file that the form describes, over what it said before. */
export function fileOf(form: SessionForm, before: Keys): Keys {
  const over = (key: string, fields: Keys): JsonValue => {
    const table = without({ ...keysOf(before[key]), ...fields });
    return Object.keys(table).length > 0 ? table : null;
  };
  /** What a file need not say, and does only if it did before. */
  const unless = (key: string, usual: JsonValue, value: JsonValue): JsonValue => (value === usual && before[key] === undefined ? null : value);
  const asked = (key: string, fields: RequestFields): JsonValue =>
    fields.url.trim() ? over(key, { method: some(fields.method), url: fields.url.trim(), body: some(fields.body) }) : null;
  const shared: Keys = { kind: form.kind, origins: form.origins.map((one) => one.trim()).filter(Boolean) };
  const status = Number(form.refused.status);
  const tail: Keys = {
    refresh_when: unless("refresh_when", "before_expiry", form.refreshWhen),
    refused_when: Number.isInteger(status) && status > 0
      ? over("refused_when", { status, body: form.refused.pointer.trim() ? [form.refused.pointer.trim(), form.refused.value] : null })
      : null,
    connection: over("connection", connectionIn(form.connection)),
  };
  const rest = Object.fromEntries(Object.entries(before).filter(([key]) => !OWN.has(key)));
  if (form.kind === "json") {
    return without({ ...shared, ...rest, ...tail, sign_in: asked("sign_in", form.signIn), refresh: asked("refresh", form.refresh), reply: over("reply", mapped(form.reply)) });
  }
  if (form.kind === "cookie") {
    const csrf = form.csrf.cookie.trim() ? over("csrf", { cookie: form.csrf.cookie.trim(), header: form.csrf.header.trim() }) : null;
    const requests = { prepare: asked("prepare", form.prepare), sign_in: asked("sign_in", form.signIn), refresh: asked("refresh", form.refresh) };
    return without({ ...shared, cookie: form.cookie.trim(), ...rest, ...tail, ...requests, csrf });
  }
  const oauth: Keys = {
    issuer: some(form.issuer), ...mapped(form.endpoints), client_id: form.clientId.trim(), client_auth: unless("client_auth", "none", form.clientAuth),
    grant: unless("grant", "refresh_token", form.grant), redirect_uri: some(form.redirectUri), scope: some(form.scope), resource: some(form.resource),
    require_pushed_authorization_requests: unless("require_pushed_authorization_requests", false, form.pushed), dpop: unless("dpop", false, form.dpop),
    authorization_parameters: over("authorization_parameters", { audience: some(form.audience) }),
  };
  return without({ ...shared, ...oauth, ...rest, ...tail });
}

const OWN = new Set<string>([
  "kind", "origins", "issuer", ...ENDPOINTS, "client_id", "client_auth", "grant", "redirect_uri", "scope", "resource", "require_pushed_authorization_requests", "dpop",
  "authorization_parameters", "refresh_when", "refused_when", "connection", "prepare", "sign_in", "refresh", "reply", "cookie", "csrf",
]);

const some = (value: string): JsonValue => value.trim() || null;

const mapped = (fields: Record<string, string>): Keys => Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, some(value)]));

const without = (keys: Keys): Keys => Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== null && value !== undefined));

function connectionIn(fields: ConnectionFields): Keys {
  const pins = fields.pins.map((pin) => ({ host: pin.host.trim(), sha256: pin.sha256.trim() })).filter((pin) => pin.host || pin.sha256);
  return {
    proxy: fields.proxy === "none" ? null : fields.proxy === "system" ? "system" : some(fields.proxyAt),
    authority: some(fields.authority), pins: pins.length > 0 ? pins : null,
  };
}

/** A preset's beginning, with its blanks filled where the user has filled them. Where it can sign in through the browser, it does. */
export function filled(preset: Preset, blanks: Record<string, string>): Keys {
  let json = JSON.stringify(preset.session);
  for (const { key } of preset.blanks) {
    const value = blanks[key]?.trim().replace(/\/+$/, "");
    if (value) json = json.replaceAll(`<${key}>`, JSON.stringify(value).slice(1, -1));
  }
  const keys = JSON.parse(json) as Keys;
  if (preset.redirect === null) return keys;
  const parameters = Object.fromEntries(preset.authorization_parameters);
  return {
    ...keys, grant: "authorization_code",
    ...(preset.redirect === "localhost" ? { redirect_uri: "http://localhost" } : {}),
    ...(Object.keys(parameters).length > 0 ? { authorization_parameters: parameters } : {}),
  };
}

/** The scope that is missing for a refresh token to come, as far as is known. */
export function missingScope(form: SessionForm, preset: Preset | null): string | null {
  if (form.kind !== "oauth" || form.grant === "client_credentials") return null;
  const scopes = form.scope.split(/\s+/);
  const wanted = preset ? preset.offline_scope : scopes.includes("openid") ? "offline_access" : null;
  return wanted !== null && !scopes.includes(wanted) ? wanted : null;
}
