// The fault lab, by keyboard and by pointer: what is on is in sight, strikes are told, and a risk is confirmed by name.
import { expect, tabTo, test } from "./window";

test("a fault is found, switched on and off by keyboard alone, and the strip stays while it is on", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  await expect(page.getByTestId("fault-strip")).toBeHidden();
  await page.keyboard.press("Control+Shift+F");
  await page.keyboard.type("refuse every");
  await expect(page.locator("[data-fault]")).toHaveCount(1);
  await tabTo(page, "[aria-label='Switch on: 401 always']");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("fault-strip")).toContainText("401 always (demo, until you switch it off)");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("response-status")).toContainText("401");
  await page.keyboard.press("Control+Shift+O");
  await expect(page.getByTestId("fault-strip")).toBeHidden();
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("response-status")).toHaveText("200 OK");
});

test("a strike is an event with its cause, and a fault that was asked for once is off then", async ({ window: { page, open, signIn, story } }) => {
  await open();
  await signIn();
  await page.getByTestId("inspector-faults").click();
  await page.getByRole("button", { name: "Switch on: Corrupt access token" }).click();
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("response-status")).toHaveText("200 OK");
  await expect(page.getByTestId("fault-strip")).toBeHidden();
  await page.getByTestId("timeline-story").click();
  await page.locator("[data-story-kind=request] .head").last().click();
  await expect.poll(async () => (await story()).join(" ")).toContain("On purpose: the token was corrupted on its way");
});

test("a number out of bounds cannot be switched on", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  await page.getByTestId("inspector-faults").click();
  const row = page.locator("[data-fault=server_error]");
  await row.getByRole("spinbutton").fill("200");
  await expect(row.getByRole("button")).toBeDisabled();
  await row.getByRole("spinbutton").fill("502");
  await row.getByRole("button").click();
  await expect(page.getByTestId("fault-strip")).toContainText("Server error (demo, 502, once)");
});

test("a fault that may end the session asks for its name", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  await page.getByTestId("inspector-faults").click();
  await page.getByRole("button", { name: "Switch on: Reuse old refresh token" }).click();
  const dialog = page.getByRole("dialog", { name: "Reuse an old refresh token?" });
  await expect(dialog).toContainText("will end every session from this sign-in");
  await expect(dialog.getByRole("button", { name: "Switch it on" })).toBeDisabled();
  await dialog.getByRole("textbox").fill("demo");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("fault-strip")).toContainText("Reuse old refresh token");
});

test("a burst on an expired token shares one refresh", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  await page.getByTestId("inspector-faults").click();
  await page.getByTestId("burst-size").fill("7");
  await page.getByTestId("run-burst").click();
  await expect(page.getByTestId("tally")).toHaveText("7 requests, 1 refresh, 6 joined, 0 lost");
});
