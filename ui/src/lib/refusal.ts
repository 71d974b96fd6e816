// What a row says of a send that was refused: the facts that stand in its events. The cause is the engine's to tell.
import type { Attempt, Chronicle, Flight, Send } from "./chronicle";
import { inSeconds } from "./duration";

/** The flight a send waited for. */
export function flightOf(send: Send, chronicle: Chronicle): Flight | undefined {
  const id = send.waits.at(-1)?.flight;
  return (id ? chronicle.flights.get(id) : undefined) ?? [...chronicle.flights.values()].find((one) => one.leader === send.id);
}

/** How the token of the refused attempt stood by the local clock. */
export function refusal(first: Attempt): string {
  const left = first.lease?.expiresInMs ?? null;
  const token = first.lease ? `G${first.lease.generation}` : "The request";
  if (left !== null && left < 0) return `${token} had expired ${inSeconds(left)} before.`;
  if (left !== null) return `${token} was refused with ${inSeconds(left)} left.`;
  return `${token} was refused.`;
}
