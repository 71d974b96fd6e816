// What the session editor says.
import { otherHosts } from "../lib/discovered";
import type { Endpoint, SessionForm } from "../lib/session-form";
import type { Metadata } from "../wire/Metadata";
import type { Preset } from "../wire/Preset";
import type { Step } from "../state/editor.svelte";

/** The steps. */
export const STEP_NAMES: Record<Step, string> = { find: "Find", "sign-in": "Sign in", bind: "Bind", try: "Try" };

/** How a client authenticates, by the names that the file uses. */
export const CLIENT_AUTHS: [id: string, words: string][] = [
  ["none", "Not at all (public client)"],
  ["client_secret_basic", "Secret in the header (client_secret_basic)"],
  ["client_secret_post", "Secret in the body (client_secret_post)"],
  ["private_key_jwt", "Signed assertion (private_key_jwt)"],
  ["tls_client_auth", "Certificate of an authority (tls_client_auth)"],
  ["self_signed_tls_client_auth", "Certificate of its own (self_signed_tls_client_auth)"],
];

/** What it needs for that, and where that goes. */
export const CLIENT_AUTH_NEEDS: Record<string, string> = {
  none: "No secret. The right choice for a client that people install.",
  client_secret_basic: "The secret is asked for when you sign in, and kept in your keychain.",
  client_secret_post: "The secret is asked for when you sign in, and kept in your keychain.",
  private_key_jwt: "The private key (PEM or JWK) is asked for when you sign in, from a file or pasted, and kept in your keychain.",
  tls_client_auth: "The certificate and its key (PEM) are asked for when you sign in, from a file or pasted, and kept in your keychain.",
  self_signed_tls_client_auth: "The certificate and its key (PEM) are asked for when you sign in, from a file or pasted, and kept in your keychain.",
};

/** How a session gets tokens. */
export const GRANT_WORDS: Record<string, [words: string, detail: string]> = {
  authorization_code: ["In your browser", "authorization code with PKCE; the browser that you know does the signing in"],
  device_code: ["On another device", "device code; you type a short code there"],
  client_credentials: ["As itself", "client credentials; a service without a user, and without a refresh token"],
  refresh_token: ["With a refresh token that you have", "it is asked for when you sign in"],
  password: ["With the user's name and password", "password grant"],
};

/** What a file calls its endpoints, in words. */
export const ENDPOINT_WORDS: Record<Endpoint, string> = {
  authorization_endpoint: "Authorization endpoint",
  pushed_authorization_request_endpoint: "Pushed authorization requests",
  device_authorization_endpoint: "Device authorization endpoint",
  token_endpoint: "Token endpoint",
  jwks_uri: "Signing keys (JWKS)",
  revocation_endpoint: "Revocation endpoint",
  introspection_endpoint: "Introspection endpoint",
  userinfo_endpoint: "Userinfo endpoint",
  end_session_endpoint: "End-session endpoint",
};

/** What an issuer promises, as a mark and a sentence each. */
export function promises(found: Metadata): [good: boolean, words: string][] {
  const { server } = found;
  const methods = server.code_challenge_methods_supported;
  const elsewhere = otherHosts(found);
  return [
    [true, "It calls itself exactly what you typed"],
    methods === null ? [true, "It does not say whether it checks PKCE; S256 is sent"] : methods.includes("S256") ? [true, "PKCE with S256"] : [false, "It does not list PKCE with S256, so a sign-in in the browser is refused"],
    ...(server.authorization_response_iss_parameter_supported ? [[true, "Its answers in the browser name it (RFC 9207)"] as [boolean, string]] : []),
    ...(server.require_pushed_authorization_requests ? [[true, "It wants what is asked for pushed first (RFC 9126)"] as [boolean, string]] : []),
    ...(found.dpop ? [[true, "Tokens can be bound to a key (DPoP)"] as [boolean, string]] : []),
    ...(elsewhere.length > 0 ? [[false, `Some of it is on other hosts, and waits for your yes: ${elsewhere.join(", ")}`] as [boolean, string]] : []),
  ];
}

/** Where a session gets its tokens, for the last look before it is saved. */
export function refreshesAt(form: SessionForm, found: Metadata | null): string {
  if (form.kind === "cookie") return form.refresh.url || "nowhere: you sign in again";
  if (form.kind === "json") return form.refresh.url || "nowhere yet";
  return form.endpoints.token_endpoint || found?.token_endpoint || (form.issuer ? `where ${form.issuer} says` : "nowhere yet");
}

/** When the token is refreshed. */
export const REFRESH_WHENS: [id: string, words: string, detail: string][] = [
  ["before_expiry", "Before it expires", "while it is in use; short-lived tokens after a 401"],
  ["refused", "Only after a 401", "to see what an expired token looks like"],
];

const ROTATIONS: Record<Preset["rotation"], string> = {
  always: "Every refresh brings a new refresh token.",
  if_set_up: "A refresh brings a new refresh token only where that is switched on.",
  never: "The refresh token stays the same.",
};

/** What one should know of a provider, in sentences. */
export function presetFacts(preset: Preset): string[] {
  return [
    preset.note,
    ROTATIONS[preset.rotation],
    ...(preset.redirect === "localhost" ? ["Its sign-in comes back to http://localhost: 127.0.0.1 cannot be registered there."] : []),
    ...(preset.audience_parameter ? [`The API is named by the parameter “${preset.audience_parameter}”.`] : []),
  ];
}
