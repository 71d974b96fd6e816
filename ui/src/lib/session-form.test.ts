// The form and the file are two sides of one thing.
import { expect, test } from "vitest";
import { PRESETS } from "../backend/fake/files";
import { type Keys, fileOf, filled, formOf, missingScope } from "./session-form";

const OAUTH: Keys = { kind: "oauth", origins: ["https://api.test"], token_endpoint: "https://id.test/token", client_id: "desktop", dpop: true };
const JSON_FILE: Keys = {
  kind: "json", origins: ["https://api.test"], secret_headers: ["X-Key"], refused_when: { status: 200, header: ["X-Auth", "expired"] },
  sign_in: { url: "https://api.test/login", body: "{}", method: "PUT" }, refresh: { url: "https://api.test/refresh", body: "{}" }, reply: { access_token: "/data/access" },
};

test.each([["oauth", OAUTH], ["json", JSON_FILE]])("a file of %s that nobody changed comes back as it was", (_, keys) => {
  expect(fileOf(formOf(keys), keys)).toEqual(keys);
});

test("what is unusual about an OAuth client and its connection comes back as it was", () => {
  const keys: Keys = {
    kind: "oauth", origins: [], issuer: "https://id.test", client_id: "desktop", client_auth: "private_key_jwt", grant: "authorization_code", redirect_uri: "http://localhost:8400/cb",
    require_pushed_authorization_requests: true, dpop: false, authorization_parameters: { audience: "orders", prompt: "login" }, revocation_endpoint: "https://id.test/revoke",
    connection: { proxy: "http://127.0.0.1:8080", authority: "ca.pem", pins: [{ host: "dev.local", sha256: "ab" }] },
  };
  const form = formOf(keys);
  expect(fileOf(form, keys)).toEqual(keys);
  expect(fileOf({ ...form, audience: "", connection: { ...form.connection, proxy: "none", pins: [] } }, keys)).toMatchObject({ authorization_parameters: { prompt: "login" }, connection: { authority: "ca.pem" } });
});

test("what is emptied is gone, and what has no field stays", () => {
  const form = { ...formOf({ ...OAUTH, scope: "orders" }), scope: " ", resource: "https://api.test" };
  expect(fileOf(form, { ...OAUTH, scope: "orders" })).toEqual({ ...OAUTH, resource: "https://api.test" });
});

test("a new file begins with what it is", () => {
  expect(Object.keys(fileOf({ ...formOf(OAUTH), refreshWhen: "refused" }, {})).slice(0, 4)).toEqual(["kind", "origins", "token_endpoint", "client_id"]);
});

test("a preset's blanks are filled, and what is not filled stays a blank", () => {
  const keycloak = PRESETS[0]!;
  expect(filled(keycloak, { host: "id.test/", realm: "a\"b" }).issuer).toBe("https://id.test/realms/a\"b");
  expect(filled(keycloak, { host: "id.test" }).issuer).toBe("https://id.test/realms/<realm>");
});

test("the scope for a refresh token is missed where it is known to be needed", () => {
  const okta = PRESETS[1]!;
  for (const [scope, preset, missing] of [
    ["openid", okta, "offline_access"], ["openid offline_access", okta, null], ["openid", null, "offline_access"], ["orders", null, null], ["openid", PRESETS[0]!, null],
  ] as const) {
    expect(missingScope({ ...formOf(OAUTH), scope }, preset)).toBe(missing);
  }
  expect(missingScope(formOf(JSON_FILE), null)).toBeNull();
});
