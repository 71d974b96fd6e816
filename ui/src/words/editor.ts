// What the session editor says.
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
