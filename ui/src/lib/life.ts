// A session's token over time: how much is left, and how to say it.
import { STATES } from "../words/states";
import type { SessionSnapshot } from "../wire/SessionSnapshot";
import { ago, clock, coarse } from "./duration";

/** Below this share of its life a token is running low. */
export const LOW_SHARE = 0.2;

/** States in which there is a token, and its time is what matters. */
const ALIVE = new Set<string>(["active", "refreshing", "cooldown"]);

/** How a session's token stands now. */
export interface Life {
  /** What is left, from 0 to 1; null: nobody knows. */
  share: number | null;
  tone: "plain" | "warn" | "error";
  words: string;
}

/** How this session stands at `now`. */
export function life(session: SessionSnapshot, now: number): Life {
  const g = session.generation === null ? "" : `G${session.generation}, `;
  if (session.state === "login_required") return { share: 0, tone: "error", words: STATES.login_required };
  if (session.state === "config_error") return { share: 0, tone: "error", words: STATES.config_error };
  if (session.state !== "signed_out" && !ALIVE.has(session.state)) return { share: 0, tone: "warn", words: STATES[session.state] };
  if (session.generation === null) return { share: null, tone: "plain", words: STATES.signed_out };
  const left = session.expires_at_ms === null ? null : session.expires_at_ms - now;
  const share = left === null || !session.lifetime_ms ? null : Math.min(1, Math.max(0, left / session.lifetime_ms));
  if (session.state === "refreshing") return { share, tone: "plain", words: `${g}refreshing…` };
  if (session.state === "cooldown") {
    const until = session.cooldown_until_ms;
    return { share, tone: "warn", words: until !== null && until > now ? `${g}refresh waits until ${clock(until)}` : `${g}refresh failed, session kept` };
  }
  if (left === null) return { share, tone: "plain", words: `${g}no expiry known` };
  if (left <= 0) return { share: 0, tone: "warn", words: `${g}expired ${ago(-left)}` };
  const words = `${g}${coarse(Math.ceil(left / 1_000) * 1_000)} left`;
  return { share, tone: share !== null && share < LOW_SHARE ? "warn" : "plain", words };
}
