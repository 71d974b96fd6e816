// What an issuer named, by the names that session files have for it.
import { hostOf } from "./address";
import { ENDPOINTS, type Endpoint } from "./session-form";
import type { Metadata } from "../wire/Metadata";

/** The addresses that an issuer named. */
export function endpointsOf({ token_endpoint, jwks_uri, server }: Metadata): Partial<Record<Endpoint, string>> {
  const all: Partial<Record<Endpoint, unknown>> = { ...server, token_endpoint, jwks_uri };
  return Object.fromEntries(ENDPOINTS.map((name) => [name, all[name]]).filter(([, address]) => typeof address === "string"));
}

/** Whether an address is on another host than the issuer: what signs in goes there only after a question. */
export function isElsewhere(issuer: string, address: string): boolean {
  return hostOf(address) !== hostOf(issuer);
}

/** Hosts beside the issuer's own, each once. */
export function otherHosts(found: Metadata): string[] {
  return [...new Set(Object.values(endpointsOf(found)).filter((address) => isElsewhere(found.issuer, address)).map(hostOf))];
}
