// The fault lab of the session that is looked at: what can go wrong on purpose, with which numbers, and what is on.
import type { Backend } from "../backend/backend";
import { failureOf } from "../backend/failure";
import type { Fault } from "../wire/Fault";
import type { FaultName } from "../wire/FaultName";
import type { SessionSnapshot } from "../wire/SessionSnapshot";
import type { Notices } from "./notices.svelte";
import type { Sessions } from "./sessions.svelte";

/** Switches faults on and off. */
export class Lab {
  readonly #backend: Backend;
  readonly #sessions: Sessions;
  readonly #notices: Notices;

  constructor(backend: Backend, sessions: Sessions, notices: Notices) {
    this.#backend = backend;
    this.#sessions = sessions;
    this.#notices = notices;
  }

  /** Everything that is on, session by session. */
  readonly armed = $derived.by((): { session: string; fault: Fault }[] => this.#sessions.all.flatMap((one) => one.faults.map((fault) => ({ session: one.name, fault }))));

  /** Switches a fault on; false where that was refused, which a notice says. */
  arm(session: string, fault: Fault, typed: string | null = null): Promise<boolean> {
    return this.#change(() => this.#backend.call("arm_fault", { session, fault, typed }));
  }

  /** Switches a fault off. */
  clear(session: string, name: FaultName): Promise<boolean> {
    return this.#change(() => this.#backend.call("clear_fault", { session, name }));
  }

  /** Switches everything off. */
  async clearAll(): Promise<void> {
    for (const { session, fault } of this.armed) await this.clear(session, fault.name);
  }

  async #change(call: () => Promise<SessionSnapshot[]>): Promise<boolean> {
    try {
      this.#sessions.set(await call());
      return true;
    } catch (error) {
      this.#notices.add(failureOf(error));
      return false;
    }
  }
}
