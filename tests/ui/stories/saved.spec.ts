// Saved requests and tabs: written into files, changed by others meanwhile, and back after the page is gone.
import type { Page } from "@playwright/test";
import type { SavedRequest } from "../../../ui/src/wire/SavedRequest";
import { expect, test } from "./window";

interface Files {
  requests: { all: SavedRequest[]; read: (id: string) => SavedRequest; put: (request: SavedRequest) => SavedRequest; drop: (id: string) => void };
  engine: { log: { append: (fact: object, subject: object, causes: unknown[], actor: string) => void } };
}

const files = (page: Page) => page.evaluate(() => (window as unknown as { play: Files }).play.requests.all);

/** What somebody else does to a file, and the engine notices. */
const outside = (page: Page, id: string, change: Partial<SavedRequest> | null) => page.evaluate(([id, change]) => {
  const { requests, engine } = (window as unknown as { play: Files }).play;
  if (change === null) requests.drop(id);
  else requests.put({ ...requests.read(id), ...change });
  engine.log.append({ kind: "WorkspaceRead", data: { added: [], changed: [], removed: [] } }, {}, [], "user");
}, [id, change] as const);

const row = (page: Page, name: string) => page.locator("#sessions-pane .tree button.name", { hasText: name });
const tab = (page: Page, name: string) => page.getByRole("tab", { name });

test("a request is written, saved, renamed, copied and deleted without a pointer", async ({ window: { page, open } }) => {
  await open("folder");
  await page.keyboard.press("Control+t");
  await page.keyboard.type("http://127.0.0.1:40117/orders?state=open");
  await expect(page.getByTestId("unsaved")).toHaveCount(1);
  await page.keyboard.press("Control+s");
  await page.getByTestId("request-name").fill("Open orders");
  await page.getByTestId("request-collection").fill("shop/orders");
  await page.keyboard.press("Enter");
  await expect(row(page, "Open orders")).toBeVisible();
  await expect(page.getByTestId("unsaved")).toHaveCount(0);
  expect((await files(page)).at(-1)).toMatchObject({ id: "shop/orders/Open orders", method: "GET", url: "http://127.0.0.1:40117/orders?state=open" });

  await page.keyboard.press("Control+l");
  await page.keyboard.type("http://127.0.0.1:40117/orders?state=paid");
  await page.keyboard.press("Control+s");
  await expect(page.getByTestId("unsaved")).toHaveCount(0);
  expect((await files(page)).at(-1)?.url).toBe("http://127.0.0.1:40117/orders?state=paid");

  await page.keyboard.press("Control+b");
  await page.keyboard.press("F2");
  await page.getByTestId("request-name").fill("Paid orders");
  await page.keyboard.press("Enter");
  await expect(tab(page, "Paid orders")).toBeVisible();
  await expect(row(page, "Open orders")).toHaveCount(0);

  await page.keyboard.press("Control+k");
  await page.keyboard.type("dupl");
  await page.keyboard.press("Enter");
  await expect(tab(page, "Paid orders copy")).toHaveAttribute("aria-selected", "true");
  await row(page, "Paid orders copy").focus();
  await page.keyboard.press("Delete");
  await page.getByTestId("delete-request").press("Enter");
  await expect(row(page, "Paid orders copy")).toHaveCount(0);
  // What was open stays, as something that has no file.
  await expect(page.getByTestId("url")).toHaveValue("http://127.0.0.1:40117/orders?state=paid");
});

test("the tree is walked with the arrow keys, and a folder folds", async ({ window: { page, open } }) => {
  await open("folder");
  await outside(page, "list-orders", null);
  await page.evaluate(() => {
    const { requests } = (window as unknown as { play: Files }).play;
    for (const id of ["shop/one", "shop/two"]) requests.put({ ...requests.read("who-am-i"), id, name: id.slice(5) });
  });
  await outside(page, "shop/one", {});
  await expect(row(page, "shop")).toHaveAttribute("aria-expanded", "true");
  await page.keyboard.press("Control+b");
  await page.keyboard.press("Home");
  await expect(row(page, "shop")).toBeFocused();
  await page.keyboard.press("ArrowLeft");
  await expect(row(page, "one")).toHaveCount(0);
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowDown");
  await expect(row(page, "one")).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(tab(page, "one")).toHaveAttribute("aria-selected", "true");
});

test("several requests are open, each with its own answer, and unsaved work is asked about", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  const response = page.getByRole("region", { name: "Response" });
  await page.keyboard.press("Control+Enter");
  await expect(response).toContainText("R1 200 OK");
  await page.keyboard.press("Control+t");
  await page.keyboard.type("http://127.0.0.1:40117/admin");
  await expect(response).toHaveCount(0);
  await page.keyboard.press("Control+Enter");
  await expect(response).toContainText("R2 200 OK");
  await page.keyboard.press("Control+Tab");
  await expect(response).toContainText("R1 200 OK");
  await page.keyboard.press("Control+Shift+Tab");
  await expect(response).toContainText("R2 200 OK");
  await page.keyboard.press("Control+w");
  await expect(page.getByRole("dialog", { name: /Save .* first\?/ })).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(tab(page, "admin")).toHaveCount(1);
  await page.keyboard.press("Control+w");
  await page.getByTestId("discard").press("Enter");
  await expect(tab(page, "admin")).toHaveCount(0);
  await expect(page.getByTestId("url")).toHaveValue(/orders/);
});

