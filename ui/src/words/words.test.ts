// The catalogue: a message for every code, a sentence for every event.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { storm, toured } from "../lib/samples";
import type { Code } from "../wire/Code";
import { ACTORS, eventInWords, eventReason, eventValues } from "./events";
import { messageOf } from "./failures";
import { ruleInWords } from "./rules";
import WORDS from "./verdicts.json";
import { findingBody, findingTitle } from "./verdicts";
import { plain } from "../lib/parts";

const codes = [...readFileSync(new URL("../wire/Code.ts", import.meta.url), "utf8").matchAll(/"([a-z_]+\.[a-z_]+)"/g)].map((found) => found[1] as Code);

test("there are codes", () => expect(codes.length).toBeGreaterThan(30));

test.each(codes)("%s says what, why and reads well without its values", (code) => {
  const message = messageOf({ code, params: {} });
  expect(message.title).toMatch(/^\S.*[^.!]$/);
  expect(message.why).toMatch(/^[A-Z“].*\.$/s);
  expect(`${message.title} ${message.why}`).not.toMatch(/undefined|null|\(\)|\s\s|!/);
});

test("values stand in the message", () => {
  expect(messageOf({ code: "origin.blocked", params: { origin: "https://evil.test", session: "demo", allowed: "https://api.test" } }).why).toContain("https://evil.test is not on the list of session demo, which allows only https://api.test.");
});

test("every event of a tour and a storm has a sentence, and no value is lost for words", async () => {
  for (const moment of [...(await toured()).chronicle().moments, ...(await storm(3)).chronicle().moments]) {
    const words = `${eventInWords(moment)} ${eventReason(moment)} ${eventValues(moment).flat().join(" ")} ${ACTORS[moment.actor]}`;
    expect(words).not.toMatch(/undefined|null|NaN|\[object/);
  }
});

test("every rule that the engine names has a sentence", () => {
  for (const rule of ["answer.token_refused", "lease.newer_generation", "flight.join", "retry.spent", "cooldown.wait", "session.no_refresh_token", "reply.dead", "reply.busy"]) {
    expect(ruleInWords(rule)).not.toContain(rule);
  }
});

test.each(Object.keys(WORDS.rules))("the verdict %s reads well without its optional values, and names no value that it lacks", (rule_id) => {
  const { title, body } = WORDS.rules[rule_id as keyof typeof WORDS.rules];
  const needed = [...`${title} ${body.replace(/\[[^\]]*\]/g, "")}`.matchAll(/\{(\w+)\}/g)].map(([, name]) => [name, name?.endsWith("_ms") ? "1200" : "thing"]);
  const finding = { rule_id, certainty: "certain" as const, params: Object.fromEntries(needed) as Record<string, string>, links: {}, evidence: [], next: [] };
  expect(plain(findingTitle(finding))).toMatch(/^\S.*\.$/);
  expect(`${plain(findingTitle(finding))} ${plain(findingBody(finding))}`).not.toMatch(/undefined|[{}[\]]|\s\s|!|NaN/);
});
