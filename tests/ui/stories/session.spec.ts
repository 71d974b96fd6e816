// Sessions: signing in with what is typed, a refusal, signing out, and a keychain in trouble.
import { expect, test } from "./window";

test("a refused sign-in says so, and what was typed is not kept", async ({ window: { page, open } }) => {
  await open("folder");
  await page.getByRole("button", { name: "Sign in to demo", exact: true }).first().click();
  const dialog = page.getByRole("dialog", { name: "Sign in to demo" });
  await dialog.getByLabel("User").fill("ada");
  await dialog.getByLabel("Password").fill("wrong-horse");
  await page.keyboard.press("Enter");
  await expect(dialog.getByRole("alert")).toContainText("The server did not accept this sign-in");
  await expect(dialog.getByLabel("Password")).toHaveValue("");
  expect(await page.content()).not.toContain("wrong-horse");
  await dialog.getByLabel("Password").fill("hourglass");
  await page.keyboard.press("Enter");
  await expect(dialog).toBeHidden();
  await expect(page.getByTestId("session-demo")).toContainText("G1");
});

test("a public OAuth client is asked for its refresh token, and for no secret", async ({ window: { page, open } }) => {
  await open("folder");
  await page.keyboard.press("Control+2");
  await page.getByRole("button", { name: "Sign in to demo-oauth", exact: true }).first().click();
  const dialog = page.getByRole("dialog");
  await expect(dialog.getByLabel("Refresh token")).toHaveAttribute("type", "password");
  await expect(dialog.getByLabel("Client secret")).toBeHidden();
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
});

test("a code for another device is large, and the sign-in can be stopped", async ({ window: { page, open, direct } }) => {
  await open("folder&grant=device_code");
  await page.keyboard.press("Control+2");
  await page.getByRole("button", { name: "Sign in to demo-oauth", exact: true }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByRole("button", { name: "Get a code" }).press("Enter");
  await expect(dialog.getByRole("status", { name: "Code" })).toHaveText("WDJB-MJHT");
  await expect(dialog).toContainText("https://id.test/device");
  await page.keyboard.press("Escape");
  await expect(dialog).toBeHidden();
  await direct({ saysYesMs: 1_000 });
  await page.getByRole("button", { name: "Sign in to demo-oauth", exact: true }).first().click();
  await dialog.getByRole("button", { name: "Get a code" }).press("Enter");
  await expect(dialog).toBeHidden();
  await expect(page.getByTestId("session-demo-oauth")).toContainText("G1");
});

test("the legacy grant says why it is one", async ({ window: { page, open } }) => {
  await open("folder&grant=password");
  await page.keyboard.press("Control+2");
  await page.getByRole("button", { name: "Sign in to demo-oauth", exact: true }).first().click();
  await expect(page.getByRole("dialog")).toContainText("with this grant Sandglass sees the password");
});

test("signing out asks first", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("button", { name: "Stay signed in" }).click();
  await expect(page.getByTestId("session-demo")).toContainText("G1");
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Sign out" }).click();
  await expect(page.getByTestId("session-demo")).toHaveText("Signed out");
});

for (const [state, title] of [["locked", "Your system keychain is locked"], ["absent", "No system keychain answered"], ["slow", "Waiting for your keychain"]] as const) {
  test(`a keychain that is ${state} is said in words, and memory is a choice`, async ({ window: { page, open, signIn } }) => {
    await open(`keychain=${state}`);
    const banner = page.getByTestId("keychain-banner");
    await expect(banner).toContainText(title);
    await banner.getByRole("button", { name: "Keep in memory only" }).click();
    await expect(banner).toBeHidden();
    await expect(page.getByText("Tokens in memory only")).toBeVisible();
    await signIn();
    await expect(page.getByRole("complementary")).toContainText("Kept in memory only");
  });
}

test("a keychain that was unlocked is asked again", async ({ window: { page, open, direct } }) => {
  await open("keychain=locked");
  await direct({ keychain: "open" });
  await page.getByTestId("keychain-banner").getByRole("button", { name: "Try again" }).click();
  await expect(page.getByTestId("keychain-banner")).toBeHidden();
});

test("what was found at the start can be put away", async ({ window: { page, open } }) => {
  await open("notice=database.corrupt&notice=settings.corrupt");
  await expect(page.getByTestId("notice")).toHaveCount(2);
  await page.getByRole("button", { name: "Dismiss: The timeline's file could not be read" }).click();
  await expect(page.getByTestId("notice")).toHaveCount(1);
});

test("a workspace without sessions shows the one next step", async ({ window: { page, open } }) => {
  await open("bare");
  await page.getByRole("button", { name: "Make one" }).click();
  await expect(page.getByRole("dialog", { name: "New session" })).toContainText("1 Find");
});

test("the session follows the environment: signed in here, and not there", async ({ window: { page, open } }) => {
  await open("folder");
  await page.getByRole("button", { name: "Sign in to demo", exact: true }).first().click();
  await page.getByLabel("User").fill("ada");
  await page.getByLabel("Password").fill("hourglass");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("session-demo")).toContainText("G1");
  await page.getByRole("button", { name: "Environment: No environment" }).focus();
  await page.keyboard.press("Enter");
  await page.keyboard.press("s");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("button", { name: "Environment: staging" })).toBeVisible();
  await expect(page.getByTestId("session-demo")).toHaveText("Signed out");
  await expect(page.getByRole("complementary")).toContainText("No token yet");
  await page.getByRole("button", { name: "Environment: staging" }).click();
  await page.getByRole("menuitemradio", { name: "No environment" }).click();
  await expect(page.getByTestId("session-demo")).toContainText("G1");
});

test("two sessions of one API stand side by side, each with tokens of its own", async ({ window: { page, open } }) => {
  await open("folder");
  for (const name of ["demo", "demo-oauth"]) {
    await page.getByTestId(`session-${name}`).click();
    await page.getByRole("button", { name: `Sign in to ${name}`, exact: true }).first().click();
    const dialog = page.getByRole("dialog");
    if (name === "demo") await dialog.getByLabel("User").fill("ada");
    await dialog.getByLabel(name === "demo" ? "Password" : "Refresh token").fill("hourglass");
    await page.keyboard.press("Enter");
    await expect(page.getByTestId(`session-${name}`)).toContainText("G1");
  }
  await page.keyboard.press("Control+Shift+R");
  await expect(page.getByTestId("session-demo-oauth")).toContainText("G2");
  await expect(page.getByTestId("session-demo")).not.toContainText("G2");
  for (const key of ["Control+1", "Control+2"]) {
    await page.keyboard.press(key);
    await page.keyboard.press("Control+Enter");
    await expect(page.getByTestId("response-status")).toHaveText("200 OK");
  }
});

test("the server itself is asked what a token is worth, and signing out there too is a choice", async ({ window: { page, open } }) => {
  await open("folder&grant=client_credentials");
  await page.keyboard.press("Control+2");
  await page.evaluate(() => (window as unknown as { play: { engine: { signIn(name: string, good: boolean): Promise<void> } } }).play.engine.signIn("demo-oauth", true));
  await page.getByRole("button", { name: "Ask what it is worth" }).press("Enter");
  await expect(page.getByLabel("Ask the server")).toContainText("id.test says that this token is active");
  await page.getByRole("button", { name: "Ask who the user is" }).press("Enter");
  await expect(page.getByLabel("Ask the server")).toContainText("ada@example.com");
  await page.getByRole("button", { name: "Sign out", exact: true }).press("Enter");
  await expect(page.getByRole("checkbox", { name: /Also sign out of/ })).not.toBeChecked();
});
