// How serious a verdict is, for the colour that goes with its words.
import type { Explanation } from "../wire/Explanation";

/** The tone of a banner. */
export type Tone = "plain" | "refresh" | "warn" | "error";

/** A refusal that was dealt with is news; one that stands is a warning; one that ended something, or will not change, an error. */
export function toneOf({ course, finding }: Explanation): Tone {
  switch (course.kind) {
    case "repaired":
    case "refreshed_first":
      return "refresh";
    case "refused_again":
    case "no_answer":
      return "error";
    case "refresh_failed":
      return course.ended ? "error" : "warn";
    case "not_repeated":
      return "warn";
    case "stopped":
      return "plain";
    case "pending":
      return finding.rule_id === "send.pending" ? "plain" : "refresh";
    case "nothing":
      return finding.rule_id.startsWith("send.") || finding.rule_id === "out.not" ? "plain" : "warn";
  }
}
