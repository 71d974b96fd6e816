// The ways in which an OAuth session gets tokens, by the names of session files, and by those of the registry (RFC 8414 §2).

/** A way, and the name that a server's metadata has for it. */
const REGISTERED: Record<string, string> = {
  authorization_code: "authorization_code",
  device_code: "urn:ietf:params:oauth:grant-type:device_code",
  client_credentials: "client_credentials",
  refresh_token: "refresh_token",
  password: "password",
};

/** The ways that are offered, the likeliest first. */
export const GRANTS = ["authorization_code", "device_code", "client_credentials", "refresh_token"] as const;
/** Those that nobody should begin with any more. */
export const LEGACY_GRANTS = ["password"] as const;

/** Whether a server offers this grant, going by what it says. Null: it does not say. */
export function offers(supported: readonly string[], grant: string): boolean | null {
  return supported.length === 0 ? null : supported.includes(REGISTERED[grant] ?? grant);
}

/** The grant to begin with at a server: the one that is chosen, where it is offered, else the first that is. */
export function fitting(supported: readonly string[], chosen: string): string {
  if (offers(supported, chosen) !== false) return chosen;
  return GRANTS.find((one) => offers(supported, one) === true) ?? chosen;
}
