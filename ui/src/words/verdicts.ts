// Verdicts in words: the sentences of `verdicts.json`, which the terminal reads too, filled with the values of a finding.
import { clock, inSeconds } from "../lib/duration";
import type { Part, Parts } from "../lib/parts";
import type { Certainty } from "../wire/Certainty";
import type { Clue } from "../wire/Clue";
import type { Finding } from "../wire/Finding";
import type { NextStep } from "../wire/NextStep";
import WORDS from "./verdicts.json";

export const CERTAINTY: Record<Certainty, string> = WORDS.certainty;
export const CLUES: Record<Clue, string> = WORDS.clues;
export const STEPS: Record<NextStep, string> = WORDS.steps;

const RULES: Record<string, { title: string; body: string }> = WORDS.rules;

/** What was found, in one sentence. */
export function findingTitle(finding: Finding): Parts {
  return filled(RULES[finding.rule_id]?.title ?? `Rule ${finding.rule_id}.`, finding);
}

/** Why it is so, and what follows. */
export function findingBody(finding: Finding): Parts {
  return filled(RULES[finding.rule_id]?.body ?? "", finding);
}

/** A sentence with its values: `{name}` stands for one, and what is in `[]` goes where one of its values is not known. */
function filled(template: string, finding: Finding): Parts {
  const parts: Parts = [];
  for (const [, optional, plain] of template.matchAll(/\[([^\]]*)\]|([^[]+)/g)) {
    const piece = optional ?? plain ?? "";
    const known = [...piece.matchAll(/\{(\w+)\}/g)].every(([, name]) => finding.params[name ?? ""] !== undefined);
    if (optional !== undefined && !known) continue;
    for (const [whole, name] of piece.matchAll(/\{(\w+)\}|[^{]+/g)) parts.push(name === undefined ? whole : value(name, finding));
  }
  return parts;
}

function value(name: string, finding: Finding): Part {
  const text = finding.params[name] ?? "";
  const key = finding.links[name];
  if (key) return { ref: text, key };
  if (name.endsWith("_ms")) return inSeconds(Math.abs(Number(text)));
  if (name.endsWith("_at")) return clock(Number(text));
  return text;
}