test("what was open and half written is there again after the page is gone", async ({ window: { page, open } }) => {
  await open("folder");
  await page.keyboard.press("Control+l");
  await page.keyboard.type("http://127.0.0.1:40117/orders?limit=9");
  await page.keyboard.press("Control+t");
  await page.keyboard.type("https://half.writ");
  await page.getByTestId("part-headers").click();
  await page.getByRole("button", { name: "Add a header" }).click();
  await page.keyboard.type("X-Half");
  await expect.poll(() => page.evaluate(() => sessionStorage.getItem("tabs") ?? "")).toContain("X-Half");
  await open("folder");
  await expect(page.getByRole("tab", { name: /not saved/ })).toHaveCount(2);
  await expect(page.getByTestId("url")).toHaveValue("https://half.writ");
  await expect(page.getByRole("textbox", { name: "Name of header 1" }).or(page.getByRole("combobox", { name: /name/i })).first()).toHaveValue("X-Half");
  await tab(page, "List orders").click();
  await expect(page.getByTestId("url")).toHaveValue("http://127.0.0.1:40117/orders?limit=9");
  // Saving still knows the file that it came from.
  await page.keyboard.press("Control+s");
  await expect(page.getByRole("tab", { name: "List orders" }).getByTestId("unsaved")).toHaveCount(0);
});

test("what others write is taken in, and asked about where both sides changed", async ({ window: { page, open } }) => {
  await open("folder");
  await outside(page, "list-orders", { url: "http://127.0.0.1:40117/orders?limit=3" });
  await expect(page.getByTestId("url")).toHaveValue("http://127.0.0.1:40117/orders?limit=3");

  await page.keyboard.press("Control+l");
  await page.keyboard.type("http://127.0.0.1:40117/orders?limit=mine");
  await outside(page, "list-orders", { url: "http://127.0.0.1:40117/orders?limit=theirs" });
  await expect(page.getByTestId("outside-change")).toContainText("List orders was changed outside");
  await expect(page.getByTestId("url")).toHaveValue("http://127.0.0.1:40117/orders?limit=mine");
  await page.getByRole("button", { name: "Keep mine" }).click();
  await page.keyboard.press("Control+s");
  await expect.poll(async () => (await files(page)).find((one) => one.id === "list-orders")?.url).toBe("http://127.0.0.1:40117/orders?limit=mine");

  await page.keyboard.press("Control+l");
  await page.keyboard.type("http://127.0.0.1:40117/orders?limit=mine2");
  await outside(page, "list-orders", { url: "http://127.0.0.1:40117/orders?limit=theirs2" });
  await page.getByRole("button", { name: "Take theirs" }).click();
  await expect(page.getByTestId("url")).toHaveValue("http://127.0.0.1:40117/orders?limit=theirs2");

  await page.keyboard.press("Control+l");
  await page.keyboard.type("http://127.0.0.1:40117/orders?limit=kept");
  await outside(page, "list-orders", null);
  await expect(page.getByTestId("outside-change")).toContainText("was removed outside");
  await page.getByRole("button", { name: "Keep it as a new request" }).click();
  await expect(page.getByTestId("url")).toHaveValue("http://127.0.0.1:40117/orders?limit=kept");
  await page.keyboard.press("Control+s");
  await expect(page.getByTestId("request-name")).toBeVisible();
});

test("the palette finds requests, sessions, commands and sends, and its keys can be changed", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("response-status")).toHaveText("200 OK");
  const find = async (text: string) => {
    await page.keyboard.press("Control+k");
    await page.keyboard.type(text);
  };
  await find("back off");
  await expect(page.getByRole("option").first()).toContainText("Back office");
  await page.keyboard.press("Enter");
  await expect(tab(page, "Back office")).toHaveAttribute("aria-selected", "true");
  await find("dark th");
  await page.keyboard.press("Enter");
  await expect(page.locator("html")).toHaveAttribute("data-theme", "dark");
  await find("r1 orders");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("response-status")).toHaveText("200 OK");
  await find("zzzzz");
  await expect(page.getByRole("status").filter({ hasText: "Nothing is called like that" })).toBeVisible();
  await page.keyboard.press("Escape");

  await page.keyboard.press("F1");
  await page.getByRole("button", { name: /Keys of “New tab”/ }).click();
  await page.keyboard.press("Control+Shift+N");
  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+t");
  await expect(page.getByRole("tab", { name: "New request" })).toHaveCount(0);
  await page.keyboard.press("Control+Shift+N");
  await expect(page.getByRole("tab", { name: "New request" })).toHaveCount(1);
});

test("five thousand requests are in the palette", async ({ window: { page, open } }) => {
  await open("folder&many=5000");
  await page.keyboard.press("Control+k");
  await page.keyboard.type("4711");
  await expect(page.getByRole("option").first()).toContainText("Request 4711");
  await page.keyboard.press("Enter");
  await expect(tab(page, "Request 4711")).toBeVisible();
});
