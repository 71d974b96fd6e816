// What is known of a server: learned from its refreshes, with the events that prove it, chosen and forgotten by keyboard.
import { expect, tabTo, test } from "./window";

test("each refresh teaches something, and its proof leads to the event", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  await page.getByTestId("inspector-server").click();
  await expect(page.getByTestId("server")).toContainText("Nothing yet. Each refresh teaches something.");
  await page.keyboard.press("Control+Shift+R");
  await expect(page.getByTestId("server")).toContainText("A new one comes with each refresh.");
  await expect(page.getByTestId("server")).toContainText("Seen 1 time");
  await page.keyboard.press("Control+Shift+R");
  await expect(page.getByTestId("server")).toContainText("Seen 2 times");
  await page.getByTestId("server").getByRole("button", { name: /^Event \d+$/ }).first().click();
  await expect(page.getByTestId("inspector-event")).toHaveAttribute("aria-selected", "true");
  await expect(page.locator("#inspector-panel")).toContainText("ReplyParsed");
});

test("what becomes of a lost answer is chosen, and what was learned forgotten, by keyboard alone", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  await page.keyboard.press("Control+Shift+R");
  await tabTo(page, "#inspector-tab-token");
  await page.keyboard.press("End");
  await expect(page.getByTestId("replay-words")).toHaveText("A lost answer is asked for once more, at once.");
  await tabTo(page, "[data-testid=replay-learned]");
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await expect(page.getByTestId("replay-words")).toContainText("Nothing is sent twice.");
  await tabTo(page, "[data-testid=forget-server]");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("server")).toContainText("Nothing yet.");
  await expect(page.getByTestId("replay-words")).toContainText("Nothing is sent twice.");
});
