// What is odd about a token, what it is, and what is known of its signature.
import { visible } from "../lib/visible";
import type { Advisory } from "../wire/Advisory";
import type { SignatureState } from "../wire/SignatureState";
import type { Legibility } from "../wire/Legibility";

export const ADVISORIES: Record<Advisory, string> = {
  alg_none: "Its algorithm is “none”: anybody could have written it.",
  no_exp: "It does not say when it expires. Only a 401 will tell.",
  exp_not_a_number: "Its exp is no number, so it says nothing.",
  exp_in_milliseconds: "Its exp is in milliseconds. The standard says seconds: others take it for a time far away.",
  exp_negative: "Its exp is before 1970.",
  exp_before_iat: "It expires before it was issued.",
  expired: "It has expired by the local clock.",
  nbf_in_future: "It is not valid yet, by the local clock.",
  iat_in_future: "It was issued later than now: one of the two clocks is wrong.",
  audience_elsewhere: "Its aud is not an address that this session may send it to. Most APIs refuse it.",
};

export const FORMS: Record<Legibility, string> = {
  jwt: "A JWT: its claims can be read by anybody who has it.",
  encrypted: "An encrypted JWT, in five parts. Its header can be read; its claims only by who holds the key.",
  opaque: "Opaque: only its server can read it.",
  too_long: "Longer than any token that is read here. Only its length and its fingerprint are known.",
  not_a_token: "This is no token: no header could carry it.",
};

/** What is known of a signature. A tick stands only where it was checked. */
export function signatureInWords(signature: SignatureState): string {
  switch (signature.state) {
    case "not_checked":
      return "not checked";
    case "valid":
      return signature.key_id === null ? "valid, by a key of the issuer" : `valid, by key ${visible(signature.key_id)}`;
    case "does_not_match":
      return "does not match any key of the issuer";
    case "absent":
      return "there is none";
  }
}
