// A played import: one collection, one session whose endpoint is not the user's own, and what is left out of it.
import type { ImportPreview } from "../../wire/ImportPreview";
import type { PlannedSession } from "../../wire/PlannedSession";
import type { SavedRequest } from "../../wire/SavedRequest";
import type { SessionChoice } from "../../wire/SessionChoice";
import type { FakeClock } from "./clock";
import { failure } from "./engine";

const URL = "https://api.acme.test";

/** The requests of the played collection, by their folders and names. */
const REQUESTS: [string, string, string][] = [
  ["Acme shop/orders/List orders", "GET", `${URL}/orders?limit=20`],
  ["Acme shop/orders/Create an order", "POST", `${URL}/orders`],
  ["Acme shop/orders/Cancel an order", "DELETE", `${URL}/orders/{{order}}`],
  ["Acme shop/customers/Who am I", "GET", `${URL}/me`],
  ["Acme shop/Health", "GET", `${URL}/health`],
];

/** An import from its reading to its end. */
export class FakeImport {
  /** How many times the collection was written. */
  written = 0;
  /** Requests that were read so far. */
  requests = 0;
  /** How long a reading takes, in milliseconds. */
  delayMs = 0;
  #reading = false;
  #choices: Record<string, SessionChoice | undefined> = {};

  constructor(
    readonly clock: FakeClock,
    readonly endpoint: string,
  ) {}

  async read(text: string): Promise<ImportPreview> {
    if (!text.includes("openapi")) throw failure("import.invalid", { format: "a file", detail: "it is none of OpenAPI 3, Swagger 2, Postman 2.1, Insomnia 4 and 5, Bruno and HAR 1.2" });
    this.#reading = true;
    this.#choices = {};
    for (let part = 0; part < 5; part += 1) {
      this.requests = part;
      await new Promise<void>((resolve) => this.clock.after(this.delayMs / 5, resolve));
      if (!this.#reading) throw failure("request.stopped");
    }
    return this.preview();
  }

  stop(): void {
    this.#reading = false;
  }

  plan(choices: Record<string, SessionChoice | undefined>): ImportPreview {
    this.#choices = choices;
    return this.preview();
  }

  write(): SavedRequest[] {
    this.written += 1;
    return REQUESTS.map(([id, method, url]) => ({ id, name: id.split("/").at(-1) ?? id, method, url, headers: [], body: null, session: null, follow_redirects: true, time_limit_ms: null, revision: null }));
  }

  preview(): ImportPreview {
    const again = this.written > 0;
    const session = (name: string, known: string | null): PlannedSession => ({ name, endpoint: "https://login.acme.test/token", scope: "orders:read", known_endpoint: known, choice: this.#choices[name] ?? (known ? "keep" : "add") });
    return {
      format: "OpenAPI 3.1", name: "Acme shop", folder: "Acme shop", again,
      requests: REQUESTS.map(([id, method, url], index) => ({ id, method, url, state: again ? (index === 0 ? "yours" : index === 1 ? "updated" : "same") : "new" })),
      total: REQUESTS.length, new: again ? 0 : REQUESTS.length, updated: again ? 1 : 0, yours: again ? 1 : 0, gone: 0,
      sessions: [session("demo", this.endpoint), session("acme-shop", null)],
      variables: again ? [] : ["order"], secrets: ["acme_shop_api_key"], environments: ["staging"],
      left_out: [
        { at: "orders / List orders", what: "test script", why: "script", script: 'pm.test("status is 200", () => {\n  pm.response.to.have.status(200);\n});' },
        { at: "orders / Create an order", what: "header X-Api-Key", why: "secret", script: null },
        { at: "", what: "x-allowed-origins", why: "trust_is_yours", script: null },
        { at: "customers / Who am I", what: "$ref https://elsewhere.test/schema.json", why: "remote_reference", script: null },
      ],
      left_out_total: 4,
    };
  }
}
