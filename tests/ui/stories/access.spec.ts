// No screen has a fault that axe-core can find, in light, in dark and in high contrast.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Page } from "@playwright/test";
import { expect, test } from "./window";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

async function faults(page: Page): Promise<string[]> {
  // Transitions blend colours: what axe measures is what stands when they have ended. A spinner never does.
  await page.evaluate(async () => {
    const ending = document.getAnimations().filter((one) => Number.isFinite(Number(one.effect?.getComputedTiming().endTime)));
    await Promise.allSettled(ending.map((one) => one.finished));
  });
  await page.evaluate(AXE);
  return page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: (options: object) => Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> } };
    const { violations } = await axe.run({ runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] });
    return violations.flatMap((one) => one.nodes.map((node) => `${one.id}: ${node.html.slice(0, 160)} ${node.failureSummary}`));
  });
}

const pressSignIn = (page: Page) => page.getByRole("button", { name: "Sign in to demo", exact: true }).first().click();

async function discover(page: Page, issuer: string): Promise<void> {
  await page.getByRole("button", { name: "New session" }).click();
  await page.getByLabel("Name").fill("viewer");
  await page.getByLabel("Issuer").fill(issuer);
  await page.getByRole("button", { name: "Discover" }).click();
}

/** A new session whose user signs in through the browser, as far as its sign-in dialog. */
async function signInByBrowser(page: Page, auth: string): Promise<void> {
  await discover(page, "https://id.test");
  await page.getByTestId("editor-sign-in").click();
  await page.getByLabel("Client id").fill("desktop");
  await page.getByLabel("The client proves itself").selectOption(auth);
  await page.getByTestId("editor-try").click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("button", { name: "Test sign-in" }).click();
}

