// Bringing work along: pasted, dropped or chosen, looked at before anything is written, and stopped where it stands.
import type { Page } from "@playwright/test";
import { expect, test } from "./window";

const SPEC = "openapi: 3.1.0\ninfo:\n  title: Acme shop\n";

/** What the played import can be told, and asked. */
interface Play {
  imports: { delayMs: number; written: number };
  drop: () => void;
}

const play = (page: Page, act: (play: Play) => unknown) => page.evaluate(`(${act.toString()})(window.play)`);

async function paste(page: Page, text: string): Promise<void> {
  await page.getByTestId("url").focus();
  await page.evaluate((pasted) => {
    const data = new DataTransfer();
    data.setData("text/plain", pasted);
    document.activeElement?.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);
}

test("a collection pasted into the address is looked at first, and then written", async ({ window: { page, open } }) => {
  await open("folder");
  await paste(page, SPEC);
  const dialog = page.getByRole("dialog", { name: "Import Acme shop" });
  await expect(dialog.getByTestId("import-sum")).toContainText("OpenAPI 3.1, 5 requests into the folder Acme shop");
  await expect(dialog.getByTestId("planned")).toContainText("Cancel an order");
  await expect(dialog.getByTestId("import-left-out")).toContainText("x-allowed-origins: where a token may go and what is trusted is yours to say");
  await dialog.getByText("Read the script").click();
  await expect(dialog.getByTestId("import-left-out")).toContainText("pm.response.to.have.status(200)");
  expect(await play(page, (it) => it.imports.written)).toBe(0);
  await dialog.getByRole("button", { name: "Import", exact: true }).click();
  await expect(dialog.getByTestId("import-done")).toContainText("5 new requests");
  await dialog.getByRole("button", { name: "Done" }).click();
  await expect(page.locator("nav")).toContainText("Cancel an order");
});

test("a session whose endpoint is not the known one's shows both, and the user decides", async ({ window: { page, open } }) => {
  await open("folder");
  await paste(page, SPEC);
  const sessions = page.getByTestId("planned-sessions");
  await expect(sessions).toContainText("https://login.acme.test/token");
  await expect(sessions).toContainText("/auth/refresh");
  const own = sessions.getByRole("group", { name: /^demo/ });
  await expect(own.getByRole("radio", { name: "Use mine" })).toBeChecked();
  await own.getByRole("radio", { name: "Leave it away" }).press("Space");
  await expect(own.getByRole("radio", { name: "Leave it away" })).toBeChecked();
});

test("an import that is imported once more says what changes and what stays", async ({ window: { page, open } }) => {
  await open("folder");
  for (const name of ["Import", "Bring up to date"]) {
    await paste(page, SPEC);
    const dialog = page.getByRole("dialog");
    if (name !== "Import") await expect(dialog.getByTestId("import-sum")).toContainText("0 new, 1 updated, 1 kept as you have them");
    await dialog.getByRole("button", { name, exact: true }).click();
    await dialog.getByRole("button", { name: "Done" }).click();
  }
});

test("a long reading shows how far it is, and Stop ends it", async ({ window: { page, open } }) => {
  await open("folder");
  await play(page, (it) => (it.imports.delayMs = 20_000));
  await page.keyboard.press("Control+o");
  const dialog = page.getByRole("dialog", { name: "Import" });
  await dialog.getByRole("button", { name: "Choose a file…" }).press("Enter");
  await expect(dialog).toContainText("Reading…");
  await play(page, (it) => (it.imports.delayMs = 0));
  await dialog.getByRole("button", { name: "Stop" }).press("Enter");
  await expect(dialog.getByRole("button", { name: "Choose a file…" })).toBeVisible({ timeout: 10_000 });
  await expect(dialog.getByTestId("import-failure")).toHaveCount(0);
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  expect(await play(page, (it) => it.imports.written)).toBe(0);
});

test("what is dropped on the window is looked at as well", async ({ window: { page, open } }) => {
  await open("folder");
  await play(page, (it) => it.drop());
  await expect(page.getByRole("dialog", { name: "Import Acme shop" })).toBeVisible();
  await page.getByRole("button", { name: "Cancel" }).click();
  await expect(page.getByRole("dialog")).toHaveCount(0);
});

test("a text that is nothing of the kind says what can be read", async ({ window: { page, open } }) => {
  await open("folder");
  await page.keyboard.press("Control+o");
  await page.getByRole("textbox", { name: "Or paste it" }).fill("hello");
  await page.getByRole("button", { name: "Read it" }).click();
  await expect(page.getByTestId("import-failure")).toContainText("none of OpenAPI 3, Swagger 2, Postman 2.1");
});
