// Writing a request: rows and text over one model, every kind of body, and what goes with it.
import type { Page } from "@playwright/test";
import { expect, test } from "./window";

/** What the played engine was asked to send last. */
const lastDraft = (page: Page) => page.evaluate(() => (window as unknown as { play: { engine: { drafts: Record<string, unknown>[] } } }).play.engine.drafts.at(-1));

/** Pastes into the field that has the focus, as a keyboard would. */
async function paste(page: Page, text: string): Promise<void> {
  await page.evaluate((pasted) => {
    const data = new DataTransfer();
    data.setData("text/plain", pasted);
    document.activeElement?.dispatchEvent(new ClipboardEvent("paste", { clipboardData: data, bubbles: true, cancelable: true }));
  }, text);
}

test("the query is the address: rows, text and address say the same, without a pointer", async ({ window: { page, open } }) => {
  await open();
  await page.keyboard.press("Control+l");
  await page.keyboard.type("http://127.0.0.1:40117/orders?limit=5&q=a%20b#end");
  await page.getByTestId("part-params").press("Enter");
  await expect(page.getByRole("textbox", { name: "Value of q" })).toHaveValue("a b");
  await page.getByRole("textbox", { name: "Value of limit" }).fill("7");
  await expect(page.getByTestId("url")).toHaveValue("http://127.0.0.1:40117/orders?limit=7&q=a%20b#end");
  await page.getByRole("textbox", { name: "Value of q" }).press("Enter");
  await page.keyboard.type("next");
  await page.keyboard.press("Tab");
  await page.keyboard.type("x&y");
  await expect(page.getByTestId("url")).toHaveValue("http://127.0.0.1:40117/orders?limit=7&q=a%20b&next=x%26y#end");
  await page.keyboard.press("Control+Delete");
  await expect(page.getByTestId("url")).toHaveValue("http://127.0.0.1:40117/orders?limit=7&q=a%20b#end");
  await page.getByTestId("parameters-as-text").press("Enter");
  const lines = page.getByRole("textbox", { name: "All parameters, one a line" });
  await expect(lines).toHaveValue("limit=7\nq=a b");
  await lines.fill("limit=9\nflag\n\nwho={{api}}");
  await expect(page.getByTestId("url")).toHaveValue("http://127.0.0.1:40117/orders?limit=9&flag&who={{api}}#end");
});

test("headers are rows or text, and a line break in one is refused in words", async ({ window: { page, open } }) => {
  await open();
  await page.getByTestId("part-headers").click();
  await page.getByRole("button", { name: "Add a header" }).click();
  await paste(page, "Accept: text/html\r\nX-Trace: 7");
  await expect(page.getByRole("textbox", { name: "Value of X-Trace" })).toHaveValue("7");
  await page.getByTestId("headers-as-text").click();
  await expect(page.getByRole("textbox", { name: "All headers, one a line" })).toHaveValue("Accept: text/html\nX-Trace: 7");
  await page.getByRole("textbox", { name: "All headers, one a line" }).fill("Accept: text/html\nBad name: 1");
  await expect(page.getByRole("alert")).toContainText("without a space");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("failure")).toHaveAttribute("data-code", "header.invalid");
  await page.getByTestId("headers-as-text").click();
  await page.getByRole("textbox", { name: "Value of Accept" }).focus();
  await paste(page, "text/html\nnot a header at all");
  await expect(page.getByText("Several lines do not fit into one row.")).toBeVisible();
  await expect(page.getByRole("textbox", { name: "Value of Accept" })).toHaveValue("text/html");
});

