// What the events add up to: sends with their attempts, flights, generations. Built one event at a time, by the events' own
// names and causes; nothing is inferred from nearness in time.
import type { Event } from "../wire/Event";
import type { EventKey } from "../wire/EventKey";
import { type Moment, TimeKeeper, idOf } from "./moment";
import { type Attempt, type Flight, type Generation, type Group, type GroupKind, type Send, type SignIn, exchangeOf, reply } from "./records";

export * from "./records";

/** Everything the view knows of the timeline, in order. */
export class Chronicle {
  readonly moments: Moment[] = [];
  readonly sends = new Map<string, Send>();
  readonly flights = new Map<string, Flight>();
  readonly signIns: SignIn[] = [];
  readonly generations: Generation[] = [];
  readonly groups: Group[] = [];
  /** Events that concern everything at once: jumps of the clock, and faults that were made on purpose. */
  readonly notable: Moment[] = [];
  /** By how much the server's clock was ahead of the local one when it was last told; null: it was not. */
  skewMs: number | null = null;
  /** The run of this process. Null: all that is told is over. */
  own: number | null = null;
  /** Runs of other processes that were heard of while this one ran. */
  readonly beside = new Set<number>();
  /** How many there were, of those too that were forgotten. */
  readonly counts = { events: 0, requests: 0, refreshes: 0, joined: 0, lost: 0 };

  #ownBegan = false;
  readonly #time = new TimeKeeper();
  readonly #moments = new Map<string, Moment>();
  /** When each event came, counted: runs beside each other come mixed. */
  readonly #came = new WeakMap<Moment, number>();
  readonly #effects = new Map<string, Moment[]>();
  readonly #groupOf = new Map<string, Group>();
  readonly #leases = new Map<string, Attempt["lease"]>();
  readonly #signInOf = new Map<string, SignIn>();
  readonly #living = new Map<string, Generation>();

  /** Adds the next event. The caller sees to the order. */
  add(event: Event): Moment {
    const moment = this.#time.place(event);
    const id = idOf(moment);
    this.moments.push(moment);
    this.#moments.set(id, moment);
    this.#count(moment);
    this.#came.set(moment, this.counts.events);
    if (this.own !== null && moment.run !== this.own && (moment.run > this.own || this.#ownBegan)) this.beside.add(moment.run);
    else if (moment.run === this.own) this.#ownBegan = true;
    for (const cause of moment.cause_seq) {
      const effects = this.#effects.get(idOf(cause));
      if (effects) effects.push(moment);
      else this.#effects.set(idOf(cause), [moment]);
    }
    this.#learn(moment);
    this.#place(moment);
    return moment;
  }

  /**
   * Forgets all but about the last `most` events: what is over, and of what goes on nothing. Older ones are read from the
   * engine when somebody looks at them.
   */
  forget(most: number): void {
    const before = this.moments[this.moments.length - most];
    if (!before) return;
    const came = (moment: Moment) => this.#came.get(moment) ?? 0;
    const gone = (moment: Moment) => came(moment) < came(before);
    const over = (moment: Moment | null) => moment !== null && gone(moment);
    for (const moment of this.moments.splice(0, this.moments.length - most)) {
      const id = idOf(moment);
      this.#moments.delete(id);
      this.#effects.delete(id);
      this.#groupOf.delete(id);
    }
    for (const [id, send] of this.sends) if (over(send.finished)) this.sends.delete(id);
    for (const [id, flight] of this.flights) if (over(flight.finished)) this.flights.delete(id);
    keep(this.signIns, (one) => !over(one.finished));
    keep(this.generations, (one) => !over(one.until));
    keep(this.notable, (one) => !gone(one));
    keep(this.groups, (one) => !gone(one.moments.at(-1) ?? one.first));
    // What a group that goes on began with stays in reach.
    for (const group of this.groups) {
      for (const moment of group.moments) {
        if (!gone(moment)) continue;
        this.#moments.set(idOf(moment), moment);
        this.#groupOf.set(idOf(moment), group);
      }
    }
  }

  /** The event of this key, if it is held. */
  find(key: EventKey): Moment | undefined {
    return this.#moments.get(idOf(key));
  }

  /** The causes of an event that are held. */
  causes(moment: Moment): Moment[] {
    return moment.cause_seq.map((key) => this.find(key)).filter((found) => found !== undefined);
  }

  /** The events that name this one as a cause. */
  effects(key: EventKey): Moment[] {
    return this.#effects.get(idOf(key)) ?? [];
  }

  /** Everything that was told of a flight. */
  effectsOfFlight(flight: Flight): Moment[] {
    return this.groupOf(flight.started)?.moments.filter((one) => one.flight === flight.number) ?? [];
  }

  /** The group an event belongs to. */
  groupOf(key: EventKey): Group | undefined {
    return this.#groupOf.get(idOf(key));
  }

  /** The send of this number in this run. */
  send(run: number, number: number): Send | undefined {
    return this.sends.get(`${run}-R${number}`);
  }

  /** The flight of this number in this run. */
  flight(run: number, number: number): Flight | undefined {
    return this.flights.get(`${run}-F${number}`);
  }

  /** The newest generation of this session with this number, and of this sign-in where it is known. */
  generation(session: string, number: number, epoch?: number): Generation | undefined {
    return this.generations.findLast(
      (one) => one.session === session && one.number === number && (epoch === undefined || one.epoch === epoch),
    );
  }

  #count(moment: Moment): void {
    this.counts.events += 1;
    if (moment.kind === "RequestQueued") this.counts.requests += 1;
    else if (moment.kind === "FlightStarted") this.counts.refreshes += 1;
    // Another process had refreshed: nothing was asked of the server.
    else if (moment.kind === "AdoptedFromPeer") this.counts.refreshes -= 1;
    else if (moment.kind === "WaitingForRefresh" && moment.data.joined) this.counts.joined += 1;
    else if (moment.kind === "LoginRequired") this.counts.lost += 1;
    else if (moment.kind === "ClockSkewed") this.skewMs = moment.data.skew_ms;
    if (moment.kind === "ClockJump" || moment.kind.startsWith("Fault")) this.notable.push(moment);
  }

  #learn(moment: Moment): void {
    if (moment.kind === "RunStarted") this.#closeEarlier(moment);
    if (moment.request !== undefined) this.#learnSend(moment, moment.request);
    if (moment.flight !== undefined) this.#learnFlight(moment, moment.flight);
    if (moment.session !== undefined) this.#learnSession(moment, moment.session);
  }

