// Imports in words: why something was not taken over, and what becomes of a request.
import type { RequestState } from "../wire/RequestState";
import type { WhyLeftOut } from "../wire/WhyLeftOut";

/** One sentence for each reason. */
export const WHY_LEFT_OUT: Record<WhyLeftOut, string> = {
  names_file: "it names a file, and none is opened by a pasted line",
  reads_settings: "it takes settings from somewhere else",
  loosens_tls: "it would trust any server; a certificate is trusted one by one here",
  connection: "it is about the way to the server, not about the request",
  not_supported: "it cannot be sent from here yet",
  unknown: "this is not part of the format",
  shell: "a shell would have done this; nothing was run or filled in",
  second_request: "it belongs to a second request",
  script: "scripts and tests are shown, never run",
  secret: "a secret; the workspace's files hold none, so it goes into the keychain",
  trust_is_yours: "where a token may go and what is trusted is yours to say",
  remote_reference: "it is somewhere else, and nothing is fetched",
  circular_reference: "it points to itself",
  broken_reference: "it points to nothing",
  switched_off: "it was switched off there",
  optional: "it may be left away",
  documentation: "it is for reading, not part of a request",
  template: "it would have to be worked out; it stays as text",
  other_sign_in: "another way to sign in; the first one is taken",
  unusable_address: "the address is missing, relative, or in clear text",
  newer_version: "a newer version, read as the newest one known",
  malformed: "it is not what the format says",
  too_many: "there is more than fits",
};

/** What becomes of a request of an import. */
export const REQUEST_STATES: Record<RequestState, { name: string; why: string; tone: "ok" | "refresh" | "warn" | "plain" }> = {
  new: { name: "new", why: "It is not there yet.", tone: "ok" },
  updated: { name: "updated", why: "The file says something new, and it is taken over.", tone: "refresh" },
  same: { name: "same", why: "It is there as the file says.", tone: "plain" },
  yours: { name: "yours", why: "You have changed it, and what you wrote stays.", tone: "warn" },
  removed: { name: "removed", why: "You have removed it, and it stays away.", tone: "warn" },
};
