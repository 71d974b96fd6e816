// From an issuer to a living session: what it says of itself fills the rest, and the browser does the signing in.
import type { Page } from "@playwright/test";
import { expect, tabTo, test } from "./window";

interface Play {
  engine: { endVisit: (session: string, cameBack: boolean) => boolean };
}

/** The browser comes back by itself. */
const comeBack = (page: Page, session: string) => page.evaluate((name) => (window as unknown as { play: Play }).play.engine.endVisit(name, true), session);

/** A new session, as far as its issuer. */
async function begin(page: Page, issuer: string): Promise<void> {
  await page.getByRole("button", { name: "New session" }).click();
  await page.getByLabel("Name").fill("viewer");
  await page.getByLabel("Issuer").fill(issuer);
  await page.getByRole("button", { name: "Discover" }).click();
}

/** The rest of it, up to the open sign-in dialog. */
async function save(page: Page, ready: () => Promise<unknown> = async () => {}): Promise<void> {
  await page.getByTestId("editor-sign-in").click();
  await page.getByLabel("Client id").fill("desktop");
  await ready();
  await page.getByTestId("editor-bind").click();
  await page.getByLabel("Origin 1").fill("http://127.0.0.1:40117");
  await page.getByTestId("editor-try").click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("button", { name: "Test sign-in" }).click();
}

const dialog = (page: Page) => page.getByRole("dialog", { name: "Sign in to viewer" });

test("one issuer is enough: what it says of itself is shown and stands in for the fields", async ({ window: { page, open } }) => {
  await open("folder");
  await begin(page, "https://id.test");
  const found = page.getByTestId("discovered");
  await expect(found).toContainText("https://id.test/.well-known/openid-configuration");
  await expect(found).toContainText("PKCE with S256");
  await expect(found).toContainText("https://id.test/authorize");
  await page.getByText("Endpoints by hand").click();
  await expect(page.getByLabel("Token endpoint")).toHaveAttribute("placeholder", "https://id.test/token");
});

test("one issuer is enough: signed in through the browser, refreshed, used", async ({ window: { page, open } }) => {
  await open("folder");
  await begin(page, "https://id.test");
  await expect(page.getByTestId("discovered")).toBeVisible();
  await save(page);
  await dialog(page).getByRole("button", { name: "Open the browser" }).click();
  await expect(page.getByTestId("waiting")).toContainText("id.test");
  await expect(page.getByTestId("waiting")).toContainText(/Waiting for another [45]:\d\d/);
  expect(await comeBack(page, "viewer")).toBe(true);
  await expect(dialog(page)).toBeHidden();
  await expect(page.getByTestId("trial")).toContainText("The browser came back with a code");
  const steps = page.getByTestId("trial").locator("li");
  await steps.filter({ hasText: "The sign-in went to the server" }).locator("summary").click();
  await expect(steps.getByTestId("said").first()).toContainText("grant_type=authorization_code");
  await steps.filter({ hasText: "answered 200" }).locator("summary").press("Enter");
  await expect(steps.getByTestId("said").last()).toContainText('"access_token": "***"');
  await page.getByRole("button", { name: "Refresh once" }).click();
  await expect(page.getByTestId("trial")).toContainText(/F\d+ ended/);
  await page.getByRole("button", { name: "Done" }).click();
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("response-status")).toHaveText("200 OK");
});

for (const [how, leave] of [
  ["Cancel", (page: Page) => dialog(page).getByRole("button", { name: "Cancel" }).click()],
  ["Escape", (page: Page) => page.keyboard.press("Escape")],
  ["the cross", (page: Page) => dialog(page).getByRole("button", { name: "Close" }).click()],
] as const) {
  test(`${how} ends the sign-in that waits for the browser`, async ({ window: { page, open } }) => {
    await open("folder");
    await begin(page, "https://id.test");
    await save(page);
    await dialog(page).getByRole("button", { name: "Open the browser" }).click();
    await expect(page.getByTestId("waiting")).toBeVisible();
    await leave(page);
    await expect(dialog(page)).toBeHidden();
    await expect(page.getByTestId("trial")).toContainText("Sign-in to viewer failed");
    expect(await comeBack(page, "viewer")).toBe(false);
  });
}

test("a browser on another machine is brought back by hand, and a wrong address is not the answer", async ({ window: { page, open, direct } }) => {
  await open("folder");
  await direct({ browser: false });
  await begin(page, "https://id.test");
  await save(page);
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("waiting")).toContainText("No browser could be opened");
  await page.getByTestId("waiting").getByRole("button", { name: "Copy link" }).click();
  await expect(page.getByRole("button", { name: "Link copied" })).toBeVisible();
  await page.getByText("The browser is on another machine").click();
  const address = page.getByLabel("Address that the browser ended at");
  await address.fill("https://id.test/oops");
  await address.press("Enter");
  await expect(dialog(page).getByRole("alert")).toBeVisible();
  await expect(address).toHaveValue("");
  await address.fill("http://127.0.0.1:40999/callback?code=a-code-that-is-secret&state=s");
  await address.press("Enter");
  await expect(dialog(page)).toBeHidden();
  await expect(page.getByTestId("trial")).toContainText("Signed in to viewer");
  expect(await page.content()).not.toContain("a-code-that-is-secret");
});

