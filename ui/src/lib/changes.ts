// What changed between two tokens, in as few lines as tell it.
import type { ClaimChange } from "../wire/ClaimChange";
import { valueText } from "./claims";
import { span } from "./duration";

/** One line: added, lost, or changed. */
export interface Change {
  sign: "+" | "-" | "~";
  text: string;
}

const TIMES = new Set(["iat", "nbf", "exp"]);
/** Names a token, so it differs in every one of them and says nothing. */
const ALWAYS_NEW = new Set(["jti"]);

/** The lines for these changes. Scopes are told as a set difference. */
export function changeRows(changes: ClaimChange[]): Change[] {
  const rows = changes.filter((one) => !ALWAYS_NEW.has(one.claim) && one.claim !== "iat" && one.claim !== "nbf").flatMap(lines);
  return rows.sort((a, b) => "-+~".indexOf(a.sign) - "-+~".indexOf(b.sign));
}

function lines({ claim, before, after }: ClaimChange): Change[] {
  if (claim === "scope" || claim === "scp") {
    const [had, has] = [words(before), words(after)];
    return [
      ...had.filter((one) => !has.includes(one)).map((one): Change => ({ sign: "-", text: `${claim} ${one}` })),
      ...has.filter((one) => !had.includes(one)).map((one): Change => ({ sign: "+", text: `${claim} ${one}` })),
    ];
  }
  if (before === null) return [{ sign: "+", text: `${claim} ${valueText(after)}` }];
  if (after === null) return [{ sign: "-", text: `${claim} ${valueText(before)}` }];
  if (TIMES.has(claim) && typeof before === "number" && typeof after === "number") {
    return [{ sign: "~", text: `${claim} ${after >= before ? "+" : "−"}${span((after - before) * 1_000)}` }];
  }
  return [{ sign: "~", text: `${claim} ${valueText(before)} → ${valueText(after)}` }];
}

function words(value: ClaimChange["before"]): string[] {
  if (typeof value === "string") return value.split(/\s+/).filter(Boolean);
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}
