// What the engine did about a refusal, in one sentence: the second half of a verdict.
import { took } from "../lib/duration";
import { type Part, type Parts, listed } from "../lib/parts";
import type { Course } from "../wire/Course";
import type { Explanation } from "../wire/Explanation";
import type { Injected } from "../wire/Injected";
import type { Named } from "../wire/Named";
import { errorTitle } from "./failures";
import { FAULTS } from "./faults";
import { ruleInWords } from "./rules";

/** The sentence; empty where there is nothing to say. */
export function courseInWords(explanation: Explanation): Parts {
  const { course, request, status } = explanation;
  if (!request) return [];
  const name = ref(request);
  const got: Parts = [name, ` got ${status ?? "no answer"}`];
  switch (course.kind) {
    case "nothing":
      return [];
    case "pending":
      if (course.flight) return [...(status === null ? [name] : got), status === null ? " waits for " : " and waits for ", ref(course.flight), "."];
      return status === null ? [] : [...got, " and is sent once more."];
    case "refreshed_first":
      return [name, " waited for ", ref(course.flight), ...(course.generation ? [" and was answered with ", ref(course.generation)] : []), "."];
    case "repaired":
      return [...got, ...refreshed(course), ", and the second attempt was answered with ", carried(course.generation), "."];
    case "refused_again":
      return [...got, ...refreshed(course), ", and the second attempt was refused too, with ", carried(course.generation), ". Refreshing again would not help."];
    case "not_repeated":
      return [...got, ", and it was not repeated. ", ruleInWords(course.rule_id)];
    case "refresh_failed": {
      if (course.made_up && !course.ended) return [...got, ". ", ref(course.flight), ": the fault lab stood in for the server ", fault(course.made_up), ", so no new token came. Your session is untouched."];
      if (course.ended) return [...got, ". ", ref(course.flight), ` asked for a new token, and the server ended the session${course.error ? ` (${course.error})` : ""}. Your record is kept.`];
      return [...got, ". ", ref(course.flight), ` could not refresh${course.status ? `: the server answered ${course.status}` : ""}. Your session is untouched.`];
    }
    case "no_answer":
      return status === null ? [] : [...got, ". Then it failed: ", `${errorTitle(course.error)}.`];
    case "stopped":
      return [name, course.attempts === 0 ? " never left this machine." : ` had made ${course.attempts === 1 ? "1 attempt" : `${course.attempts} attempts`}. The server may have acted on it.`];
  }
}

function refreshed(course: Extract<Course, { kind: "repaired" | "refused_again" }>): Parts {
  if (!course.flight) return ["; ", carried(course.generation), " was already there, so no refresh was needed"];
  const others = course.kind === "repaired" ? course.others.map(ref) : [];
  const time = course.kind === "repaired" && course.took_us !== null ? ` in ${took(course.took_us)}` : "";
  return [", ", ref(course.flight), ` refreshed once${time} for it`, ...(others.length ? [" and ", ...listed(others, 3)] : [])];
}

function carried(generation: Named | null): Part {
  return generation ? ref(generation) : "no token";
}

/** `(Server error, #12)`, with the event it leads to. */
function fault({ fault, key }: Injected): Part {
  return { ref: `(${FAULTS[fault].title}, #${key.seq})`, key };
}

function ref(named: Named): Part {
  return { ref: named.name, key: named.key };
}
