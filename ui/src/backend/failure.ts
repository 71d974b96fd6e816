// What a refused command leaves: always a failure that has words.
import type { Failure } from "../wire/Failure";

/** The failure in what a command was rejected with. Anything else became of the host itself. */
export function failureOf(error: unknown): Failure {
  if (typeof error === "object" && error !== null && "code" in error && "params" in error) return error as Failure;
  return { code: "system.unavailable", params: { detail: error instanceof Error ? error.message : String(error) } };
}