test.describe("each kind of body is sent as it is written, with its own content type", () => {
  const kind = (page: Page, name: string) => page.getByRole("radio", { name, exact: true }).check();

  test.beforeEach(async ({ window: { page, open, signIn } }) => {
    await open();
    await signIn();
    await page.getByTestId("method").fill("POST");
    await page.getByTestId("part-body").click();
  });

  test("JSON", async ({ window: { page } }) => {
    await kind(page, "JSON");
    await page.getByRole("textbox", { name: "Body of the request" }).click();
    await page.keyboard.type('{"total": "1.00"');
    await page.keyboard.press("Control+Enter");
    await expect(page.getByTestId("response-status")).toHaveText("201 Created");
    expect(await lastDraft(page)).toMatchObject({ method: "POST", headers: [["Content-Type", "application/json"]] });
  });

  test("a form", async ({ window: { page } }) => {
    await kind(page, "Form");
    await page.getByRole("button", { name: "Add a field" }).click();
    await page.keyboard.type("total");
    await page.keyboard.press("Tab");
    await page.keyboard.type("1 & 2");
    await page.keyboard.press("Control+Enter");
    await expect(page.getByTestId("response-status")).toHaveText("201 Created");
    expect(await lastDraft(page)).toMatchObject({ body: "total=1%20%26%202", headers: [["Content-Type", "application/x-www-form-urlencoded"]] });
  });

  test("text, which does not win over a header", async ({ window: { page } }) => {
    await kind(page, "Text");
    await page.getByRole("textbox", { name: "Body of the request" }).click();
    await page.keyboard.type("<a/>");
    await page.getByTestId("part-headers").click();
    await expect(page.getByTestId("implied-type")).toContainText("text/plain");
    await page.getByRole("button", { name: "Add a header" }).click();
    await page.keyboard.type("Content-Type");
    await page.keyboard.press("Tab");
    await page.keyboard.type("application/xml");
    await expect(page.getByTestId("implied-type")).toBeHidden();
    await page.keyboard.press("Control+Enter");
    await expect(page.getByTestId("response-status")).toHaveText("201 Created");
    expect(await lastDraft(page)).toMatchObject({ body: "<a/>", headers: [["Content-Type", "application/xml"]] });
  });

  test("GraphQL, whose variables must be JSON", async ({ window: { page } }) => {
    await kind(page, "GraphQL");
    await page.getByRole("textbox", { name: "Query in GraphQL" }).click();
    await page.keyboard.type("query One($id: ID) ");
    await page.getByRole("textbox", { name: "Variables in JSON" }).click();
    await page.keyboard.type("{");
    await page.keyboard.press("Control+Enter");
    await expect(page.getByTestId("failure")).toContainText("the variables are not JSON");
    await page.getByRole("textbox", { name: "Variables in JSON" }).click();
    await page.keyboard.type('"id": "7"');
    await page.keyboard.press("Control+End");
    await page.keyboard.type("}");
    await page.keyboard.press("Control+Enter");
    await expect(page.getByTestId("response-status")).toHaveText("201 Created");
    expect(await lastDraft(page)).toMatchObject({ body: '{"query":"query One($id: ID) ","variables":{"id": "7"},"operationName":"One"}' });
  });

  test("parts of a form, one of them a file that the user chose", async ({ window: { page } }) => {
    await kind(page, "Multipart");
    await page.getByRole("button", { name: "Add a field" }).click();
    await page.keyboard.type("title");
    await page.getByRole("textbox", { name: "Text of title" }).fill("A cat");
    await page.getByRole("button", { name: "Add a file" }).click();
    await page.keyboard.type("picture");
    await page.keyboard.press("Control+Enter");
    await expect(page.getByTestId("failure")).toContainText("no file is chosen for the part “picture”");
    await page.getByRole("button", { name: "File of picture: choose one" }).press("Enter");
    await expect(page.getByRole("button", { name: "File of picture: cat.png. Choose another" })).toBeVisible();
    await page.keyboard.press("Control+Enter");
    await expect(page.getByTestId("response-status")).toHaveText("201 Created");
    expect(await lastDraft(page)).toMatchObject({ headers: [], body: { kind: "multipart", parts: [{ kind: "text", name: "title", text: "A cat" }, { kind: "file", name: "picture", path: "/home/ada/pictures/cat.png" }] } });
  });

  test("a file", async ({ window: { page } }) => {
    await kind(page, "File");
    await page.getByRole("button", { name: "The file to send: choose one" }).click();
    await page.getByRole("textbox", { name: "Media type of cat.png" }).fill("image/png");
    await page.keyboard.press("Control+Enter");
    await expect(page.getByTestId("response-status")).toHaveText("201 Created");
    expect(await lastDraft(page)).toMatchObject({ body: { kind: "file", path: "/home/ada/pictures/cat.png", media_type: "image/png" } });
  });

  test("a kind that is left keeps what was typed in it", async ({ window: { page } }) => {
    await kind(page, "Text");
    await page.getByRole("textbox", { name: "Body of the request" }).click();
    await page.keyboard.type("kept");
    await kind(page, "None");
    await page.keyboard.press("ArrowRight");
    await expect(page.getByText("No body. Type JSON here to send one.")).toBeVisible();
    await kind(page, "Text");
    await expect(page.getByRole("textbox", { name: "Body of the request" })).toHaveText("kept");
  });
});

test("redirects and time are this request's own", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  await page.getByTestId("part-options").click();
  await page.getByRole("checkbox", { name: /Follow redirects/ }).uncheck();
  await page.getByRole("textbox", { name: "Give up after, in seconds" }).fill("1,5");
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("response-status")).toHaveText("200 OK");
  expect(await lastDraft(page)).toMatchObject({ follow_redirects: false, time_limit_ms: 1500 });
});

test("an address with variables is shown as it is sent, and one that is unknown is named", async ({ window: { page, open } }) => {
  await open();
  await page.getByTestId("url").fill("{{api}}/orders?limit={{size}}&key={{key}}");
  await expect(page.getByTestId("filled-address")).toHaveText("Goes to http://127.0.0.1:40117/orders?limit=5&key=•••");
  await expect(page.getByTestId("filled-address").locator("b")).toHaveText("127.0.0.1:40117");
  await expect(page.getByTestId("token-scope")).toHaveText("Token goes only to 127.0.0.1:40117");
  await page.getByTestId("url").fill("{{nobody}}/orders");
  await expect(page.getByTestId("filled-address")).toContainText("nobody");
  await page.getByTestId("url").fill("http://127.0.0.1:40117/orders");
  await expect(page.getByTestId("filled-address")).toBeEmpty();
});
