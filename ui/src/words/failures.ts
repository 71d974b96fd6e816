// One message for every code: what happened, why as far as known, and what to do, as buttons.
import type { Code } from "../wire/Code";
import type { Failure } from "../wire/Failure";
import { ruleInWords } from "./rules";

/** What a button under a message does. */
export type Act =
  | "sign_in"
  | "send_without_token"
  | "send_again"
  | "retry_store"
  | "memory_only"
  | "edit_url"
  | "edit_method"
  | "edit_headers"
  | "edit_body"
  | "see_evidence"
  | "refresh_now"
  | "approve";

/** A message, ready to be shown. */
export interface Message {
  title: string;
  why: string;
  acts: Act[];
}

type Params = Record<string, string | undefined>;
type Words = (params: Params) => { title: string; why: string; acts?: Act[] };

/** What a session may need to sign in, by the engine's names. */
const NEEDED: Record<string, string> = {
  password: "a user and a password",
  refresh_token: "a refresh token",
  client: "no user: its client signs in as itself",
  browser: "a sign-in in the browser",
  client_secret: "the client's secret",
  client_key: "the client's private key",
  client_certificate: "the client's certificate",
};

/** What the buttons say. */
export const ACTS: Record<Act, string> = {
  sign_in: "Sign in again",
  send_without_token: "Send without token",
  send_again: "Send again",
  retry_store: "Try again",
  memory_only: "Keep in memory only",
  edit_url: "Edit the address",
  edit_method: "Edit the method",
  edit_headers: "Edit the headers",
  edit_body: "Edit the body",
  see_evidence: "See the evidence",
  refresh_now: "Refresh now",
  approve: "Look at both and decide",
};

