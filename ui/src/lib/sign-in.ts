// What a session takes to sign in, and what was typed for it, made into what the engine takes.
import type { ClientAuth } from "../wire/ClientAuth";
import type { Credentials } from "../wire/Credentials";
import type { KeyFileHolds } from "../wire/KeyFileHolds";
import type { SignsInWith } from "../wire/SignsInWith";

/** What a client authenticates with: something short to type, or something from a file. */
export type Proof = "nothing" | "secret" | KeyFileHolds;

/** What the client of this session authenticates with. */
export function proof(auth: ClientAuth | null): Proof {
  switch (auth) {
    case "client_secret_basic":
    case "client_secret_post":
      return "secret";
    case "private_key_jwt":
      return "client_key";
    case "tls_client_auth":
    case "self_signed_tls_client_auth":
      return "client_certificate";
    default:
      return "nothing";
  }
}

/** What was typed. */
export interface Typed {
  username: string;
  secret: string;
  client: string;
}

/** What was typed, as the engine takes it. */
export function credentials(asked: SignsInWith, proven: Proof, typed: Typed): Credentials {
  const client = typed.client === "" || proven === "nothing" ? {} : { [proven === "secret" ? "client_secret" : proven]: typed.client };
  switch (asked) {
    case "password":
      return { type: asked, username: typed.username, password: typed.secret, client };
    case "refresh_token":
      return { type: asked, refresh_token: typed.secret, client };
    default:
      return { type: asked, client };
  }
}
