// What is asked for and what goes in belong together.
import { expect, test } from "vitest";
import { credentials, proof, takes } from "./sign-in";
import type { SessionSnapshot } from "../wire/SessionSnapshot";

const session = (kind: SessionSnapshot["kind"], grant: SessionSnapshot["grant"]) => ({ kind, grant }) as SessionSnapshot;

test.each([
  ["json", null, "password"], ["cookie", null, "password"], ["oauth", "refresh_token", "refresh_token"], ["oauth", "authorization_code", "browser"], ["oauth", "client_credentials", "client"], ["oauth", "device_code", "device"], ["oauth", "password", "password"],
] as const)("%s with %s takes %s", (kind, grant, wanted) => expect(takes(session(kind, grant))).toBe(wanted));

test.each([
  ["none", {}], ["client_secret_post", { client_secret: "typed" }], ["private_key_jwt", { client_key: "typed" }], ["tls_client_auth", { client_certificate: "typed" }],
] as const)("what a client of %s typed goes where it belongs", (auth, client) => {
  expect(credentials("browser", proof(auth), { username: "", secret: "", client: "typed" })).toEqual({ type: "browser", client });
});