const MESSAGES: Record<Code, Words> = {
  "filter.unknown_word": (p) => ({
    title: `${p.word ? `“${p.word}:”` : "A word"} is not a word of this filter`,
    why: `${p.expected ? `It knows ${p.expected}; anything` : "Anything"} without a colon is looked for as text.`,
  }),
  "filter.bad_value": (p) => ({
    title: `${p.word ? `“${p.word}:”` : "A word of the filter"} cannot be ${p.value ? `“${p.value}”` : "that"}`,
    why: `Write ${p.expected ? `for example ${p.expected}` : "a value that the word can have"}.`,
  }),
  "url.invalid": (p) => ({
    title: "This address cannot be used",
    why: `${p.url ? `“${p.url}” ` : "It "}is not a whole http or https address${because(p.detail)}. Write it like https://api.example.com/orders.`,
    acts: ["edit_url"],
  }),
  "method.invalid": (p) => ({
    title: "This method cannot be sent",
    why: `${p.method ? `“${p.method}” ` : "It "}is not a word that HTTP allows as a method. Use letters, digits and signs such as - or _, without spaces.`,
    acts: ["edit_method"],
  }),
  "header.invalid": (p) => ({
    title: "A header cannot be sent",
    why: `${p.header ? `“${p.header}” ` : "Its name or value "}holds a character that HTTP does not allow there.`,
    acts: ["edit_headers"],
  }),
  "body.invalid": (p) => ({
    title: "The body cannot be sent",
    why: `It cannot be put together${because(p.detail)}. Nothing was sent.`,
    acts: ["edit_body"],
  }),
  "import.invalid": (p) => ({
    title: `This cannot be read as ${p.format ?? "what it should be"}`,
    why: `It is not what it should be${because(p.detail)}. Nothing was changed.`,
  }),
  "body.unreadable": (p) => ({
    title: "A file of the body cannot be read",
    why: `${p.path ?? "It"} is missing, is no plain file, or may not be read${because(p.detail)}. Choose it again, then send again.`,
    acts: ["send_again"],
  }),
  "body.changed": (p) => ({
    title: "A file of the body changed meanwhile",
    why: `${p.path ?? "It"} is not what was sent before${because(p.detail)}, so the request was not sent once more. Send again to send it as it is now.`,
    acts: ["send_again"],
  }),
  "body.spent": () => ({
    title: "The body could be read only once",
    why: "It went out with the first attempt, so the request was not sent once more. Your session is fresh for the next one.",
  }),
  "body.broken": (p) => ({
    title: "The body ended before it was whole",
    why: `What it is read from failed${because(p.detail)}. The server has seen a part of it.`,
  }),
  "stream.not_events": (p) => ({
    title: "This is no stream of events",
    why: `The server answered ${p.media_type ? `with ${p.media_type}` : "with something else"}. Send it as an ordinary request to see it.`,
  }),
  "stream.event_too_long": (p) => ({
    title: "An event of the stream was too long",
    why: `One event may have ${p.limit ? `${p.limit} bytes` : "a fixed length"}; the stream was closed.`,
  }),
  "host.unreachable": (p) => ({
    title: `${p.host ?? "The server"} cannot be reached`,
    why: `Nobody listens there, or the name does not resolve${because(p.detail)}. Nothing was sent, and your session is untouched.`,
    acts: ["send_again", "edit_url"],
  }),
  "tls.untrusted": (p) => ({
    title: `The certificate of ${p.host ?? "this server"} is not trusted`,
    why: `The connection was closed before anything was sent${because(p.detail)}. Ask whoever runs the server for a certificate that this system trusts.${p.sha256 ? ` Its SHA-256 is ${p.sha256}.` : ""}`,
    acts: ["send_again"],
  }),
  "request.timeout": (p) => ({
    title: `${p.host ?? "The server"} did not answer in time`,
    why: `${p.seconds ? `It had ${p.seconds} s. ` : ""}The server may have acted on the request all the same.`,
    acts: ["send_again"],
  }),
  "connection.lost": (p) => ({
    title: "The connection broke before the answer was whole",
    why: `${p.host ?? "The server"} closed it${because(p.detail)}. The server may have acted on the request all the same.`,
    acts: ["send_again"],
  }),
  "request.stopped": () => ({
    title: "You stopped this request",
    why: "If it had left this machine, the server may have acted on it.",
    acts: ["send_again"],
  }),
  "request.too_many": (p) => ({
    title: "Too many requests at once",
    why: `At most ${p.limit ?? "a fixed number of"} sends run at the same time. Wait for some to end, then send again.`,
    acts: ["send_again"],
  }),
  "origin.blocked": (p) => ({
    title: "Token not sent",
    why: `${p.origin ?? "This server"} is not on the list of ${p.session ? `session ${p.session}` : "this session"}${p.allowed ? `, which allows only ${p.allowed}` : ""}. Nothing left this machine. To allow it, add the origin to the session's file.`,
    acts: ["send_without_token", "edit_url"],
  }),
  "origin.cleartext": (p) => ({
    title: "Token not sent in clear text",
    why: `${p.origin ?? "This address"} is plain http on another machine: anybody on the way could read the token. Use https, or send without the token.`,
    acts: ["send_without_token", "edit_url"],
  }),
  "redirect.cleartext": (p) => ({
    title: "A redirect to clear text was not followed",
    why: `${p.from ?? "An https address"} leads to ${p.to ?? "plain http"}, where anybody on the way could read along. Nothing was sent there. If that is meant, send to that address yourself.`,
    acts: ["edit_url"],
  }),
  "redirect.body": (p) => ({
    title: "A redirect would carry the body elsewhere",
    why: `${p.from ?? "The server"} leads${p.status ? ` with ${p.status}` : ""} to ${p.to ?? "another server"}, and the body would go along. Nothing was sent there. If that is meant, send to that address yourself.`,
    acts: ["edit_url"],
  }),
  "redirect.loop": (p) => ({
    title: "The redirects go round in a circle",
    why: `They lead back to where this request has been${because(p.chain)}. An API that wants a cookie or a sign-in often does that.`,
    acts: ["edit_url"],
  }),
  "redirect.too_many": (p) => ({
    title: "Too many redirects",
    why: `At most ${p.limit ?? "a fixed number of"} are followed${because(p.chain)}.`,
    acts: ["edit_url"],
  }),
  "redirect.invalid": (p) => ({
    title: "A redirect leads to nothing that can be sent to",
    why: `${p.from ?? "The server"} names ${p.location ? `“${p.location}”` : "an address"} that is not http or https, or not whole${because(p.detail)}. Nothing was sent there.`,
    acts: ["edit_url"],
  }),
  "answer.login_page": (p) => ({
    title: "A web page came instead of data",
    why: `${p.url ?? "The server"} looks like a page to sign in on. No refresh was started, since nothing says that the token was refused. Sign in again if the API does not take it any more.`,
    acts: ["sign_in"],
  }),
  "second_opinion.forgotten": (p) => ({
    title: `What ${p.request ?? "that request"} asked is not held any more`,
    why: "Only the last requests of this run are held, and only after they ended. Send it again, then ask.",
    acts: ["send_again"],
  }),
  "second_opinion.token_gone": (p) => ({
    title: `${p.generation ?? "That token"} is not the current token any more`,
    why: `It was replaced since${p.session ? ` in ${p.session}` : ""}, and old tokens are not kept. Ask without a token, or send the request again first.`,
    acts: ["send_again"],
  }),
  "session.unknown": (p) => ({
    title: `There is no session ${p.session ?? "of this name"}`,
    why: "The workspace has no file for it. Choose another session, or none.",
    acts: ["send_without_token"],
  }),
  "session.sign_in_needed": (p) => ({
    title: `${p.session ?? "This session"} needs a new sign-in`,
    why: `${signInCause(p.cause)} Nothing was deleted.`,
    acts: ["sign_in", "send_without_token"],
  }),
  "session.binding_changed": (p) => ({
    title: "The session's file names other addresses",
    why: `You approved: ${p.approved ?? "something else"}. The file now says: ${p.proposed ?? "something else"}. Nothing is sent until you decide.`,
    acts: ["approve"],
  }),
  "refresh.slow": (p) => ({
    title: "The refresh takes longer than this request may wait",
    why: `It waited ${p.seconds ? `${p.seconds} s` : "its time"}. The refresh goes on by itself; send again when it has come home.`,
    acts: ["send_again"],
  }),
  "session.step_up_needed": (p) => ({
    title: "The token is good, and not good enough",
    why: `The API wants ${[p.scopes ? `the scopes ${p.scopes}` : "", p.acr_values ? `a sign-in by ${p.acr_values}` : ""].filter(Boolean).join(" and ") || "a further sign-in"}. A refresh cannot give that; only signing in again can.`,
    acts: ["sign_in"],
  }),
  "token.audience_mismatch": (p) => ({
    title: "The token is meant for somebody else",
    why: `${p.origin ?? "The API"} refused a fresh token too, and says that it is for another audience. Check what ${p.session ? `session ${p.session}` : "the session"} asks for in its file.`,
  }),
  "session.superseded": (p) => ({
    title: "The session changed hands meanwhile",
    why: `Somebody signed ${p.session ?? "the session"} out or in while this waited. A request is never repeated as somebody else.`,
    acts: ["send_again"],
  }),
  "sign_in.refused": (p) => ({
    title: "The server did not accept this sign-in",
    why: `It answered ${[p.status, p.error].filter(Boolean).join(" ") || "no"}${because(p.error_description)}. Check what you typed and try again.`,
  }),
  "sign_in.wrong_kind": (p) => ({
    title: "This session signs in another way",
    why: `${p.session ?? "It"} needs ${NEEDED[p.expected ?? ""] ?? "other details"}.`,
  }),
  "refresh.invalid_grant": (p) => ({
    title: "The server ended this session",
    why: `It answered ${p.error ?? "invalid_grant"}${because(p.error_description)}. The refresh token may be expired, revoked or already used. Your old record is kept.`,
    acts: ["sign_in", "see_evidence"],
  }),
  "refresh.transient": (p) => ({
    title: "Refresh is not getting through",
    why: `Your session is untouched${because(p.detail)}. It is tried again when the next request needs it.`,
    acts: ["refresh_now"],
  }),
  "id_token.refused": (p) => ({
    title: "The server's word on who you are cannot be believed",
    why: `${ruleInWords(p.rule_id ?? "")} Nothing was kept, and the session is as it was.`,
    acts: ["sign_in"],
  }),
  "discovery.failed": (p) => ({
    title: "This server does not say where its endpoints are",
    why: `${p.issuer ?? "The issuer"} gave no metadata${because(p.detail)}. Check the address, or fill the endpoints in by hand.`,
  }),
  "discovery.issuer_mismatch": (p) => ({
    title: "This server says it is someone else",
    why: `You named ${p.issuer ?? "one issuer"}, its metadata says ${p.found ?? "another"}. Nothing was sent. If that is its name, type it exactly so.`,
  }),
  "discovery.endpoint_refused": (p) => ({
    title: "This server names an address that secrets may not go to",
    why: `${p.issuer ?? "It"} names ${p.url ?? "an address"} as its ${p.endpoint ?? "endpoint"}${because(p.detail)}. Nothing was sent.`,
  }),
  "discovery.elsewhere": (p) => ({
    title: "This server's endpoints are on other hosts",
    why: `${p.issuer ?? "The issuer"} names ${p.endpoints ?? "other hosts"}. Nothing goes there until you approve them.`,
  }),
  "sign_in.issuer_mismatch": (p) => ({
    title: "The answer came from another server",
    why: `The sign-in was begun at ${p.issuer ?? "one server"}, and ${p.found ?? "another"} answered. Nothing was sent to either, and the session is as it was.`,
    acts: ["sign_in"],
  }),
  "sign_in.no_pkce": (p) => ({
    title: "This server does not protect a sign-in against a stolen code",
    why: `${p.issuer ?? "It"} says that it knows PKCE without S256, so no sign-in was begun. Its administrator can switch that on.`,
  }),
  "sign_in.timed_out": (p) => ({
    title: "Nobody signed in in time",
    why: `The sign-in waited ${p.minutes ?? "some"} minutes, and the session is as it was.`,
    acts: ["sign_in"],
  }),
  "sign_in.stopped": () => ({
    title: "Sign-in stopped",
    why: "What comes back from the browser now is not taken. The session is as it was.",
  }),
  "sign_in.not_the_answer": () => ({
    title: "That is not the answer of this sign-in",
    why: "Paste the whole address that the browser ended at. The sign-in goes on waiting.",
  }),
  "server.refused": (p) => ({
    title: "The server did not answer that",
    why: `${p.host ?? "It"} answered ${p.error ?? (p.status ? `with status ${p.status}` : "no")}${because(p.error_description)}. Nothing has changed.`,
  }),
  "resource.metadata_failed": (p) => ({
    title: "What the API says of itself cannot be used",
    why: `${p.url ? `It names ${p.url}` : "It was asked"}${because(p.detail)}. Nothing was sent to anybody else.`,
  }),
  "server.not_offered": (p) => ({
    title: "This server is not known to answer that",
    why: `Neither the session's file nor the issuer's metadata names its ${p.endpoint ?? "endpoint"}.`,
  }),
  "userinfo.another_user": (p) => ({
    title: "That is about somebody else",
    why: `What ${p.host ?? "the server"} says of the user names another one than the session's tokens do, so it is not shown.`,
  }),
  "browser.unavailable": (p) => ({
    title: "No browser could be opened here",
    why: `Copy the address and open it yourself${because(p.detail)}.`,
  }),
  "listener.unavailable": (p) => ({
    title: "The browser could not come back",
    why: `${p.address ?? "The address of this machine"} cannot be listened on${because(p.detail)}. Close what uses the port, or name another redirect address.`,
  }),
  "sign_in.another_account": (p) => ({
    title: "That was another account",
    why: `${p.session ?? "The session"} needs more rights for the account that it has, and somebody else signed in. Nothing was kept, and the session is as it was.`,
    acts: ["sign_in"],
  }),
  "key.invalid": (p) => ({
    title: "That key or certificate cannot be used",
    why: `What is wrong: ${p.detail ?? "it cannot be read"}. Nothing was sent, and nothing was kept.`,
    acts: ["sign_in"],
  }),
  "refresh.config": (p) => ({
    title: "The server refuses this session's set-up",
    why: `It answered ${p.error ?? "an error"}${because(p.error_description)}. Your tokens are kept. Check client and endpoint in the session's file.`,
    acts: ["refresh_now"],
  }),
  "reply.malformed": (p) => ({
    title: "The token endpoint sent no tokens",
    why: `${p.endpoint ?? "It"} answered with something else${because(p.detail)}. Your session is untouched.`,
    acts: ["refresh_now"],
  }),
  "refresh.aborted": () => ({
    title: "The refresh was cut short inside Sandglass",
    why: "Nothing is known to be lost. The next request starts another refresh.",
    acts: ["refresh_now"],
  }),
  "store.locked": (p) => ({
    title: "Your system keychain is locked",
    why: `Tokens are in memory until it is unlocked${because(p.detail)}. Unlock it, then try again.`,
    acts: ["retry_store", "memory_only"],
  }),
  "store.absent": (p) => ({
    title: "No system keychain answered",
    why: `Sandglass keeps tokens nowhere else on disk${because(p.detail)}. On Linux, install and start gnome-keyring or KWallet.`,
    acts: ["retry_store", "memory_only"],
  }),
  "store.slow": (p) => ({
    title: "Waiting for your keychain",
    why: `It has not answered${p.seconds ? ` for ${p.seconds} s` : ""}. It may be asking you for a password in another window. Requests go on meanwhile.`,
    acts: ["retry_store", "memory_only"],
  }),
  "store.failed": (p) => ({
    title: "Your keychain refused a record",
    why: `The newest tokens are in memory and are offered to it again${because(p.detail)}.`,
    acts: ["retry_store", "memory_only"],
  }),
  "database.corrupt": (p) => ({
    title: "The timeline's file could not be read",
    why: `It was set aside${p.kept_as ? ` as ${p.kept_as}` : ""} and a new one was begun${because(p.detail)}. Sessions are not kept there and are not lost.`,
  }),
  "database.unavailable": (p) => ({
    title: "The timeline cannot be written",
    why: `Events are in memory only and end with this window${because(p.detail)}.${p.path ? ` The file is ${p.path}.` : ""}`,
  }),
  "database.newer": (p) => ({
    title: "The timeline was written by a newer Sandglass",
    why: `It is left alone${p.path ? ` in ${p.path}` : ""}; events are in memory only. Update Sandglass to see it.`,
  }),
  "bookmarks.corrupt": (p) => ({
    title: "Your marks could not be read",
    why: `Marks and saved filters were set aside${p.kept_as ? ` as ${p.kept_as}` : ""}, and there are none now${because(p.detail)}. The timeline itself is whole.`,
  }),
  "settings.corrupt": (p) => ({
    title: "The settings could not be read",
    why: `They were set aside${p.kept_as ? ` as ${p.kept_as}` : ""}, and ${p.used === "copy" ? "the last good copy is" : "the defaults are"} used${because(p.detail)}.`,
  }),
  "workspace.invalid": (p) => ({
    title: "A file of the workspace cannot be used",
    why: `${[p.path, p.line ? `line ${p.line}` : undefined].filter(Boolean).join(", ") || "It"}${because(p.detail)}. Correct it, and it is read again by itself; nothing was changed.`,
  }),
  "workspace.in_memory": () => ({
    title: "Nothing can be saved here",
    why: "This workspace lives in memory only, and ends with the window. Choose a folder to make a workspace that stays.",
  }),
  "workspace.changed": (p) => ({
    title: "Somebody else changed the file meanwhile",
    why: `${p.path ?? "It"} is not as it was when you opened it. Nothing was written; open it again to see what is there now.`,
  }),
  "workspace.unwritable": (p) => ({
    title: "A file of the workspace cannot be written",
    why: `${p.path ?? "It"} could not be written${because(p.detail)}. What was there is still there.`,
  }),
  "workspace.exists": (p) => ({
    title: "There is one of that name already",
    why: `${p.path ?? "The file"} exists and was left as it is. Choose another name, or edit the one that is there.`,
  }),
  "session.name_invalid": (p) => ({
    title: "A session cannot have this name",
    why: `${p.session ? `“${p.session}” ` : "It "}would be the name of its file. Use letters, digits, spaces, dots, - and _, at most 64 of them.`,
  }),
  "environment.unknown": (p) => ({
    title: `There is no environment ${p.environment ?? "of this name"}`,
    why: `${p.known ? `The workspace has ${p.known}` : "The workspace has none"}${p.meant ? `; did you mean ${p.meant}?` : "."}`,
  }),
  "variable.unknown": (p) => ({
    title: `There is no variable ${p.variable ?? "of this name"}`,
    why: "Neither the workspace nor its environment gives it a value. Nothing was sent. Give it one, or write \\{{ for two braces.",
  }),
  "variable.unset": (p) => ({
    title: `The secret ${p.variable ?? "variable"} has no value yet`,
    why: "The keychain holds none for it in this environment. Nothing was sent.",
  }),
  "variable.misplaced": (p) => ({
    title: "A secret cannot stand in a host",
    why: `${p.variable ?? "The variable"} would be looked up as a name on the network, for everybody to see. Nothing was sent.`,
    acts: ["edit_url"],
  }),
  "evidence.unwritable": (p) => ({
    title: "The file could not be written",
    why: `${p.path ?? "It"} did not take the evidence${because(p.detail)}. The timeline still has all of it.`,
  }),
  "evidence.unconfirmed": () => ({
    title: "Nothing was written",
    why: "Secrets are written into a file only where you type the words out.",
  }),
  "profile.unwritable": (p) => ({
    title: "It holds for now only",
    why: `What is known of the server could not be written down${because(p.detail)}. After a restart it is as it was before.`,
  }),
  "output.failed": (p) => ({
    title: "The answer could not be written",
    why: `Where it was to go did not take it${because(p.detail)}. The rest of it was not read.`,
  }),
  "demo.unavailable": (p) => ({
    title: "The demo server could not be started",
    why: `The address ${p.address ?? "127.0.0.1"} could not be used${because(p.detail)}. Requests to other servers work.`,
  }),
  "confirm.declined": () => ({
    title: "Nothing was done",
    why: "You were asked outside this window, and said no.",
  }),
  "confirm.too_often": () => ({
    title: "Nobody was asked",
    why: "A question outside this window is open, or was answered a moment ago. Try again in a second.",
  }),
  "fault.invalid": (p) => ({
    title: "This fault cannot be switched on",
    why: p.least === undefined || p.least === p.most ? "Its numbers do not fit it." : `Its number must be from ${p.least} to ${p.most}.`,
  }),
  "fault.unconfirmed": (p) => ({
    title: "The fault stays off",
    why: `It may end the session. Type ${p.session ? `“${p.session}”` : "the session's name"} to switch it on.`,
  }),
  "token.too_long": (p) => ({
    title: "This is too long for a token",
    why: `At most ${p.limit ? `${p.limit} bytes` : "a fixed number of bytes"} are looked at. Nothing of it was kept.`,
  }),
  "token.not_allowed": (p) => ({
    title: `No other tool may have the token of ${p.session ?? "this session"}`,
    why: "It is off until you allow it for this session, and again when its file names other addresses.",
  }),
  "token.not_portable": (p) => ({
    title: "This token is worth nothing to another tool",
    why: `It is bound to a key that never leaves the keychain, or is a jar of cookies${p.scheme ? ` (${p.scheme})` : ""}. Send through Sandglass instead.`,
  }),
  "clipboard.unavailable": (p) => ({
    title: "The clipboard cannot be used",
    why: `The system did not take the token${because(p.detail)}. Nothing was copied.`,
  }),
  "system.unavailable": (p) => ({
    title: "The system did not give what Sandglass needs",
    why: `Random numbers or TLS could not be set up${because(p.detail)}. Restart the machine, then Sandglass.`,
  }),
};

/** The message for a failure. */
export function messageOf(failure: Failure): Message {
  const words = MESSAGES[failure.code];
  if (!words) return { title: "Something went wrong", why: `Code ${failure.code}.`, acts: [] };
  const { title, why, acts = [] } = words(failure.params);
  return { title, why, acts };
}

/** The title alone, for rows. */
export function errorTitle(code: Code | null): string {
  return code ? messageOf({ code, params: {} }).title : "It failed";
}

function because(detail: string | undefined): string {
  return detail ? ` (${detail.replace(/[.\s]+$/, "")})` : "";
}

function signInCause(cause: string | undefined): string {
  switch (cause) {
    case "invalid_grant":
      return "The server said that its refresh token is no longer valid.";
    case "response_lost":
      return "The answer to a refresh was lost, and the server would not repeat it.";
    case "interaction":
      return "The server wants you to sign in in person.";
    case "no_refresh_token":
      return "Its token was refused, and there is no refresh token.";
    case "key_lost":
      return "Its tokens are bound to a key that is not in the keychain any more, so nobody can use them.";
    default:
      return "It has no token.";
  }
}
