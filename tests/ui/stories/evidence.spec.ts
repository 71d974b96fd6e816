// Taking evidence: the second opinion, the request as code, and files with and without secrets.
import type { Page } from "@playwright/test";
import { expect, test } from "./window";

async function answered(page: Page): Promise<void> {
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("response-status")).toHaveText("200 OK");
}

test("a second opinion tells the client from the server, with the token and without", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  await answered(page);
  await page.keyboard.press("Control+Shift+U");
  const dialog = page.getByRole("dialog", { name: "Second opinion on R1" });
  await dialog.getByRole("button", { name: "Ask with the token of demo" }).press("Enter");
  await expect(dialog.getByTestId("conclusion")).toContainText("Both clients got the same answer");
  await expect(dialog.getByTestId("differences")).toContainText("No difference that means anything");
  await dialog.getByRole("button", { name: "Ask without a token" }).press("Enter");
  await expect(dialog.getByTestId("conclusion")).toContainText("The server answers differently without the token");
  await expect(dialog.getByTestId("differences")).toContainText("3 differences, the heaviest first");
  await dialog.getByRole("button", { name: "Headers 2" }).click();
  await expect(dialog).toContainText("www-authenticate: Bearer");
  await page.keyboard.press("Escape");
  await page.getByTestId("timeline-log").click();
  await expect(page.locator("#timeline-pane")).toContainText("Another client asks the same as R1, without a token");
});

test("an attempt in the inspector can be asked about", async ({ window: { page, open, signIn } }) => {
  await open("view=lanes");
  await signIn();
  await answered(page);
  await page.keyboard.press("Control+j");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Second opinion on this attempt" }).press("Enter");
  await expect(page.getByRole("dialog", { name: "Second opinion on R1, attempt 1" })).toBeVisible();
});

test("the request as code has no token in it, and says where it goes", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  await page.keyboard.press("Control+Shift+C");
  const dialog = page.getByRole("dialog", { name: "This request as code" });
  await expect(dialog.getByTestId("code")).toContainText("TOKEN: the token of the session demo");
  await dialog.getByTestId("code-curl").focus();
  await page.keyboard.press("ArrowRight");
  await expect(dialog.getByTestId("code")).toContainText("await fetch(");
  await dialog.getByRole("button", { name: "Copy" }).click();
  await expect(dialog).toContainText("Copied.");
});

test("secrets go into a file only where that is typed out", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  await answered(page);
  await page.getByRole("button", { name: "More about this request" }).press("Enter");
  await page.getByRole("menuitemradio", { name: /Export/ }).press("Enter");
  const dialog = page.getByRole("dialog", { name: "Export" });
  const secrets = dialog.getByRole("region", { name: "With secrets" });
  await expect(secrets.getByRole("button", { name: "HAR" })).toBeDisabled();
  await dialog.getByTestId("type-secrets").fill("with secret");
  await expect(secrets.getByRole("button", { name: "HAR" })).toBeDisabled();
  await dialog.getByTestId("type-secrets").fill("with secrets");
  await secrets.getByRole("button", { name: "HAR" }).click();
  await expect(secrets).toContainText("Saved to /home/ada/sandglass-evidence-WITH-SECRETS.har.");
});

test("other tools may have a token only once that is allowed", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  const row = page.getByTestId("other-tools");
  await expect(row).toContainText("No other tool may have it.");
  await row.getByRole("button", { name: "Allow…" }).press("Enter");
  await expect(row).toContainText("sandglass token --session demo --header");
  await row.getByRole("button", { name: "Forbid" }).press("Enter");
  await expect(row).toContainText("No other tool may have it.");
});
