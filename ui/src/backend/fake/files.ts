// The played workspace folder: what the session files say, and the dialog in which the user allows what they may use.
import type { JsonValue } from "../../wire/serde_json/JsonValue";
import type { Preset } from "../../wire/Preset";
import type { StoredSession } from "../../wire/StoredSession";
import { ORIGIN, failure } from "./engine";

type Keys = StoredSession["keys"];

/** A question that the system would ask outside the window. */
export interface Asked {
  session: string;
  origins: string[];
}

/** Session files by name. */
export class FakeFiles {
  /** What the user answers to the next questions. */
  allows = true;
  /** The questions so far. */
  readonly asked: Asked[] = [];
  readonly #files = new Map<string, { keys: Keys; revision: number }>();

  constructor(names: string[]) {
    for (const name of names) this.#files.set(name, { keys: name === "demo" ? json() : oauth(), revision: 1 });
  }

  read(name: string): StoredSession {
    const file = this.#files.get(name);
    if (!file) throw failure("workspace.invalid", { path: `sessions/${name}.toml`, detail: "No such file" });
    return { name, keys: file.keys, revision: String(file.revision) };
  }

  /** Whether the user allows it; asks only where something new would be used. */
  allowed(name: string, keys: Keys): boolean {
    const [before, after] = [origins(this.#files.get(name)?.keys), origins(keys)];
    if (this.#files.has(name) && after.every((one) => before.includes(one))) return true;
    this.asked.push({ session: name, origins: after });
    return this.allows;
  }

  /** Refuses what the reader would. */
  check(name: string, keys: Keys): void {
    if (!/^[\p{L}\p{N}_-][\p{L}\p{N} ._-]{0,63}$/u.test(name)) throw failure("session.name_invalid", { session: name });
    const endpoint = keys.kind === "oauth" ? keys.token_endpoint ?? keys.issuer : (keys.refresh as Keys | undefined)?.url;
    const detail = typeof endpoint !== "string" || !URL.canParse(endpoint) ? `"${String(endpoint ?? "")}": not an absolute URL` : origins(keys).find((one) => !URL.canParse(one));
    if (detail) throw failure("workspace.invalid", { path: `sessions/${name}.toml`, detail });
  }

  write(name: string, keys: Keys, revision: string | null): void {
    const there = this.#files.get(name);
    if (revision === null && there) throw failure("workspace.exists", { path: `sessions/${name}.toml` });
    if (revision !== null && String(there?.revision) !== revision) throw failure("workspace.changed", { path: `sessions/${name}.toml` });
    this.#files.set(name, { keys, revision: (there?.revision ?? 0) + 1 });
  }

  remove(name: string): void {
    this.#files.delete(name);
  }
}

function origins(keys: Keys | undefined): string[] {
  return Array.isArray(keys?.origins) ? keys.origins.filter((one) => typeof one === "string") : [];
}

const json = (): Keys => ({
  kind: "json", origins: [ORIGIN],
  sign_in: { url: `${ORIGIN}/auth/login`, body: '{"username": "{{username}}", "password": "{{password}}"}' },
  refresh: { url: `${ORIGIN}/auth/refresh`, body: '{"refreshToken": "{{refresh_token}}"}' },
});

const oauth = (): Keys => ({ kind: "oauth", origins: [ORIGIN], token_endpoint: `${ORIGIN}/oauth/token`, client_id: "desktop", client_auth: "none" });

const text = (value: string): JsonValue => value;

/** Three of the engine's own presets, as it sends them. */
export const PRESETS: Preset[] = [
  {
    id: "keycloak", name: "Keycloak", rotation: "if_set_up", redirect: "loopback_ip", offline_scope: null, audience_parameter: null, authorization_parameters: [],
    note: "Issues a refresh token without being asked. It is replaced at every refresh only where the realm says “Revoke Refresh Token”.",
    source: "https://www.keycloak.org/securing-apps/oidc-layers", issuer: "https://<host>/realms/<realm>",
    blanks: [{ key: "host", label: "Server", example: "id.example.com" }, { key: "realm", label: "Realm", example: "shop" }],
    session: { kind: text("oauth"), issuer: "https://<host>/realms/<realm>", token_endpoint: "https://<host>/realms/<realm>/protocol/openid-connect/token", scope: "openid" },
  },
  {
    id: "okta", name: "Okta", rotation: "if_set_up", redirect: "loopback_ip", offline_scope: "offline_access", audience_parameter: null, authorization_parameters: [],
    note: "A refresh token comes only with the scope offline_access, and only where the app allows the grant “Refresh Token”.",
    source: "https://developer.okta.com/docs/guides/refresh-tokens/main/", issuer: "https://<domain>/oauth2/default",
    blanks: [{ key: "domain", label: "Domain", example: "acme.okta.com" }],
    session: { kind: "oauth", issuer: "https://<domain>/oauth2/default", token_endpoint: "https://<domain>/oauth2/default/v1/token", scope: "openid offline_access" },
  },
  {
    id: "aspnet-identity", name: "ASP.NET Core Identity", rotation: "always", redirect: null, offline_scope: null, audience_parameter: null, authorization_parameters: [],
    note: "MapIdentityApi answers with an opaque access token, its lifetime and a refresh token, and a new one at every refresh.",
    source: "https://learn.microsoft.com/en-us/aspnet/core/security/authentication/identity-api-authorization", issuer: null,
    blanks: [{ key: "base", label: "API", example: "https://api.example.com" }],
    session: {
      kind: "json", origins: ["<base>"],
      sign_in: { url: "<base>/login", body: '{"email": "{{username}}", "password": "{{password}}"}' },
      refresh: { url: "<base>/refresh", body: '{"refreshToken": "{{refresh_token}}"}' },
    },
  },
];
