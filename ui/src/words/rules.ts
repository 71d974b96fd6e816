// The engine's rules in words: why an answer was judged as it was, and why a request was or was not repeated.

const RULES: Record<string, string> = {
  "answer.token_refused": "The API answered 401 to a request that carried the session's token.",
  "answer.no_token_was_sent": "The API answered 401, but no token of the session was sent.",
  "answer.not_401": "Any status but 401 is returned as it is.",
  "lease.newer_generation": "A newer token was already there, so no refresh was needed.",
  "lease.superseded": "Somebody signed in or out meanwhile; a request is never repeated as somebody else.",
  "flight.start": "Nobody was refreshing, so this request asked for it.",
  "flight.join": "A refresh was under way, so this request waited for it.",
  "flight.failed": "The refresh brought no token.",
  "lease.not_fresh_enough": "Too little of the token's life was left for this request, so it was refreshed first.",
  "retry.spent": "It was repeated once already; a fresh token that is refused too is not refreshed again.",
  "body.one_shot": "Its body could be read only once.",
  "body.file_changed": "A file of its body changed meanwhile.",
  "body.file_unreadable": "A file of its body cannot be read any more.",
  "lost.other_failure": "That says nothing about the token.",
  "lost.no_upload": "Nothing of a body was on its way, so this is not taken for a refusal of the token.",
  "lost.not_explained": "The token was good, so this is not taken for its refusal.",
  "lost.refused_while_uploading": "The token had expired and the body was still on its way: this is taken for a refusal that could not be read.",
  "lost.repeatable_with_old_token": "The token had expired, and the method may be repeated: this is taken for a refusal that could not be read.",
  "lost.may_have_been_applied": "The server had all of it and may have acted on it.",
  "session.ended": "The session needs a new sign-in.",
  "session.signed_out": "The session has no token.",
  "session.misconfigured": "The server refused the session's own set-up.",
  "session.no_refresh_token": "There is no refresh token, so only signing in again helps.",
  "cooldown.wait": "A refresh failed a moment ago; it is not tried again yet.",
  "reply.granted": "The server gave new tokens.",
  "reply.not_sent": "The call never left this machine; the refresh token is intact.",
  "reply.busy": "The server was busy; the refresh token is almost surely intact.",
  "reply.server_error": "The server failed; the refresh token may have been spent.",
  "reply.gateway": "A gateway answered in the server's place.",
  "reply.lost": "The answer never came; the refresh token may have been spent.",
  "reply.not_tokens": "The answer holds no tokens.",
  "reply.no_access_token": "The answer holds no access token.",
  "reply.dead": "The server says that the refresh token is dead.",
  "reply.config": "The server refuses the client, not the token.",
  "reply.interaction": "The server wants the user in person.",
  "reply.unexplained": "The server refused without a reason that OAuth knows.",
  "reply.redirect": "The endpoint answered with a redirect, which is never followed.",
  "reply.malformed": "The answer is not what a token endpoint sends.",
  "reply.unheard_of": "The server gave a reason that no standard names.",
  "reply.wrong_endpoint": "This is not a token endpoint.",
};

/** The sentence for a rule; a rule that has none yet is named as it is. */
export function ruleInWords(rule: string): string {
  return RULES[rule] ?? `Rule ${rule}.`;
}
