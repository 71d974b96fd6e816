// Sending: an answer, a stop, a refresh in between, and what goes wrong.
import type { Page } from "@playwright/test";
import { expect, tabTo, test } from "./window";

test("a request is sent and read without a pointer", async ({ window: { page, open } }) => {
  await open("folder");
  await page.keyboard.press("Control+l");
  await expect(page.getByTestId("url")).toBeFocused();
  await tabTo(page, "button.primary:not([type=submit])");
  await page.keyboard.press("Enter");
  await page.keyboard.type("ada");
  await page.keyboard.press("Tab");
  await page.keyboard.type("hourglass");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("session-demo")).toContainText("G1");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("response-status")).toHaveText("200 OK");
  await expect(page.getByTestId("response-content")).toContainText("Marisol Quintero");
  await page.keyboard.press("Control+j");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("F6");
  await expect(page.locator("nav")).toBeFocused();
});

test("the lanes are walked with the arrow keys, and Enter explains a mark", async ({ window: { page, open, signIn } }) => {
  await open("view=lanes");
  await signIn();
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("response-status")).toHaveText("200 OK");
  await page.keyboard.press("Control+j");
  const cell = page.locator("[role=gridcell]:focus");
  await expect(cell).toBeVisible();
  await page.keyboard.press("ArrowLeft");
  await expect(cell).toHaveAttribute("aria-label", "R1 GET orders, attempt 1 with G1: 200");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("event")).toContainText("R1 was answered 200");
  await page.keyboard.press("[");
  await expect(page.getByTestId("event")).toContainText("R1 was sent with G1");
  await page.keyboard.press("ArrowUp");
  await expect(cell).toHaveAttribute("aria-label", "Sign-in to demo, gave G1");
});

test("Stop ends a request at once, and leaves a word", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  await page.getByTestId("url").fill("http://127.0.0.1:40117/slow");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("stop")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByTestId("response-status")).toHaveText("Stopped");
  await expect(page.getByTestId("why")).toContainText("The server may have acted on it.");
  await expect(page.getByTestId("send")).toBeVisible();
});

test("an expired token is refreshed under way, and the words say so", async ({ window: { page, open, signIn, direct } }) => {
  await open();
  await signIn();
  await expect(page.getByTestId("session-demo")).toContainText("expired", { timeout: 15_000 });
  await direct({ delayMs: 700 });
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("response-status")).toHaveText("Refreshing");
  await expect(page.getByTestId("response-status")).toHaveText("200 OK");
  await expect(page.getByTestId("attempts")).toHaveText("attempt 2 of 2");
  await expect(page.getByTestId("inspector-token")).toBeVisible();
  await expect(page.getByRole("complementary")).toContainText("from F1, because of R1");
  await expect(page.getByRole("complementary")).toContainText("scope admin");
});

test("a refresh that does not get through leaves the session as it is", async ({ window: { page, open, signIn, direct } }) => {
  await open();
  await signIn();
  await expect(page.getByTestId("session-demo")).toContainText("expired", { timeout: 15_000 });
  await direct({ refresh: "busy" });
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("why")).toContainText("could not refresh: the server answered 503. Your session is untouched.");
  await direct({ refresh: "granted" });
  await page.getByTestId("refresh-now").click();
  await expect(page.getByTestId("session-demo")).toContainText("G2");
});

test.describe("what cannot be sent is one clear message", () => {
  for (const [url, title, code] of [
    ["nonsense", "This address cannot be used", "url.invalid"],
    ["https://evil.test/orders", "Token not sent", "origin.blocked"],
  ] as const) {
    test(`${url}: ${title}`, async ({ window: { page, open, signIn } }) => {
      await open();
      await signIn();
      await page.getByTestId("url").fill(url);
      await page.keyboard.press("Enter");
      await expect(page.getByTestId("failure")).toHaveAttribute("data-code", code);
      await expect(page.getByTestId("failure")).toContainText(title);
      await expect(page.getByTestId("send")).toBeEnabled();
    });
  }

  test("a method with a space: This method cannot be sent", async ({ window: { page, open } }) => {
    await open();
    await page.getByTestId("method").fill("GET IT");
    await page.keyboard.press("Enter");
    await expect(page.getByTestId("failure")).toContainText("This method cannot be sent");
    await page.getByRole("button", { name: "Edit the method" }).click();
    await expect(page.getByTestId("method")).toBeFocused();
  });

  test("a host that nobody is at, without a session", async ({ window: { page, open } }) => {
    await open();
    await page.getByRole("button", { name: "Session: demo" }).click();
    await page.getByRole("menuitemradio", { name: /No session/ }).click();
    await page.getByTestId("url").fill("http://127.0.0.1:1/x");
    await page.keyboard.press("Enter");
    await expect(page.getByTestId("failure")).toContainText("127.0.0.1:1 cannot be reached");
  });
});

test("a blocked address can be sent to without the token, and nothing else is", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  await page.getByTestId("url").fill("https://evil.test/orders");
  await expect(page.getByTestId("token-scope")).toHaveText("Token will not be sent: only 127.0.0.1:40117 may have it");
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Send without token" }).click();
  await expect(page.getByTestId("failure")).toContainText("evil.test cannot be reached");
});

test("headers and a body are written, and a fault in the JSON is pointed at", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  await page.getByRole("button", { name: "Create an order" }).click();
  await page.getByRole("button", { name: /^Headers/ }).click();
  await expect(page.getByRole("combobox", { name: "Name of the header" })).toHaveValue("Content-Type");
  await page.getByRole("combobox", { name: "Name of the header" }).press("Enter");
  await page.keyboard.type("Accept");
  await page.getByRole("button", { name: "Remove Accept" }).click();
  await page.getByRole("button", { name: /^Body/ }).click();
  const editor = page.getByRole("textbox", { name: "Body of the request" });
  await editor.press("Control+End");
  await page.keyboard.type(",");
  await expect(page.getByText("Line 1: the end was expected here. It can be sent as it is.")).toBeVisible();
  await page.keyboard.press("Backspace");
  await expect(page.getByText("Valid JSON.")).toBeVisible();
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("response-status")).toHaveText("201 Created");
});

/** Pastes into the field that has the focus, as a keyboard would. */
async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate((pasted) => {
    const data = new DataTransfer();
    data.setData("text/plain", pasted);
    document.activeElement?.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);
}

test("a pasted line of cURL becomes the request, and says what it left out", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  await page.keyboard.press("Control+l");
  await paste(page, `curl -k http://127.0.0.1:40117/orders -H 'X-Trace: 7' -d '{"total":"1.00"}' -o out.json -d @more.json`);
  await expect(page.getByTestId("url")).toHaveValue("http://127.0.0.1:40117/orders");
  await expect(page.getByTestId("left-out")).toContainText("--insecure it would trust any server");
  await expect(page.getByTestId("left-out")).toContainText("--data it names a file");
  await expect(page.getByTestId("token-scope")).toContainText("Token goes only to");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("response-status")).toHaveText("201 Created");
  await page.getByRole("button", { name: "Dismiss what was left out" }).press("Enter");
  await expect(page.getByTestId("left-out")).toBeEmpty();
});

test("a line that cannot be read is explained, and what was written stays", async ({ window: { page, open } }) => {
  await open();
  const before = await page.getByTestId("url").inputValue();
  await page.keyboard.press("Control+l");
  await paste(page, 'curl "http://127.0.0.1:40117/orders');
  await expect(page.getByRole("main")).toContainText("This cannot be read as cURL");
  await expect(page.getByTestId("url")).toHaveValue(before);
});
