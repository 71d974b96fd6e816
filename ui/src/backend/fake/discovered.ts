// The issuers of the play: one that says everything, one that leads elsewhere, one that never answers, and nobody else.
import type { Metadata } from "../../wire/Metadata";
import type { FakeClock } from "./clock";
import { failure } from "./engine";

/** Milliseconds an issuer takes. */
const ANSWER_MS = 250;

/** What an issuer says of itself. */
export async function discovered(issuer: string, clock: FakeClock): Promise<Metadata> {
  if (issuer.includes("silent.test")) await new Promise(() => {});
  await new Promise<void>((answered) => clock.after(ANSWER_MS, answered));
  if (issuer === "https://id.test" || issuer === "https://id.elsewhere.test") return metadata(issuer, issuer.includes("elsewhere") ? "https://tokens.other.test" : issuer);
  if (issuer.replace(/\/+$/, "") === "https://id.test") throw failure("discovery.issuer_mismatch", { issuer, found: "https://id.test" });
  throw failure("discovery.failed", { issuer, detail: "nobody answers there" });
}

function metadata(issuer: string, tokens: string): Metadata {
  return {
    issuer, found_at: `${issuer}/.well-known/openid-configuration`, token_endpoint: `${tokens}/token`, jwks_uri: `${issuer}/keys`,
    server: {
      authorization_endpoint: `${issuer}/authorize`, pushed_authorization_request_endpoint: null, device_authorization_endpoint: `${issuer}/device`,
      revocation_endpoint: `${tokens}/revoke`, introspection_endpoint: null, userinfo_endpoint: `${issuer}/me`, end_session_endpoint: `${issuer}/logout`,
      require_pushed_authorization_requests: false, authorization_response_iss_parameter_supported: true, code_challenge_methods_supported: ["S256"],
    },
    token_endpoint_auth_methods_supported: ["none", "client_secret_basic", "private_key_jwt"],
    grant_types_supported: ["authorization_code", "refresh_token", "urn:ietf:params:oauth:grant-type:device_code"],
    scopes_supported: ["openid", "offline_access", "orders"], dpop: false,
  };
}
