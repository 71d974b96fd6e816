// What is asked for and what goes in belong together.
import { expect, test } from "vitest";
import { credentials, proof } from "./sign-in";

test.each([
  ["none", {}], ["client_secret_post", { client_secret: "typed" }], ["private_key_jwt", { client_key: "typed" }], ["tls_client_auth", { client_certificate: "typed" }],
] as const)("what a client of %s typed goes where it belongs", (auth, client) => {
  expect(credentials("browser", proof(auth), { username: "", secret: "", client: "typed" })).toEqual({ type: "browser", client });
});
