// The form of a session: what its file says, in fields. Keys that the form has no field for come back as they were.
import type { JsonValue } from "../wire/serde_json/JsonValue";
import type { Preset } from "../wire/Preset";

/** A session's file: its keys and values. */
export type Keys = Preset["session"];

/** A request of a JSON session. */
export interface RequestFields {
  url: string;
  body: string;
}

/** What can be filled in. Empty texts are keys that are not there. */
export interface SessionForm {
  kind: "oauth" | "json" | "cookie";
  origins: string[];
  issuer: string;
  tokenEndpoint: string;
  clientId: string;
  clientAuth: string;
  scope: string;
  resource: string;
  refreshWhen: string;
  signIn: RequestFields;
  refresh: RequestFields;
  cookie: string;
  csrf: { cookie: string; header: string };
  reply: { access_token: string; refresh_token: string; expires_in: string };
  refused: { status: string; pointer: string; value: string };
}

/** Where a JSON session's tokens stand, if its file does not say. */
export const REPLY_DEFAULTS: SessionForm["reply"] = { access_token: "/accessToken", refresh_token: "/refreshToken", expires_in: "/expiresIn" };

const text = (value: JsonValue | undefined): string => (typeof value === "string" ? value : "");
const keysOf = (value: JsonValue | undefined): Keys => (typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Keys) : {});
const request = (value: JsonValue | undefined): RequestFields => ({ url: text(keysOf(value).url), body: text(keysOf(value).body) });

/** The form of a file, or of a preset's beginning of one. */
export function formOf(keys: Keys): SessionForm {
  const [reply, refused] = [keysOf(keys.reply), keysOf(keys.refused_when)];
  const body = Array.isArray(refused.body) ? refused.body : [];
  return {
    kind: keys.kind === "json" || keys.kind === "cookie" ? keys.kind : "oauth",
    origins: Array.isArray(keys.origins) ? keys.origins.filter((one) => typeof one === "string") : [],
    issuer: text(keys.issuer), tokenEndpoint: text(keys.token_endpoint), clientId: text(keys.client_id), clientAuth: text(keys.client_auth) || "none",
    scope: text(keys.scope), resource: text(keys.resource), refreshWhen: text(keys.refresh_when) || "before_expiry",
    signIn: request(keys.sign_in), refresh: request(keys.refresh),
    cookie: text(keys.cookie), csrf: { cookie: text(keysOf(keys.csrf).cookie), header: text(keysOf(keys.csrf).header) },
    reply: { access_token: text(reply.access_token), refresh_token: text(reply.refresh_token), expires_in: text(reply.expires_in) },
    refused: { status: typeof refused.status === "number" ? String(refused.status) : "", pointer: text(body[0]), value: text(body[1]) },
  };
}

/** The file that the form describes, over what it said before. */
export function fileOf(form: SessionForm, before: Keys): Keys {
  const some = (value: string): JsonValue => value.trim() || null;
  const over = (key: string, fields: Keys): JsonValue => {
    const table = without({ ...keysOf(before[key]), ...fields });
    return Object.keys(table).length > 0 ? table : null;
  };
  const shared: Keys = { kind: form.kind, origins: form.origins.map((one) => one.trim()).filter(Boolean) };
  const status = Number(form.refused.status);
  const tail: Keys = {
    refresh_when: form.refreshWhen === "before_expiry" && before.refresh_when === undefined ? null : form.refreshWhen,
    refused_when: Number.isInteger(status) && status > 0
      ? over("refused_when", { status, body: form.refused.pointer.trim() ? [form.refused.pointer.trim(), form.refused.value] : null })
      : null,
  };
  const rest = Object.fromEntries(Object.entries(before).filter(([key]) => !OWN.has(key)));
  if (form.kind === "json") {
    const asked = (key: string, fields: RequestFields): JsonValue => over(key, { url: fields.url.trim(), body: fields.body });
    return without({ ...shared, ...rest, ...tail, sign_in: asked("sign_in", form.signIn), refresh: asked("refresh", form.refresh), reply: over("reply", mapped(form.reply)) });
  }
  if (form.kind === "cookie") {
    const csrf = form.csrf.cookie.trim() ? over("csrf", { cookie: form.csrf.cookie.trim(), header: form.csrf.header.trim() }) : null;
    const refresh = form.refresh.url.trim() ? over("refresh", { url: form.refresh.url.trim(), body: some(form.refresh.body) }) : null;
    const signIn = over("sign_in", { url: form.signIn.url.trim(), body: some(form.signIn.body) });
    return without({ ...shared, cookie: form.cookie.trim(), ...rest, ...tail, sign_in: signIn, refresh, csrf });
  }
  const oauth: Keys = {
    issuer: some(form.issuer), token_endpoint: form.tokenEndpoint.trim(), client_id: form.clientId.trim(),
    client_auth: form.clientAuth === "none" && before.client_auth === undefined ? null : form.clientAuth, scope: some(form.scope), resource: some(form.resource),
  };
  return without({ ...shared, ...oauth, ...rest, ...tail });
}

const OWN = new Set(["kind", "origins", "issuer", "token_endpoint", "client_id", "client_auth", "scope", "resource", "refresh_when", "refused_when", "sign_in", "refresh", "reply", "cookie", "csrf"]);

const mapped = (reply: SessionForm["reply"]): Keys => Object.fromEntries(Object.entries(reply).map(([key, value]) => [key, value.trim() || null]));

const without = (keys: Keys): Keys => Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== null && value !== undefined));

/** A preset's beginning, with its blanks filled where the user has filled them. */
export function filled(preset: Preset, blanks: Record<string, string>): Keys {
  let json = JSON.stringify(preset.session);
  for (const { key } of preset.blanks) {
    const value = blanks[key]?.trim().replace(/\/+$/, "");
    if (value) json = json.replaceAll(`<${key}>`, JSON.stringify(value).slice(1, -1));
  }
  return JSON.parse(json) as Keys;
}

/** The scope that is missing for a refresh token to come, as far as is known. */
export function missingScope(form: SessionForm, preset: Preset | null): string | null {
  if (form.kind !== "oauth") return null;
  const scopes = form.scope.split(/\s+/);
  const wanted = preset ? preset.offline_scope : scopes.includes("openid") ? "offline_access" : null;
  return wanted !== null && !scopes.includes(wanted) ? wanted : null;
}
