// Two sends that are compared: which they are, and what is known of each.
import type { Backend } from "../backend/backend";
import { failureOf } from "../backend/failure";
import type { Send } from "../lib/chronicle";
import type { Side } from "../lib/compare";
import type { Draft } from "../wire/Draft";
import type { Failure } from "../wire/Failure";
import type { Exchange } from "./exchange.svelte";
import type { Timeline } from "./timeline.svelte";

/** A send by its name. */
export interface SendName {
  run: number;
  number: number;
}

/** Sends to choose from. */
const CHOICES_MAX = 200;

type Known = Omit<Side, "send">;
const NOTHING: Known = { response: null, finding: null, claims: null };

/** The comparison. */
export class Compare {
  left = $state.raw<SendName | null>(null);
  right = $state.raw<SendName | null>(null);
  /** Both are being sent. */
  sending = $state(false);
  /** Why one of both could not be sent at all. */
  refused = $state.raw<{ session: string; failure: Failure }[]>([]);
  #known = $state.raw<ReadonlyMap<string, Known>>(new Map());
  /** Sends that were asked about as they ended. */
  readonly #asked = new Set<string>();
  readonly #backend: Backend;
  readonly #timeline: Timeline;
  readonly #exchange: () => Exchange;
  readonly #run: () => number;

  constructor(backend: Backend, timeline: Timeline, exchange: () => Exchange, run: () => number) {
    this.#backend = backend;
    this.#timeline = timeline;
    this.#exchange = exchange;
    this.#run = run;
    timeline.listen((moment) => {
      if (moment.kind !== "RequestFinished") return;
      for (const side of [this.left, this.right]) if (side && moment.run === side.run && moment.request === side.number) void this.#read(side);
    });
  }

  /** Both, as far as they are known. */
  readonly sides = $derived.by((): { left: Side | null; right: Side | null } => {
    void this.#timeline.version;
    return { left: this.#side(this.left), right: this.#side(this.right) };
  });

  /** The sends that can be chosen, the newest first. */
  readonly choices = $derived.by((): Send[] => {
    void this.#timeline.version;
    const held = [...this.#timeline.chronicle.sends.values()].slice(-CHOICES_MAX).reverse();
    const chosen = [this.left, this.right].map((one) => (one ? this.#find(one) : undefined)).filter((one) => one !== undefined);
    return [...held, ...chosen.filter((one) => !held.includes(one))];
  });

  /** Compares a send with the one before it of the same request; without one, only it stands there. */
  begin(of: SendName | null): void {
    this.refused = [];
    const send = of ? this.#find(of) : undefined;
    const others = [...this.#timeline.chronicle.sends.values()].filter((one) => send && one !== send && one.method === send.method && one.url === send.url);
    const before = others.findLast((one) => send && (one.run < send.run || (one.run === send.run && one.number < send.number))) ?? others.at(-1);
    this.choose("left", before ? { run: before.run, number: before.number } : null);
    this.choose("right", send ? { run: send.run, number: send.number } : null);
  }

  /** Puts a send on one side. */
  choose(side: "left" | "right", send: SendName | null): void {
    this[side] = send;
    if (send && this.#find(send)?.finished) void this.#read(send);
  }

  swap(): void {
    [this.left, this.right] = [this.right, this.left];
  }

  /** Sends the request that is written once as each of two sessions. */
  async sendAs(sessions: [string, string]): Promise<void> {
    this.refused = [];
    const ready = this.#exchange().form.draft(false);
    if ("refused" in ready) {
      this.refused = [{ session: "", failure: ready.refused }];
      return;
    }
    this.sending = true;
    const sent = await Promise.all(sessions.map((session) => this.#send({ ...ready.draft, session })));
    [this.left, this.right] = [sent[0] ?? null, sent[1] ?? null];
    this.sending = false;
    for (const one of sent) if (one && this.#find(one)?.finished) void this.#read(one);
  }

  async #send(draft: Draft): Promise<SendName | null> {
    try {
      const accepted = await this.#backend.call("send_request", draft);
      this.#timeline.heard(accepted.newest);
      return { run: this.#run(), number: accepted.request };
    } catch (error) {
      this.refused = [...this.refused, { session: draft.session ?? "", failure: failureOf(error) }];
      return null;
    }
  }

  #find({ run, number }: SendName): Send | undefined {
    return this.#timeline.chronicle.send(run, number) ?? this.#timeline.past?.send(run, number);
  }

  #side(name: SendName | null): Side | null {
    const send = name ? this.#find(name) : undefined;
    // A copy, because the chronicle writes in place.
    return send ? { send: { ...send }, ...(this.#known.get(send.id) ?? NOTHING) } : null;
  }

  async #read(name: SendName): Promise<void> {
    const send = this.#find(name);
    if (!send || this.#asked.has(send.id)) return;
    this.#asked.add(send.id);
    const own = send.run === this.#run();
    const lease = send.attempts.at(-1)?.lease;
    const nothing = () => null;
    const [response, explanation, token] = await Promise.all([
      own ? this.#backend.call("read_response", { request: send.number }).catch(nothing) : null,
      this.#backend.call("explain_request", { run: send.run, request: send.number }).catch(nothing),
      lease && own ? this.#backend.call("read_token", { session: lease.session }).catch(nothing) : null,
    ]);
    const carried = token && lease && token.generation === lease.generation && token.epoch === lease.epoch;
    const known = { response, finding: explanation?.finding ?? null, claims: (carried && (token.jwt?.claims as Known["claims"])) || null };
    this.#known = new Map(this.#known).set(send.id, known);
  }
}
