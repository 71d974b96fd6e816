// The fault lab in words: what each fault does, what it looks like in the timeline, and what it teaches; and what is asked before.
import type { FaultName } from "../wire/FaultName";
import type { Widening } from "../wire/Widening";

/** A fault for people. */
export interface FaultWords {
  title: string;
  /** What it does, as a sentence. */
  does: string;
  /** What happened when it struck, without a full stop. */
  struck: string;
  /** What the timeline shows then. */
  lesson: string;
}

export const FAULTS: Record<FaultName, FaultWords> = {
  expire_now: {
    title: "Expire now",
    does: "Sandglass takes the token for expired; the server does not.",
    struck: "the token is taken for expired",
    lesson: "It is refreshed before it is sent, and no 401 is ever seen.",
  },
  pretend_valid: {
    title: "Pretend valid",
    does: "An expiry that has passed is not believed: the token is sent as it is.",
    struck: "the expired token is sent as if it were valid",
    lesson: "The API says 401, one refresh follows, and the request is repeated once.",
  },
  corrupt_access_token: {
    title: "Corrupt access token",
    does: "One character of its signature is changed in the copy that is sent.",
    struck: "the token was corrupted on its way",
    lesson: "401, then one refresh and one more attempt, and no third.",
  },
  drop_refresh_token: {
    title: "Hide refresh token",
    does: "The next refresh finds none. It comes back when you switch this off.",
    struck: "there seems to be no refresh token",
    lesson: "Sign-in is needed, and nothing was deleted.",
  },
  reuse_refresh_token: {
    title: "Reuse old refresh token",
    does: "After the next refresh, the one after it sends the old refresh token, as a thief would.",
    struck: "the refresh token of the generation before was sent",
    lesson: "A server that watches for theft ends every session from this sign-in.",
  },
  slow_refresh: {
    title: "Slow refresh",
    does: "The token endpoint is called only after a while.",
    struck: "the token endpoint is called late",
    lesson: "All requests wait for one refresh, and go on together.",
  },
  no_answer: {
    title: "No answer",
    does: "The token endpoint seems to be silent. It is not called, so nothing is spent.",
    struck: "the token endpoint seems to be silent",
    lesson: "Those who wait fail together, the outcome is unknown, and the session is kept.",
  },
  server_error: {
    title: "Server error",
    does: "The token endpoint seems to fail. It is not called, so nothing is spent.",
    struck: "the token endpoint seems to fail",
    lesson: "The session is untouched, and a refresh is tried again later.",
  },
  too_many_requests: {
    title: "429, wait",
    does: "The token endpoint seems to ask for patience. It is not called.",
    struck: "the token endpoint seems to ask for patience",
    lesson: "No refresh starts before the time that Retry-After names.",
  },
  half_reply: {
    title: "Half a reply",
    does: "The answer with the new tokens seems to break off. The token endpoint is not called.",
    struck: "the answer seems to break off in the middle",
    lesson: "The outcome is unknown; the old token is tried once more, and the session is kept.",
  },
  bad_json: {
    title: "No JSON",
    does: "The token endpoint seems to answer with a web page. It is not called.",
    struck: "the token endpoint seems to answer with a web page",
    lesson: "That is no refusal: the session is untouched.",
  },
  no_token_type: {
    title: "No token_type",
    does: "The real answer loses its token_type on the way.",
    struck: "the answer lost its token_type",
    lesson: "The tokens are taken all the same, with a remark.",
  },
  clock_skew: {
    title: "Wrong clock",
    does: "The clock of this session is wrong; the server's is not.",
    struck: "the clock is wrong",
    lesson: "Tokens seem to expire early or late; only the server's word counts.",
  },
  refuse_always: {
    title: "401 always",
    does: "The API seems to refuse every token. It is not called.",
    struck: "the API seems to refuse the token",
    lesson: "One refresh, one more attempt, then the 401 is returned: no loop.",
  },
  no_single_flight: {
    title: "No single flight",
    does: "The next refresh goes out several times at once, as from a client that does not share it.",
    struck: "one refresh token was sent several times at once",
    lesson: "The first copy gets new tokens; a server that watches for theft then ends them all.",
  },
  store_locked: {
    title: "Keychain locked",
    does: "The keychain takes nothing new.",
    struck: "the keychain seems to be locked",
    lesson: "The new token is used from memory, and stored when the keychain takes it.",
  },
  store_full: {
    title: "Keychain full",
    does: "The keychain takes nothing new.",
    struck: "the keychain seems to be full",
    lesson: "The new token is used from memory, and stored when the keychain takes it.",
  },
};

/** What you were asked outside the window. */
export const WIDENINGS: Record<Widening, string> = {
  reveal: "Whether a token may be shown.",
  copy_refresh_token: "Whether the refresh token may be copied.",
  risky_fault: "Whether a fault may risk the session.",
  addresses: "Whether the session may use other addresses.",
  token_command: "Whether other tools may have the session's token.",
  secrets: "Whether secrets may be written into a file.",
};
