// What the played engine knows of its servers: counted from the played timeline, as far as stories need.
import type { Habit } from "../../wire/Habit";
import type { Known } from "../../wire/Known";
import type { Profile } from "../../wire/Profile";
import type { Replay } from "../../wire/Replay";
import type { FakeEngine } from "./engine";

/** Events that are kept as the proof of one habit. */
const PROOF_MAX = 6;

/** The profiles of the servers of all played sessions. */
export class Profiles {
  readonly #engine: FakeEngine;
  readonly #chosen = new Map<string, Replay>();
  /** What was learned up to here is forgotten. */
  readonly #since = new Map<string, number>();

  constructor(engine: FakeEngine) {
    this.#engine = engine;
  }

  known(name: string): Known {
    const session = this.#engine.session(name);
    const chosen = this.#chosen.get(name) ?? null;
    return {
      session: name, profile: { ...this.#learned(name), endpoint: `${session.origin}/auth/refresh`, replay_chosen: chosen }, margin_ms: 0,
      replay: chosen === null ? { replay: "once", rule_id: "replay.usual" } : { replay: chosen, rule_id: "replay.chosen" },
    };
  }

  choose(name: string, replay: Replay | null): Known {
    if (replay === null) this.#chosen.delete(name);
    else this.#chosen.set(name, replay);
    return this.known(name);
  }

  forget(name: string): Known {
    this.#since.set(name, this.#engine.log.newest.seq);
    return this.known(name);
  }

  #learned(name: string): Profile {
    const profile: Profile = {
      endpoint: "", issuer: null, rotation: null, spent_honoured: null, spent_refused: null, access_outlives_reuse: null, replay_recovers: null, refusals: [], life: null,
      oddities: [], clock_ms: null, answer_ms: null, replay_chosen: null,
    };
    for (const event of this.#engine.log.events) {
      if (event.session !== name || event.flight === undefined || event.seq <= (this.#since.get(name) ?? 0)) continue;
      const see = <T>(habit: Habit<T> | null, what: T): Habit<T> => ({
        what, times: (habit?.times ?? 0) + 1, proof: [...(habit?.proof ?? []), { run: event.run, seq: event.seq }].slice(-PROOF_MAX), last_ms: event.wall_ms,
      });
      if (event.kind === "ReplyParsed") {
        const { lifetime_ms, expiry_source, rotated } = event.data;
        profile.rotation = see(profile.rotation, rotated ? "rotates" : "keeps");
        profile.life = see(profile.life, { least_ms: lifetime_ms, most_ms: lifetime_ms, source: expiry_source });
      }
      if (event.kind === "ExchangeReplied" && event.data.class === "definitive") {
        const { status, error } = event.data;
        profile.refusals = [see(null, { status, error, class: "definitive" })];
      }
    }
    return profile;
  }
}