  /** What an earlier run left open has no end in this timeline, and does not go on. */
  #closeEarlier(moment: Moment): void {
    // A process that begins beside this one ends nothing.
    if (this.own !== null && moment.run > this.own) return;
    for (const send of this.sends.values()) {
      if (send.finished || send.run === moment.run) continue;
      send.outcome = "unknown";
      send.finished = moment;
      for (const wait of send.waits) wait.to ??= moment;
    }
    for (const flight of this.flights.values()) {
      if (!flight.finished && flight.run !== moment.run) Object.assign(flight, { finished: moment, class: "aborted" });
    }
    for (const signIn of this.signIns) if (signIn.started.run !== moment.run) signIn.finished ??= moment;
    for (const generation of this.#living.values()) generation.until ??= moment;
    this.#living.clear();
  }

  #learnSend(moment: Moment, number: number): void {
    const id = `${moment.run}-R${number}`;
    if (moment.kind === "RequestQueued") {
      this.sends.set(id, {
        id, run: moment.run, number, ...moment.data, session: moment.session ?? null, queued: moment,
        attempts: [], waits: [], withheld: null, retry: null, finished: null, outcome: null, status: null, tookUs: null,
        bodyBytes: 0, error: null,
      });
      return;
    }
    const send = this.sends.get(id);
    if (!send) return;
    const attempt = send.attempts.at(-1);
    switch (moment.kind) {
      case "LeaseTaken":
        this.#leases.set(id, {
          session: moment.session ?? send.session ?? "", epoch: moment.epoch ?? 0, generation: moment.generation ?? 0,
          expiresInMs: moment.data.expires_in_ms, ageMs: moment.data.age_ms,
        });
        break;
      case "TokenWithheld":
        send.withheld = moment.data.reason;
        break;
      case "AttemptStarted":
        for (const wait of send.waits) wait.to ??= moment;
        // A hop of a redirect belongs to the attempt under way: it is no second try.
        if (moment.hop !== undefined && attempt?.number === moment.attempt) break;
        send.attempts.push({
          number: moment.attempt ?? send.attempts.length + 1, started: moment,
          lease: moment.data.authorized ? (this.#leases.get(id) ?? null) : null,
          head: null, status: null, tookUs: null, verdict: null, rule: null, classified: null,
        });
        break;
      case "ResponseHead":
        if (attempt) Object.assign(attempt, { head: moment, status: moment.data.status, tookUs: moment.data.took_us });
        break;
      case "ResponseClassified":
        if (attempt) Object.assign(attempt, { verdict: moment.data.verdict, rule: moment.data.rule_id, classified: moment });
        break;
      case "WaitingForRefresh": {
        const started = this.causes(moment).find((cause) => cause.kind === "FlightStarted");
        const flight = moment.flight ?? started?.flight;
        const flightId = flight === undefined ? null : `${started?.run ?? moment.run}-F${flight}`;
        send.waits.push({ flight: flightId, joined: moment.data.joined, from: moment, to: null });
        const found = flightId === null ? undefined : this.flights.get(flightId);
        if (found && moment.data.joined && !found.joiners.includes(id)) found.joiners.push(id);
        else if (found && !moment.data.joined) found.leader ??= id;
        break;
      }
      case "RetryDecided":
        for (const wait of send.waits) wait.to ??= moment;
        send.retry = { retry: moment.data.retry, rule: moment.data.rule_id, at: moment };
        break;
      case "RequestFinished":
        for (const wait of send.waits) wait.to ??= moment;
        Object.assign(send, {
          finished: moment, outcome: moment.data.outcome, status: moment.data.status, tookUs: moment.data.took_us,
          bodyBytes: moment.data.body_bytes, error: moment.data.error,
        });
        this.#leases.delete(id);
        break;
    }
  }

  #learnFlight(moment: Moment, number: number): void {
    const id = `${moment.run}-F${number}`;
    if (moment.kind === "FlightStarted") {
      const leader = this.causes(moment).find((cause) => cause.request !== undefined);
      this.flights.set(id, {
        id, run: moment.run, number, session: moment.session ?? "", need: moment.data.need, started: moment,
        leader: leader ? `${leader.run}-R${leader.request}` : null, joiners: [], exchanges: [], published: null,
        generation: null, persistFailed: null, finished: null, class: null, waiters: 0, tookUs: null, ended: null,
      });
      return;
    }
    const flight = this.flights.get(id);
    if (!flight) return;
    switch (moment.kind) {
      case "WaiterJoined":
        flight.waiters = Math.max(flight.waiters, moment.data.waiters);
        break;
      case "ExchangeSent":
        flight.exchanges.push(exchangeOf(moment));
        break;
      case "ExchangeReplied":
        reply(flight.exchanges.at(-1), moment);
        break;
      case "PersistFailed":
        flight.persistFailed = moment.data.error;
        break;
      case "Published":
        flight.published = moment;
        flight.generation = moment.generation ?? null;
        break;
      case "FlightFinished":
        Object.assign(flight, { finished: moment, class: moment.data.class, waiters: moment.data.waiters, tookUs: moment.data.took_us });
        break;
    }
  }

  #learnSession(moment: Moment, session: string): void {
    const signIn = this.#signInOf.get(session);
    const open = signIn && !signIn.finished && moment.flight === undefined && moment.request === undefined ? signIn : undefined;
    const living = this.#living.get(session);
    switch (moment.kind) {
      case "SignInStarted": {
        const begun: SignIn = {
          id: idOf(moment), session, started: moment, exchange: null, generation: null, published: null, finished: null, error: null,
        };
        this.signIns.push(begun);
        this.#signInOf.set(session, begun);
        break;
      }
      case "ExchangeSent":
        if (open) open.exchange = exchangeOf(moment);
        break;
      case "ExchangeReplied":
        if (open?.exchange) reply(open.exchange, moment);
        break;
      case "SignedIn":
        if (signIn) signIn.finished = moment;
        break;
      case "SignInFailed":
        if (signIn) Object.assign(signIn, { finished: moment, error: moment.data.error });
        break;
      case "Published":
        if (open) Object.assign(open, { generation: moment.generation ?? null, published: moment });
        this.#begin(moment, session, moment.flight === undefined ? "sign-in" : "refresh", moment.data.expires_at_ms, moment.data.lifetime_ms);
        break;
      case "SessionRestored":
        this.#begin(moment, session, "restored", moment.data.expires_at_ms, null);
        break;
      case "TokenExpired": {
        const expired = moment.generation === undefined ? living : this.generation(session, moment.generation, moment.epoch);
        if (expired) expired.expired = moment;
        break;
      }
      case "SignedOut":
      case "LoginRequired":
        if (moment.kind === "LoginRequired") this.#learnEnd(moment);
        if (living) living.until ??= moment;
        this.#living.delete(session);
        break;
    }
  }

  /** The evidence of an ended session names the flight that found it out. */
  #learnEnd(moment: Moment): void {
    for (const cause of this.causes(moment)) {
      const flight = cause.flight === undefined ? undefined : this.flight(cause.run, cause.flight);
      if (flight) flight.ended = moment;
    }
  }

  #begin(moment: Moment, session: string, source: Generation["source"], expiresAt: number | null, lifetimeMs: number | null): void {
    const before = this.#living.get(session);
    // Two processes know the same token.
    if (before && before.from.run !== moment.run && before.epoch === moment.epoch && before.number === moment.generation) return;
    if (before) before.until ??= moment;
    const parsed = this.causes(moment).flatMap((cause) => [cause, ...this.causes(cause)]).find((cause) => cause.kind === "ReplyParsed");
    const generation: Generation = {
      id: idOf(moment), session, epoch: moment.epoch ?? 0, number: moment.generation ?? 1, from: moment, source,
      flight: moment.flight === undefined ? null : `${moment.run}-F${moment.flight}`,
      expiresAt, lifetimeMs, expirySource: parsed?.kind === "ReplyParsed" ? parsed.data.expiry_source : null, expired: null, until: null,
    };
    this.generations.push(generation);
    this.#living.set(session, generation);
  }

  #place(moment: Moment): void {
    const group = this.#groupFor(moment);
    if (!group) return;
    group.moments.push(moment);
    this.#groupOf.set(idOf(moment), group);
  }

  #groupFor(moment: Moment): Group | undefined {
    // A group belongs to one run, as the engine has it too.
    const cause = this.causes(moment).filter((one) => one.run === moment.run).map((one) => this.groupOf(one)).find((one) => one !== undefined);
    switch (moment.kind) {
      case "RequestQueued":
        return this.#open("request", moment);
      case "SignInStarted":
        return this.#open("sign-in", moment);
      case "TokenExpired":
        return this.#open("expiry", moment);
      case "SignedOut":
      case "LoginRequired":
      case "SessionRestored":
      case "RecordSetAside":
      case "ClockJump":
        return this.#open("session", moment);
      case "StoreSlow":
      case "StoreUnavailable":
      case "StoreChosen":
      case "WorkspaceRead":
      case "EnvironmentChosen":
        return this.#open("store", moment);
      case "RunStarted":
      case "Gap":
        return this.#open("run", moment);
      case "FlightStarted":
        return cause ?? this.#open("refresh", moment);
      case "FaultSwitched":
      case "TrustAsked":
      case "TokenWanted":
      case "TokenHandedOut":
        return cause ?? this.#open("session", moment);
    }
    if (moment.request !== undefined) {
      const queued = this.send(moment.run, moment.request)?.queued;
      if (queued) return this.groupOf(queued);
    }
    if (moment.flight !== undefined) {
      const started = this.flight(moment.run, moment.flight)?.started;
      if (started) return this.groupOf(started);
    }
    return cause;
  }

  #open(kind: GroupKind, first: Moment): Group {
    const send = first.request === undefined ? undefined : this.send(first.run, first.request);
    const flight = first.flight === undefined ? undefined : this.flight(first.run, first.flight);
    const signIn = kind === "sign-in" ? this.signIns.at(-1) : undefined;
    const group: Group = { id: idOf(first), kind, first, moments: [], send: send ?? null, flight: flight ?? null, signIn: signIn ?? null };
    this.groups.push(group);
    return group;
  }
}

/** Takes out of a list what is not to stay. */
function keep<T>(list: T[], stays: (one: T) => boolean): void {
  const kept = list.filter(stays);
  if (kept.length < list.length) list.splice(0, list.length, ...kept);
}
