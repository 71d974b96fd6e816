// How the system keychain does, as the engine last said, and whether its trouble is to be shown.
import type { Backend } from "../backend/backend";
import type { Moment } from "../lib/moment";
import type { Code } from "../wire/Code";
import type { Failure } from "../wire/Failure";
import type { KeychainView } from "../wire/KeychainView";
import type { Timeline } from "./timeline.svelte";

const STATE_OF: Partial<Record<Code, KeychainView["state"]>> = {
  "store.locked": "locked", "store.absent": "absent", "store.slow": "slow", "store.failed": "failed",
};
const CODE_OF: Partial<Record<KeychainView["state"], Code>> = {
  locked: "store.locked", absent: "store.absent", slow: "store.slow", failed: "store.failed",
};

/** The keychain. */
export class Keychain {
  view = $state.raw<KeychainView>({ kept: "keychain", state: "unknown", detail: null });
  /** The user asked again, and the answer is not there yet. */
  asking = $state(false);
  /** What is wrong with it, as long as the user has not chosen to do without. */
  readonly trouble = $derived.by((): Failure | null => {
    const code = this.view.kept === "memory" ? undefined : CODE_OF[this.view.state];
    return code ? { code, params: this.view.detail ? { detail: this.view.detail } : {} } : null;
  });

  readonly #backend: Backend;

  constructor(backend: Backend, timeline: Timeline) {
    this.#backend = backend;
    timeline.listen((moment) => this.#hear(moment));
  }

  async retry(): Promise<void> {
    this.asking = true;
    try {
      this.view = await this.#backend.call("retry_store", {});
    } finally {
      this.asking = false;
    }
  }

  #hear(moment: Moment): void {
    if (moment.kind === "StoreChosen") this.view = { ...this.view, kept: moment.data.kept };
    else if (moment.kind === "StoreSlow") this.view = { ...this.view, state: "slow", detail: null };
    else if (moment.kind === "StoreUnavailable" || moment.kind === "PersistFailed") this.view = { ...this.view, state: STATE_OF[moment.data.error] ?? "failed", detail: null };
    else if (moment.kind === "Persisted" && moment.data.kept === "keychain") this.view = { ...this.view, state: "open", detail: null };
  }
}
