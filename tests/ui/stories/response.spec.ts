// Reading an answer: laid out, as it came, in bytes, as a picture, against the one before; and what was sent before.
import type { Page } from "@playwright/test";
import type { ResponseDetails } from "../../../ui/src/wire/ResponseDetails";
import { expect, test } from "./window";

interface Play {
  engine: { responses: Map<number, ResponseDetails>; bodies: Map<number, Uint8Array> };
}

/** Makes what the played server has answered something else, and looks at it again. */
async function becomes(page: Page, change: Partial<ResponseDetails>, body?: number[]): Promise<void> {
  await page.evaluate(([change, body]) => {
    const { engine } = (window as unknown as { play: Play }).play;
    const response = engine.responses.get(1) as ResponseDetails;
    engine.responses.set(1, { ...response, ...change });
    if (body) engine.bodies.set(1, Uint8Array.from(body));
  }, [change, body] as const);
  await page.locator("#sessions-pane button", { hasText: "R1 " }).click();
}

test.beforeEach(async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("response-status")).toHaveText("200 OK");
});

test("an answer is read laid out, as it came, and in bytes", async ({ window: { page } }) => {
  const content = page.getByTestId("response-content");
  await expect(content).toContainText('"items": [');
  await page.getByTestId("body-as-raw").click();
  await expect(content).toContainText('{"items":[{');
  await page.getByTestId("body-as-hex").click();
  await expect(page.getByTestId("hex")).toContainText('00000000  7b 22 69 74 65 6d 73 22');
  await page.getByTestId("save-body").click();
  await expect(page.getByText("Saved as /home/ada/R1.body.")).toBeVisible();
});

test("where the cursor stands in JSON is a pointer, and it is copied with its value", async ({ window: { page } }) => {
  await page.getByRole("textbox", { name: "Response", exact: true }).focus();
  await page.keyboard.press("Control+End");
  for (let line = 0; line < 2; line += 1) await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("End");
  await expect(page.getByTestId("pointer")).toHaveText("/total");
  await page.getByRole("button", { name: "Copy pointer" }).click();
  await expect(page.getByText("The JSON pointer is in the clipboard.")).toBeVisible();
});

test("markup is text that is laid out, and runs nothing", async ({ window: { page } }) => {
  await becomes(page, { media_type: "text/html", text: "<html><body><script>window.ran = 1</script><img src=x onerror='window.ran = 1'><p>Hi</p></body></html>" });
  await expect(page.getByTestId("response-content")).toContainText("<p>Hi</p>");
  expect(await page.evaluate(() => (window as unknown as { ran?: number }).ran)).toBeUndefined();
});

test("a picture is drawn from its bytes, and what is none says so", async ({ window: { page } }) => {
  const dot = [0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 1, 0, 1, 0, 0x80, 0, 0, 255, 0, 0, 0, 0, 0, 0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0, 0x3b];
  await becomes(page, { media_type: "image/gif", text: null, body_bytes: dot.length }, dot);
  await expect(page.getByTestId("image")).toBeVisible();
  await expect(page.getByText("1 × 1")).toBeVisible();
});

test("a long answer is read part by part", async ({ window: { page } }) => {
  const long = "line\n".repeat(500_000);
  await page.evaluate((long) => (window as unknown as { play: Play }).play.engine.bodies.set(1, new TextEncoder().encode(long)), long);
  await becomes(page, { media_type: "text/plain", text: long.slice(0, 1_048_576), cut: true, body_bytes: long.length });
  await expect(page.getByText(/of 2\.[45] MB/)).toBeVisible();
  await page.getByRole("button", { name: "Next part" }).click();
  await page.getByRole("button", { name: "Next part" }).click();
  await expect(page.getByRole("button", { name: "Next part" })).toBeDisabled();
});

test("cookies and timing have a place of their own", async ({ window: { page } }) => {
  await becomes(page, { headers: [["set-cookie", "sid=***; Path=/; HttpOnly"]] });
  await page.getByTestId("response-cookies").click();
  await expect(page.getByTestId("cookies")).toContainText("also sent without TLS, ends with the browser");
  await page.getByTestId("response-timing").click();
  await expect(page.getByTestId("timing")).toContainText("Attempt 1: 200");
});

test("two answers are compared line by line", async ({ window: { page } }) => {
  await page.getByTestId("url").fill("http://127.0.0.1:40117/orders?limit=4");
  await page.keyboard.press("Control+Enter");
  await page.getByTestId("body-as-difference").click();
  await expect(page.getByTestId("difference").locator("[data-kind=before]").first()).toBeVisible();
});

test("what was sent before is found, opened, sent again and deleted by keys; secrets are not remembered", async ({ window: { page } }) => {
  await page.keyboard.press("Control+t");
  await page.keyboard.type("http://127.0.0.1:40117/me");
  await page.getByTestId("part-headers").click();
  await page.getByRole("button", { name: "Add a header" }).click();
  await page.keyboard.type("X-Api-Key");
  await page.keyboard.press("Tab");
  await page.keyboard.type("s3cr3t");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("response-status")).toHaveText("200 OK");
  await page.keyboard.press("Control+h");
  await expect(page.locator("#history-found [role=option]")).toHaveCount(2);
  await page.keyboard.type("me 200");
  await expect(page.locator("#history-found [role=option]")).toHaveCount(1);
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("hidden")).toContainText("was a secret and is not remembered");
  await expect(page.getByRole("tab", { name: "me" }).last()).toHaveAttribute("aria-selected", "true");

  await page.keyboard.press("Control+h");
  await page.keyboard.type("orders");
  await expect(page.locator("#history-found [role=option]")).toHaveCount(1);
  await page.getByRole("button", { name: "Send again" }).click();
  await expect(page.getByRole("region", { name: "Response" })).toContainText("R3 200 OK");

  await page.keyboard.press("Control+h");
  await page.getByRole("button", { name: "Delete", exact: true }).click();
  await expect(page.getByText("Deleted, and looked for: it is gone.")).toBeVisible();
  await page.getByRole("button", { name: "Delete all…" }).click();
  await page.getByRole("button", { name: "Delete all", exact: true }).click();
  await expect(page.locator("#history-found [role=option]")).toHaveCount(0);
});