const SCREENS: [string, string, (page: Page) => Promise<unknown>][] = [
  ["the welcome", "", async () => {}],
  ["a story after the tour", "autorun=tour", async (page) => {
    await expect(page.getByTestId("tour")).toHaveAttribute("data-done", "true", { timeout: 20_000 });
    await page.getByTestId("timeline-story").click();
    await page.locator("[data-story-kind=request] .head").last().click();
  }],
  ["a verdict in full", "autorun=tour", async (page) => {
    await expect(page.getByTestId("tour")).toHaveAttribute("data-done", "true", { timeout: 20_000 });
    await page.getByTestId("response-why").click();
    await expect(page.getByTestId("why-pane")).toBeVisible();
  }],
  ["an event of the lanes", "view=lanes", async (page) => {
    await pressSignIn(page);
    await expect(page.getByTestId("session-demo")).toContainText("G1");
    await page.keyboard.press("Control+Enter");
    await expect(page.getByTestId("response-status")).toHaveText("200 OK");
    await page.keyboard.press("Control+j");
    await page.keyboard.press("ArrowLeft");
    await page.keyboard.press("Enter");
    await page.getByTestId("response-headers").click();
  }],
  ["the log, with a filter", "view=log", async (page) => {
    await pressSignIn(page);
    await expect(page.getByTestId("session-demo")).toContainText("G1");
    await page.getByTestId("filter").fill("is:sign-in");
    await expect(page.getByTestId("filter-chip")).toHaveCount(1);
  }],
  ["two answers compared", "", async (page) => {
    await pressSignIn(page);
    await expect(page.getByTestId("session-demo")).toContainText("G1");
    await page.keyboard.press("Control+Enter");
    await expect(page.getByTestId("response-status")).toHaveText("200 OK");
    await page.getByTestId("expire-now").click();
    await page.keyboard.press("Control+Enter");
    await expect(page.getByTestId("attempts")).toHaveText("attempt 2 of 2");
    await page.keyboard.press("Control+Shift+D");
    await expect(page.getByTestId("compare-body")).toBeVisible();
  }],
  ["two generations compared, and a saved filter", "view=log", async (page) => {
    await pressSignIn(page);
    await expect(page.getByTestId("session-demo")).toContainText("G1");
    await page.keyboard.press("Control+Shift+R");
    await expect(page.getByTestId("session-demo")).toContainText("G2");
    await page.keyboard.press("Control+Shift+L");
    await expect(page.getByTestId("between")).toContainText("scope admin");
    await page.getByTestId("filter").fill("is:sign-in");
    await page.getByTestId("saved-filters").click();
    await page.getByLabel("Name for").fill("Sign-ins");
    await page.keyboard.press("Enter");
  }],
  ["a filter with a wrong word, over the lanes", "view=lanes", async (page) => {
    await pressSignIn(page);
    await expect(page.getByTestId("session-demo")).toContainText("G1");
    await page.getByTestId("filter").fill("stauts:401");
    await expect(page.getByTestId("filter-help")).toBeVisible();
  }],
  ["a sign-in that was refused", "folder", async (page) => {
    await pressSignIn(page);
    await page.getByLabel("User").fill("ada");
    await page.getByLabel("Password").fill("x");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("alert")).toBeVisible();
  }],
  ["an error, headers, and a keychain in trouble", "keychain=locked&notice=database.corrupt", async (page) => {
    await page.getByRole("button", { name: "List orders" }).click();
    await page.getByTestId("url").fill("nonsense");
    await page.keyboard.press("Enter");
    await page.getByRole("button", { name: /^Headers/ }).click();
    await page.getByRole("button", { name: "Add a header" }).click();
  }],
  ["a session that was ended, and a body", "autorun=tour", async (page) => {
    await expect(page.getByTestId("tour")).toHaveAttribute("data-done", "true", { timeout: 20_000 });
    await page.getByTestId("steal").click();
    await expect(page.getByTestId("session-demo")).toHaveText("Sign in again");
    await page.getByRole("button", { name: "Create an order" }).click();
    await page.getByRole("button", { name: /^Body/ }).click();
  }],
  ["a query in rows, and an address that is filled", "", async (page) => {
    await page.getByTestId("url").fill("{{api}}/orders?limit={{size}}");
    await page.getByTestId("part-params").click();
    await expect(page.getByTestId("filled-address")).toContainText("Goes to");
  }],
  ["headers with a fault, as text", "", async (page) => {
    await page.getByTestId("part-headers").click();
    await page.getByTestId("headers-as-text").click();
    await page.getByRole("textbox", { name: "All headers, one a line" }).fill("Bad name: 1");
  }],
  ["a form of several parts", "", async (page) => {
    await page.getByTestId("part-body").click();
    await page.getByRole("radio", { name: "Multipart" }).check();
    await page.getByRole("button", { name: "Add a field" }).click();
    await page.getByRole("button", { name: "Add a file" }).click();
    await page.getByRole("button", { name: "File of this part: choose one" }).click();
  }],
  ["a question in GraphQL", "", async (page) => {
    await page.getByTestId("part-body").click();
    await page.getByRole("radio", { name: "GraphQL" }).check();
  }],
  ["the options of a request", "", async (page) => page.getByTestId("part-options").click()],
  ["several open requests, one of them not saved", "folder&many=30", async (page) => {
    await page.getByRole("button", { name: "New tab" }).click();
    await page.getByTestId("url").fill("https://api.test/orders");
    await page.getByTestId("save").click();
    await page.getByTestId("request-collection").fill("shop/orders");
    await page.keyboard.press("Enter");
    await page.getByTestId("url").fill("https://api.test/orders?page=2");
    await expect(page.getByTestId("unsaved")).toBeVisible();
  }],
  ["a request that is saved", "folder", async (page) => {
    await page.getByRole("button", { name: "New tab" }).click();
    await page.getByTestId("save").click();
    await expect(page.getByTestId("request-name")).toBeVisible();
  }],
  ["what was sent before", "", async (page) => {
    await pressSignIn(page);
    await expect(page.getByTestId("session-demo")).toContainText("G1");
    await page.keyboard.press("Control+Enter");
    await expect(page.getByTestId("response-status")).toHaveText("200 OK");
    await page.keyboard.press("Control+h");
    await expect(page.locator("#history-found [role=option]")).toHaveCount(1);
  }],
  ["an answer in bytes", "", async (page) => {
    await pressSignIn(page);
    await expect(page.getByTestId("session-demo")).toContainText("G1");
    await page.keyboard.press("Control+Enter");
    await page.getByTestId("body-as-hex").click();
    await expect(page.getByTestId("hex")).toContainText("00000000");
  }],
  ["where the time went", "", async (page) => {
    await pressSignIn(page);
    await expect(page.getByTestId("session-demo")).toContainText("G1");
    await page.keyboard.press("Control+Enter");
    await page.getByTestId("response-timing").click();
  }],
  ["the palette", "folder&many=200", async (page) => {
    await page.keyboard.press("Control+k");
    await page.getByTestId("palette").fill("re");
  }],
  ["the keys", "folder", async (page) => page.keyboard.press("F1")],
  ["the theme menu", "folder", async (page) => page.getByRole("button", { name: "Theme" }).click()],
  ["a new session, found by its provider", "bare", async (page) => {
    await page.getByRole("button", { name: "Make one" }).click();
    await page.getByLabel("Provider").selectOption("Okta");
    await expect(page.getByTestId("preset-facts")).toBeVisible();
  }],
  ["what an issuer says of itself, and what leads elsewhere", "folder", async (page) => {
    await discover(page, "https://id.elsewhere.test");
    await expect(page.getByTestId("discovered")).toBeVisible();
    await page.getByText("Endpoints by hand").click();
  }],
  ["an issuer that says nothing", "folder", async (page) => {
    await discover(page, "https://nobody.test");
    await expect(page.getByText("This server does not say where its endpoints are")).toBeVisible();
  }],
  ["every way to get tokens, with what the server does not list", "folder", async (page) => {
    await discover(page, "https://id.test");
    await expect(page.getByTestId("discovered")).toBeVisible();
    await page.getByTestId("editor-sign-in").click();
    await page.getByText("Legacy", { exact: true }).click();
    await page.getByLabel("Port that the browser comes back to").selectOption("at this port");
  }],
  ["a sign-in that sets cookies", "folder", async (page) => {
    await page.getByRole("button", { name: "New session" }).click();
    await page.getByLabel("It speaks").selectOption("cookie");
    await page.getByTestId("editor-sign-in").click();
  }],
  ["a connection that is not as usual", "folder", async (page) => {
    await page.getByRole("button", { name: "New session" }).click();
    await page.getByTestId("editor-bind").click();
    await page.getByText("Connection: as usual").click();
    await page.getByLabel("This one").check();
    await page.getByRole("button", { name: "Add an exception" }).click();
  }],
  ["a browser that is waited for", "folder", async (page) => {
    await signInByBrowser(page, "none");
    await page.getByRole("button", { name: "Open the browser" }).click();
    await page.getByText("The browser is on another machine").click();
    await page.getByLabel("Address that the browser ended at").fill("nonsense");
    await page.keyboard.press("Enter");
    await expect(page.getByRole("dialog").last().getByRole("alert")).toBeVisible();
  }],
  ["a code for another device", "folder&grant=device_code", async (page) => {
    await page.getByRole("button", { name: "Sign in", exact: true }).last().click();
    await page.getByRole("button", { name: "Get a code" }).click();
    await expect(page.getByRole("status", { name: "Code" })).toBeVisible();
  }],
  ["a client's key that is asked for", "folder", async (page) => {
    await signInByBrowser(page, "private_key_jwt");
    await page.getByRole("button", { name: "Choose a file…" }).click();
    await expect(page.getByText("From client-key.pem")).toBeVisible();
  }],
  ["the environments of a workspace", "folder", async (page) => page.getByRole("button", { name: "Environment: No environment" }).click()],
  ["how a session signs in, and what is missing", "folder", async (page) => {
    await page.getByRole("button", { name: "New session" }).click();
    await page.getByLabel("Provider").selectOption("Okta");
    await page.getByTestId("editor-sign-in").click();
    await page.getByLabel("Scopes").fill("openid");
    await expect(page.getByRole("button", { name: "Add offline_access" })).toBeVisible();
  }],
  ["where a session is bound to", "folder", async (page) => {
    await page.getByRole("button", { name: "Edit demo" }).click();
    await page.getByTestId("editor-bind").click();
    await page.getByRole("button", { name: "Add an origin" }).click();
  }],
  ["a session that is tried", "folder", async (page) => {
    await page.getByRole("button", { name: "Edit demo" }).click();
    await page.getByTestId("editor-try").click();
    await page.getByRole("button", { name: "Save", exact: true }).click();
    await page.getByRole("button", { name: "Test sign-in" }).click();
    await page.getByLabel("User").fill("ada");
    await page.getByLabel("Password").fill("hourglass");
    await page.keyboard.press("Enter");
    await expect(page.getByTestId("trial")).toContainText("Signed in to demo");
    await page.getByTestId("trial").locator("summary").first().click();
    await page.getByTestId("trial").locator("summary", { hasText: "answered 200" }).click();
    await expect(page.getByTestId("said")).toBeVisible();
  }],
  ["an import that is looked at", "folder", async (page) => {
    await page.keyboard.press("Control+o");
    await page.getByRole("button", { name: "Choose a file…" }).click();
    await expect(page.getByTestId("import-sum")).toBeVisible();
    await page.getByText("Read the script").click();
  }],
  ["an import that begins", "folder", async (page) => page.keyboard.press("Control+o")],
  ["a second opinion that differs", "", async (page) => {
    await pressSignIn(page);
    await expect(page.getByTestId("session-demo")).toContainText("G1");
    await page.keyboard.press("Control+Enter");
    await expect(page.getByTestId("response-status")).toHaveText("200 OK");
    await page.getByTestId("second-opinion").click();
    await page.getByRole("button", { name: "Ask without a token" }).click();
    await expect(page.getByTestId("conclusion")).toBeVisible();
  }],
  ["the request as code", "", async (page) => page.keyboard.press("Control+Shift+C")],
  ["an export", "", async (page) => {
    await pressSignIn(page);
    await expect(page.getByTestId("session-demo")).toContainText("G1");
    await page.keyboard.press("Control+Enter");
    await expect(page.getByTestId("response-status")).toHaveText("200 OK");
    await page.getByRole("button", { name: "More about this request" }).click();
    await page.getByRole("menuitemradio", { name: /Export/ }).click();
  }],
  ["a lineage of three", "", async (page) => {
    await pressSignIn(page);
    for (const generation of ["G1", "G2", "G3"]) {
      await expect(page.getByTestId("session-demo")).toContainText(generation);
      if (generation !== "G3") await page.getByTestId("refresh-now").click();
    }
    await page.keyboard.press("Control+Shift+L");
    await expect(page.getByTestId("lineage")).toContainText("G3");
  }],
  ["the fault lab with faults on", "", async (page) => {
    await pressSignIn(page);
    await page.keyboard.press("Control+Shift+F");
    await page.getByRole("button", { name: "Switch on: 401 always" }).click();
    await page.getByRole("button", { name: "Switch on: Server error" }).click();
    await expect(page.getByTestId("fault-strip")).toContainText("Server error");
  }],
  ["a pasted token with everything odd about it", "folder", async (page) => {
    await page.keyboard.press("Control+Shift+Y");
    await page.getByRole("textbox", { name: "Token", exact: true }).fill("eyJhbGciOiJub25lIn0.eyJleHAiOjE3OTU0MzE2NzQwMDAsIm5hbWUiOiI8aW1nIHNyYz14PiJ9.");
    await page.keyboard.press("Enter");
    await expect(page.getByTestId("inspected")).toContainText("milliseconds");
  }],
  ["a fault that asks for the session's name", "", async (page) => {
    await pressSignIn(page);
    await page.keyboard.press("Control+Shift+F");
    await page.getByRole("button", { name: "Switch on: Reuse old refresh token" }).click();
  }],
  ["an empty workspace and its next step", "bare", async (page) => page.getByRole("button", { name: "Make one" }).click()],
];

for (const theme of ["light", "dark", "high contrast"] as const) {
  for (const [name, stage, act] of SCREENS) {
    test(`${name}, ${theme}`, async ({ window: { page, open } }) => {
      if (theme === "high contrast") await page.emulateMedia({ forcedColors: "active", contrast: "more" });
      await open(theme === "high contrast" ? stage : `theme=${theme}&${stage}`);
      await act(page);
      expect(await faults(page)).toEqual([]);
    });
  }
}
