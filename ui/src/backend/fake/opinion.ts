// A played second opinion: alike with the token, refused without one, and another word for a coding that was asked for.
import type { AskOpinion } from "../../wire/AskOpinion";
import type { Conclusion } from "../../wire/Conclusion";
import type { SecondOpinion } from "../../wire/SecondOpinion";
import type { Side } from "../../wire/Side";
import { type FakeEngine, failure } from "./engine";

/** Asks, tells the log, and answers. */
export function secondOpinion(engine: FakeEngine, args: AskOpinion): SecondOpinion {
  const response = engine.responses.get(args.request);
  if (!response) throw failure("second_opinion.forgotten", { request: `R${args.request}` });
  const attempt = args.attempt ?? response.attempts;
  const queued = engine.log.events.find((event) => event.kind === "RequestQueued" && event.request === args.request);
  const subject = { request: args.request, attempt, ...(queued?.session ? { session: queued.session } : {}) };
  const withToken = args.with_token && queued?.session !== undefined;
  const asked = engine.log.append({ kind: "SecondOpinionAsked", data: { method: "GET", url: "", authorized: withToken } }, subject, [queued], "user");
  const headers = response.headers;
  const ours: Side = { status: response.status, failure: null, version: response.version, headers, media_type: response.media_type, body_bytes: response.body_bytes, text: response.text, cut: false, took_us: 182_000 };
  const refused = !withToken && queued?.session !== undefined && response.status < 400;
  const theirs: Side = refused
    ? { ...ours, status: 401, text: '{"error": "unauthorized"}', body_bytes: 25, headers: [["www-authenticate", "Bearer"], ["content-type", "application/json"]], took_us: 21_000 }
    : { ...ours, headers: headers.map(([name, value]): [string, string] => [name, name === "date" ? `${value} ` : value]), took_us: 164_000 };
  const conclusion: Conclusion = refused ? "without_token" : "alike";
  engine.log.append({ kind: "SecondOpinionGiven", data: { status: theirs.status, error: null, took_us: theirs.took_us, differences: refused ? 3 : 0, conclusion } }, subject, [asked], "user");
  return {
    request: args.request, attempt, with_token: withToken, ours, theirs,
    otherwise: [
      ...(refused ? [{ what: "token" as const, ours: "with", theirs: "without" }] : []),
      { what: "user_agent", ours: "sandglass/0.1.0", theirs: "sandglass-second-opinion/0.1.0 (ureq)" },
    ],
    differences: [
      ...(refused
        ? ([
            { point: "status", weight: "decisive", header: null, ours: String(response.status), theirs: "401" },
            { point: "body", weight: "telling", header: null, ours: (response.text ?? "").slice(0, 120), theirs: theirs.text ?? "" },
            { point: "header", weight: "telling", header: "www-authenticate", ours: "", theirs: "Bearer" },
          ] as const)
        : []),
      { point: "header", weight: "usual", header: "date", ours: "Mon, 30 Nov 2026 12:01:08 GMT", theirs: "Mon, 30 Nov 2026 12:01:09 GMT" },
    ],
    conclusion,
  };
}
