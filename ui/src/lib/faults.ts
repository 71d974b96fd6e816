// The faults as the lab lists them: in groups, with the numbers that they begin with.
import type { Fault } from "../wire/Fault";
import type { FaultName } from "../wire/FaultName";
import { coarse, count, span } from "./duration";

/** How a fault's number is asked for. */
export interface Amount {
  label: string;
  /** In the unit of the label. */
  begin: number;
  least: number;
  most: number;
  /** What the engine's unit is, in that of the label. */
  factor: number;
}

/** A fault of the list. */
export interface Offer {
  name: FaultName;
  amount: Amount | null;
  times: number | null;
}

/** A part of the list. */
export interface OfferGroup {
  title: string;
  offers: Offer[];
}

const plain = (name: FaultName, times: number | null): Offer => ({ name, amount: null, times });

/** Every fault, by what it touches. */
export const OFFERS: OfferGroup[] = [
  {
    title: "Access token",
    offers: [plain("expire_now", 1), plain("pretend_valid", null), plain("corrupt_access_token", 1), plain("refuse_always", null)],
  },
  {
    title: "Refresh",
    offers: [
      { name: "slow_refresh", amount: { label: "seconds", begin: 3, least: 1, most: 60, factor: 1_000 }, times: 1 },
      { name: "no_answer", amount: { label: "seconds", begin: 5, least: 1, most: 60, factor: 1_000 }, times: 2 },
      { name: "server_error", amount: { label: "status", begin: 503, least: 500, most: 599, factor: 1 }, times: 1 },
      { name: "too_many_requests", amount: { label: "seconds", begin: 10, least: 1, most: 3_600, factor: 1 }, times: 1 },
      plain("half_reply", 2),
      plain("bad_json", 1),
      plain("no_token_type", 1),
    ],
  },
  { title: "Refresh token", offers: [plain("drop_refresh_token", null), plain("reuse_refresh_token", 1)] },
  {
    title: "Clock and keychain",
    offers: [{ name: "clock_skew", amount: { label: "seconds", begin: 3_600, least: -31_536_000, most: 31_536_000, factor: 1_000 }, times: null }, plain("store_locked", null), plain("store_full", null)],
  },
];

/** Requests of one burst. */
export const BURST = { begin: 5, least: 2, most: 50 };

/** What is on, as its number and how often: `503, twice more`. */
export function faultMeasure(fault: Fault): string {
  const amount = fault.amount === null ? "" : measured(fault.name, fault.amount);
  const times = fault.times === null ? "until you switch it off" : fault.times === 1 ? "once" : count(fault.times, "time");
  return [amount, times].filter(Boolean).join(", ");
}

function measured(name: FaultName, amount: number): string {
  switch (name) {
    case "slow_refresh":
    case "no_answer":
      return span(amount);
    case "clock_skew":
      return `${coarse(amount)} ${amount < 0 ? "behind" : "ahead"}`;
    case "too_many_requests":
      return `Retry-After ${amount}`;
    case "no_single_flight":
      return count(amount, "copy", "copies");
    default:
      return String(amount);
  }
}

/** Whether a number that was typed can be the amount of this fault. */
export function fits(amount: Amount | null, typed: number | null): boolean {
  return amount === null || (typed !== null && Number.isInteger(typed) && typed >= amount.least && typed <= amount.most);
}
