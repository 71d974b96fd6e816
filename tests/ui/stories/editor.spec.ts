// The session editor: from nothing to a living session, by keyboard alone and by pointer; and a change that is asked about.
import { expect, tabTo, test } from "./window";

/** Answers for the dialog of the system, which a page cannot see. */
const answer = (page: import("@playwright/test").Page, allows: boolean) =>
  page.evaluate((how) => void ((window as unknown as { play: { files: { allows: boolean } } }).play.files.allows = how), allows);
const asked = (page: import("@playwright/test").Page) =>
  page.evaluate(() => (window as unknown as { play: { files: { asked: { session: string; origins: string[] }[] } } }).play.files.asked);

test("a JSON session is made, tried and used by keyboard alone", async ({ window: { page, open } }) => {
  await open("folder");
  const type = async (text: string) => {
    await page.keyboard.press("Control+a");
    await page.keyboard.type(text);
  };
  await tabTo(page, "[aria-label='New session']");
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Name")).toBeFocused();
  await page.keyboard.type("viewer");
  await page.keyboard.press("Tab");
  await page.keyboard.type("ASP");
  await tabTo(page, "[placeholder='https://api.example.com']");
  await type("http://127.0.0.1:40117");
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Address that signs in")).toHaveValue("http://127.0.0.1:40117/login");
  await tabTo(page, "[aria-label='Address that refreshes']");
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("Origin 1")).toHaveValue("http://127.0.0.1:40117");
  await tabTo(page, "[aria-label='Origin 1']");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("editor-try")).toHaveAttribute("aria-selected", "true");
  await tabTo(page, ".modal .primary");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Done" })).toBeVisible();
  expect(await asked(page)).toEqual([{ session: "viewer", origins: ["http://127.0.0.1:40117"] }]);

  await tabTo(page, ".modal .acts .primary");
  await page.keyboard.press("Enter");
  await expect(page.getByLabel("User")).toBeFocused();
  await page.keyboard.type("ada");
  await page.keyboard.press("Tab");
  await page.keyboard.type("hourglass");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("trial")).toContainText("Signed in to viewer");
  await tabTo(page, ".modal .acts .button:last-child");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("trial")).toContainText(/F\d+ ended/);
  expect(await page.locator("body").innerText()).not.toContain("hourglass");
  await expect(page.locator("[value*=hourglass]")).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("session-viewer")).toContainText("G2");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("response-status")).toHaveText("200 OK");
});

test("what the user does not allow is not written", async ({ window: { page, open } }) => {
  await open("folder");
  await answer(page, false);
  await page.getByRole("button", { name: "Edit demo" }).click();
  await page.getByTestId("editor-bind").click();
  await page.getByRole("button", { name: "Add an origin" }).click();
  await page.getByRole("textbox", { name: "Origin 2" }).fill("https://evil.test");
  await page.getByTestId("editor-try").click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("You did not allow these addresses");
  await answer(page, true);
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("button", { name: "Done" })).toBeVisible();
  expect((await asked(page)).length).toBe(2);
});

test("a scope that is missing for a refresh token is added by one press", async ({ window: { page, open } }) => {
  await open("folder");
  await page.getByRole("button", { name: "New session" }).click();
  await page.getByLabel("Provider").selectOption("Okta");
  await page.getByLabel("Domain").fill("acme.okta.com");
  await expect(page.getByLabel("Token endpoint")).toHaveValue("https://acme.okta.com/oauth2/default/v1/token");
  await page.getByTestId("editor-sign-in").click();
  await page.getByLabel("Scopes").fill("openid");
  await page.getByRole("button", { name: "Add offline_access" }).click();
  await expect(page.getByLabel("Scopes")).toHaveValue("openid offline_access");
  await expect(page.getByRole("button", { name: "Add offline_access" })).toBeHidden();
});

test("a mistake is named and nothing is lost", async ({ window: { page, open } }) => {
  await open("folder");
  await page.getByRole("button", { name: "New session" }).click();
  await page.getByLabel("Name").fill("demo");
  await page.getByText("Endpoints by hand").click();
  await page.getByLabel("Token endpoint").fill("nonsense");
  await page.getByTestId("editor-try").click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("nonsense");
  await page.getByTestId("editor-find").click();
  await expect(page.getByLabel("Token endpoint")).toHaveValue("nonsense");
  await page.getByLabel("Token endpoint").fill("https://id.test/token");
  await page.getByTestId("editor-try").click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("alert")).toContainText("There is one of that name already");
});

test("in the demo, a session goes to a folder of the user's choice", async ({ window: { page, open } }) => {
  await open();
  await page.getByRole("button", { name: "Use my own API" }).first().click();
  await page.getByLabel("Name").fill("mine");
  await page.getByText("Endpoints by hand").click();
  await page.getByLabel("Token endpoint").fill("https://id.test/token");
  await page.getByTestId("editor-try").click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await expect(page.getByRole("dialog").getByRole("status")).toContainText("Saved in /home/ada/my-api");
});

test("a session is deleted only when that is said twice", async ({ window: { page, open } }) => {
  await open("folder");
  await page.keyboard.press("Control+2");
  await page.getByRole("button", { name: "Edit demo-oauth" }).click();
  await page.getByRole("button", { name: "Delete…" }).click();
  await page.getByRole("button", { name: "Keep it" }).click();
  await page.getByRole("button", { name: "Delete…" }).click();
  await page.getByRole("button", { name: "Delete demo-oauth" }).click();
  await expect(page.getByTestId("session-demo-oauth")).toBeHidden();
  await expect(page.getByTestId("session-demo")).toBeVisible();
});

test("a JSON session without a request that signs in takes a refresh token", async ({ window: { page, open } }) => {
  await open("folder");
  await page.getByRole("button", { name: "New session" }).click();
  await page.getByLabel("Name").fill("robot");
  await page.getByLabel("It speaks").selectOption("json");
  await page.getByTestId("editor-sign-in").click();
  await page.getByLabel("Address that refreshes").fill("http://127.0.0.1:40117/auth/refresh");
  await page.getByLabel("Body that refreshes").fill('{"refreshToken": "{{refresh_token}}"}');
  await page.getByTestId("editor-bind").click();
  await page.getByLabel("Origin 1").fill("http://127.0.0.1:40117");
  await page.getByTestId("editor-try").click();
  await page.getByRole("button", { name: "Save", exact: true }).click();
  await page.getByRole("button", { name: "Test sign-in" }).click();
  const dialog = page.getByRole("dialog", { name: "Sign in to robot" });
  await expect(dialog.getByLabel("Refresh token")).toBeVisible();
  await expect(dialog.getByLabel("Password")).toBeHidden();
});
