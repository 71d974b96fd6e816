// What is known of the token of the session that is looked at. Never the token itself.
import type { Backend } from "../backend/backend";
import type { Moment } from "../lib/moment";
import type { LineageStep } from "../wire/LineageStep";
import type { SignatureState } from "../wire/SignatureState";
import type { TokenDetails } from "../wire/TokenDetails";
import type { Timeline } from "./timeline.svelte";

const TELLING = new Set<Moment["kind"]>(["Published", "SessionRestored", "SignedOut", "LeaseTaken", "ResponseClassified", "Persisted", "StoreChosen", "WorkspaceRead"]);
const SETTLE_MS = 60;

/** The token pane's content. */
export class Token {
  details = $state.raw<TokenDetails | null>(null);
  /** Its generations, the current one last. */
  lineage = $state.raw<LineageStep[]>([]);
  #session: string | null = null;
  #checked: { fingerprint: string; signature: SignatureState } | null = null;
  readonly #backend: Backend;
  #due: ReturnType<typeof setTimeout> | null = null;

  constructor(backend: Backend, timeline: Timeline) {
    this.#backend = backend;
    timeline.listen((moment) => {
      if (TELLING.has(moment.kind) && (moment.session === this.#session || moment.session === undefined)) this.#askSoon();
    });
  }

  /** Looks at another session. */
  of(session: string | null): void {
    if (session === this.#session) return;
    this.#session = session;
    this.details = null;
    this.lineage = [];
    void this.#ask();
  }

  /** Asks once for each token whether its issuer signed it: that may take a call to the issuer. */
  async #check(details: TokenDetails): Promise<void> {
    if (this.#checked?.fingerprint !== details.fingerprint) {
      this.#checked = { fingerprint: details.fingerprint, signature: details.signature };
      const signature = await this.#backend.call("check_signature", { session: details.session });
      if (signature.state !== "not_checked") this.#checked = { fingerprint: details.fingerprint, signature };
    }
    const { fingerprint, signature } = this.#checked;
    if (this.details?.fingerprint === fingerprint) this.details = { ...this.details, signature };
  }

  #askSoon(): void {
    this.#due ??= setTimeout(() => {
      this.#due = null;
      void this.#ask();
    }, SETTLE_MS);
  }

  async #ask(): Promise<void> {
    const session = this.#session;
    if (session === null) return;
    try {
      const [details, lineage] = await Promise.all([this.#backend.call("read_token", { session }), this.#backend.call("read_lineage", { session })]);
      if (session !== this.#session) return;
      [this.details, this.lineage] = [details, lineage];
      if (details?.form === "jwt") await this.#check(details);
    } catch {
      // The session list says what is wrong with the session; the pane stays as it was.
    }
  }
}