test("an issuer that does not answer is left alone by one press, and nothing of it comes later", async ({ window: { page, open } }) => {
  await open("folder");
  await begin(page, "https://silent.test");
  await expect(page.getByText("Asking silent.test")).toBeVisible();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByText("Asking silent.test")).toBeHidden();
  await expect(page.getByRole("button", { name: "Discover" })).toBeEnabled();
});

test("where there is no metadata, the endpoints open to be filled by hand", async ({ window: { page, open } }) => {
  await open("folder");
  await begin(page, "https://nobody.test");
  await expect(page.getByText("This server does not say where its endpoints are")).toBeVisible();
  await page.getByLabel("Token endpoint").fill("https://nobody.test/token");
  await page.getByLabel("Authorization endpoint", { exact: true }).fill("https://nobody.test/authorize");
  await expect(page.getByText("Endpoints by hand: 2")).toBeVisible();
});

test("another name than was typed is said, and what leads elsewhere is marked", async ({ window: { page, open } }) => {
  await open("folder");
  await begin(page, "https://id.test/");
  await expect(page.getByText("This server says it is someone else")).toBeVisible();
  await page.getByLabel("Issuer").fill("https://id.elsewhere.test");
  await page.getByRole("button", { name: "Discover" }).click();
  await expect(page.getByTestId("discovered")).toContainText("on other hosts, and waits for your yes: tokens.other.test");
});

test("a grant and a client authentication that the server does not list say so", async ({ window: { page, open } }) => {
  await open("folder");
  await begin(page, "https://id.test");
  await expect(page.getByTestId("discovered")).toBeVisible();
  await page.getByTestId("editor-sign-in").click();
  await expect(page.locator("label", { hasText: "As itself" })).toContainText("this server does not list it");
  await expect(page.locator("label", { hasText: "In your browser" })).not.toContainText("does not list");
  await expect(page.getByLabel("The client proves itself")).toContainText("client_secret_post), not listed by the server");
  await page.getByText("Legacy", { exact: true }).click();
  await expect(page.getByText("RFC 9700 says must not for both")).toBeVisible();
});

test("a fixed port, an audience, a proxy and an exception are written as the file has them", async ({ window: { page, open } }) => {
  await open("folder");
  await begin(page, "https://id.test");
  await page.getByTestId("editor-sign-in").click();
  await page.getByLabel("Client id").fill("desktop");
  await page.getByLabel("Port that the browser comes back to").selectOption("at this port");
  await page.getByLabel("Port number").fill("8765");
  await expect(page.getByText("http://127.0.0.1:8765/callback")).toBeVisible();
  await page.getByLabel("Audience").fill("orders-api");
  await page.getByLabel("Bind tokens to a key").check();
  await page.getByTestId("editor-bind").click();
  await page.getByLabel("Origin 1").fill("http://127.0.0.1:40117");
  await page.getByText("Connection: as usual").click();
  await page.getByLabel("This one").check();
  await page.getByLabel("Address of the proxy").fill("http://127.0.0.1:8080");
  await page.getByRole("button", { name: "Add an exception" }).click();
  await page.getByLabel("Host of exception 1").fill("dev.local");
  await page.getByLabel("SHA-256 of exception 1").fill("ab".repeat(32));
  await page.getByTestId("editor-try").click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("button", { name: "Done" })).toBeVisible();
  const keys = await page.evaluate(() => (window as unknown as { play: { files: { read: (name: string) => { keys: unknown } } } }).play.files.read("viewer").keys);
  expect(keys).toEqual({
    kind: "oauth", origins: ["http://127.0.0.1:40117"], issuer: "https://id.test", client_id: "desktop", grant: "authorization_code", redirect_uri: "http://127.0.0.1:8765/callback",
    dpop: true, authorization_parameters: { audience: "orders-api" }, connection: { proxy: "http://127.0.0.1:8080", pins: [{ host: "dev.local", sha256: "ab".repeat(32) }] },
  });
});

test("a client's key comes from a file that the page never sees, by keyboard alone", async ({ window: { page, open } }) => {
  await open("folder");
  await begin(page, "https://id.test");
  await save(page, () => page.getByLabel("The client proves itself").selectOption("private_key_jwt"));
  await expect(dialog(page).getByLabel("Private key (PEM or JWK)")).toBeFocused();
  await tabTo(page, ".key .button");
  await page.keyboard.press("Enter");
  await expect(dialog(page)).toContainText("From client-key.pem");
  await tabTo(page, ".modal .primary:not([type=button])");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("waiting")).toBeVisible();
});
