// Two answers beside each other: the same request as two sessions, and two runs of it on one axis of time.
import { type Opened, expect, test } from "./window";

/** Signs in and sends the request so often. */
async function sent({ page, open, signIn }: Opened, times: number): Promise<void> {
  await open();
  await signIn();
  for (let number = 1; number <= times; number += 1) {
    await page.keyboard.press("Control+Enter");
    await expect(page.locator(".response .name")).toHaveText(`R${number}`);
    await expect(page.getByTestId("response-status")).toHaveText("200 OK");
  }
}

test("by keyboard alone: an answer is compared with the one before, differences are named, and Escape leads back", async ({ window }) => {
  const { page } = window;
  await sent(window, 1);
  await page.getByTestId("expire-now").press("Enter");
  await page.keyboard.press("Control+Enter");
  await expect(page.locator(".response .name")).toHaveText("R2");
  await expect(page.getByTestId("attempts")).toHaveText("attempt 2 of 2");
  await page.keyboard.press("Control+Shift+D");
  const dialog = page.getByRole("dialog", { name: "Compare" });
  await expect(dialog.getByTestId("compare-summary")).toHaveText("They differ in token, attempts and time.");
  await expect(dialog.locator("[data-fact=answer]")).toContainText("200 OK");
  await expect(dialog.locator("[data-fact=attempts]")).toContainText("differs");
  await expect(dialog.getByTestId("compare-times")).toContainText(/R2 attempt 1, 401: \d+ ms; waited for F1: \d+ ms; attempt 2, 200: \d+ ms/);
  await expect(dialog.getByTestId("compare-body")).toContainText("Bodies are the same");
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
});

test("two sends are chosen and swapped, and the key of the timeline begins with the one that is looked at", async ({ window }) => {
  const { page } = window;
  await sent(window, 3);
  await page.getByTestId("timeline-story").click();
  await page.locator("li[data-row] .head", { hasText: "R2" }).first().click();
  await page.keyboard.press("c");
  const dialog = page.getByRole("dialog", { name: "Compare" });
  const chosen = (side: string) => dialog.getByTestId(`compare-${side}`).locator("option:checked");
  await expect(chosen("left")).toContainText("R1 GET orders, demo, 200");
  await expect(chosen("right")).toContainText("R2 GET orders");
  await dialog.getByTestId("compare-left").selectOption({ index: 1 });
  await expect(chosen("left")).toContainText("R3");
  await dialog.getByRole("button", { name: "Swap the two" }).click();
  await expect(chosen("left")).toContainText("R2");
  await expect(chosen("right")).toContainText("R3");
});

test("the same request is sent once as each of two sessions", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  await page.keyboard.press("Control+Shift+D");
  const dialog = page.getByRole("dialog", { name: "Compare" });
  await expect(dialog).toContainText("Choose two sends, or send the request that is written once as each of two sessions.");
  await dialog.getByRole("button", { name: "Send both" }).press("Enter");
  await expect(dialog.getByRole("alert"), "who is not signed in is told, and the other one is sent").toContainText("demo-oauth: ");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+2");
  await page.getByRole("button", { name: "Sign in to demo-oauth" }).first().press("Enter");
  await expect(page.getByTestId("session-demo-oauth")).toContainText("G1");
  await page.keyboard.press("Control+Shift+D");
  await dialog.getByRole("button", { name: "Send both" }).press("Enter");
  await expect(dialog.getByTestId("compare-facts").locator("[data-fact=session]")).toContainText("demo-oauth");
  await expect(dialog.locator("[data-fact=answer]")).toContainText("200 OK");
  await expect(dialog.getByTestId("compare-summary")).toHaveText("They differ in session and token.");
});

test("nothing overflows in a narrow window", async ({ window }) => {
  const { page } = window;
  await sent(window, 2);
  await page.setViewportSize({ width: 420, height: 720 });
  await page.keyboard.press("Control+Shift+D");
  const dialog = page.getByRole("dialog", { name: "Compare" });
  await expect(dialog.getByTestId("compare-summary")).toBeVisible();
  expect(await dialog.evaluate((node) => node.scrollWidth - node.clientWidth)).toBeLessThanOrEqual(0);
});
