// "Why?" and "Why was I signed out?": the engine's verdicts, with what they rest on and what to do next.
import { expect, tabTo, test } from "./window";

test("the verdict stands in a tab of its own, and its evidence leads to the events", async ({ window: { page, open } }) => {
  await open("autorun=tour");
  await expect(page.getByTestId("tour")).toHaveAttribute("data-done", "true", { timeout: 20_000 });
  await expect(page.getByTestId("why")).toHaveAttribute("data-rule", "token.expired");
  await page.getByTestId("response-why").click();
  const pane = page.getByTestId("why-pane");
  await expect(pane).toContainText("Certain");
  await expect(pane).toContainText(/G1 had expired 0\.\d s before this was sent\./);
  await expect(pane).toContainText(/R2 got 401, F1 refreshed once/);
  await expect(page.getByTestId("why"), "the banner says nothing twice").toHaveCount(0);
  await pane.getByRole("button", { name: /was answered 401/ }).click();
  await expect(page.getByRole("tabpanel", { name: "Event" })).toContainText("401");
});

test("a verdict is saved as evidence in the form that its reader takes", async ({ window: { page, open } }) => {
  await open("autorun=tour");
  await expect(page.getByTestId("tour")).toHaveAttribute("data-done", "true", { timeout: 20_000 });
  await page.getByTestId("response-why").click();
  const share = page.getByRole("region", { name: "Save as evidence" });
  for (const [form, ending] of [["Markdown", "md"], ["HAR", "har"], ["JSON Lines", "jsonl"]]) {
    await share.getByRole("button", { name: form, exact: true }).click();
    await expect(share).toContainText(`Saved to /home/ada/sandglass-evidence.${ending}.`);
  }
});

test("by keyboard alone: to the tab, to the evidence, to the event", async ({ window: { page, open, direct, signIn } }) => {
  await open();
  await signIn();
  await direct({ refuseAlways: true });
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("why")).toContainText("Most likely: The API refused a fresh token too.");
  await page.getByTestId("response-body").focus();
  await page.keyboard.press("End");
  await expect(page.getByTestId("why-pane")).toContainText("Refreshing again would not help.");
  const next = page.getByRole("button", { name: "Look at the token" });
  await next.evaluate((button) => button.setAttribute("data-next", ""));
  await tabTo(page, "[data-next]", 12);
  await page.keyboard.press("Enter");
  await expect(page.getByRole("tab", { name: "Token" })).toHaveAttribute("aria-selected", "true");
});

test("what nobody can tell is said, with what would tell", async ({ window: { page, open, direct, signIn } }) => {
  await open();
  await signIn();
  await direct({ refuseAlways: true, refresh: "busy" });
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("why")).toContainText("Nobody can tell from here why this was refused.");
  await page.getByTestId("response-why").click();
  await expect(page.getByTestId("why-pane")).toContainText("Cannot be told");
  await expect(page.getByRole("region", { name: "What would tell" })).toContainText("a second try with a fresh token");
});

test("a session that was ended says why, and offers the way on", async ({ window: { page, open } }) => {
  await open("autorun=tour");
  await expect(page.getByTestId("tour")).toHaveAttribute("data-done", "true", { timeout: 20_000 });
  await page.getByTestId("steal").click();
  const why = page.getByTestId("why-signed-out");
  await expect(why).toContainText("The server saw a refresh token used twice.");
  await expect(why).toContainText("This refresh token was used before; the session was revoked");
  await expect(why.getByRole("button", { name: "Sign in again" })).toBeVisible();
  await why.getByRole("button", { name: "F2 began because the API refused the token" }).click();
  await expect(page.getByRole("tabpanel", { name: "Event" })).toBeVisible();
});

test("a refusal of the fault lab is never blamed on the API", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  await page.keyboard.press("Control+Shift+F");
  await page.keyboard.type("401 always");
  await page.getByRole("button", { name: "Switch on: 401 always" }).press("Enter");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("why")).toHaveAttribute("data-rule", "lab.refused");
  await expect(page.getByTestId("why")).toContainText("The fault lab refused this, not the API.");
  await page.getByTestId("response-why").click();
  const injected = page.getByTestId("injected");
  await expect(injected).toContainText(/401 always #\d+/);
  await injected.getByRole("button").first().click();
  await expect(page.getByTestId("event")).toContainText("FaultInjected");
});
