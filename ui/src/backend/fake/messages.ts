// What the played server was told and said, masked as the engine masks it.
import { compareKeys } from "../../lib/moment";
import type { Event } from "../../wire/Event";
import type { EventKey } from "../../wire/EventKey";

/** What was said in an event. */
export function messageOf(events: readonly Event[], key: EventKey): string | null {
  const event = events.find((one) => compareKeys(one, key) === 0);
  switch (event?.kind) {
    case "BrowserAwaited":
      return `GET ${event.data.endpoint}\n\nresponse_type=code\nclient_id=desktop\nredirect_uri=${event.data.redirect}\nstate=***\ncode_challenge_method=S256`;
    case "ExchangeSent":
      return `POST ${event.data.endpoint}\ncontent-type: application/x-www-form-urlencoded\n\ngrant_type=${event.data.purpose === "refresh" ? "refresh_token\nrefresh_token=***" : "authorization_code\ncode=***\ncode_verifier=***"}\nclient_id=desktop`;
    case "ExchangeReplied":
      return `${event.data.status}\ncontent-type: application/json\n\n{\n  "access_token": "***",\n  "expires_in": 6,\n  "refresh_token": "***",\n  "token_type": "Bearer"\n}`;
    default:
      return null;
  }
}
