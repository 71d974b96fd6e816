// The timeline: its three views, the filter, the map, marks and a range; each by keys alone and by pointer.
import type { Page } from "@playwright/test";
import { type Opened, expect, test } from "./window";

/** Signs in, and sends three requests. */
async function three({ page, open, signIn }: Opened, stage = "view=lanes"): Promise<void> {
  await open(stage);
  await signIn();
  for (const name of ["R1", "R2", "R3"]) {
    await page.keyboard.press("Control+Enter");
    await expect(page.getByTestId("response-status")).toHaveText("200 OK");
    await expect(page.locator("[data-testid=response-status]")).toBeVisible();
    await expect(page.getByText(name, { exact: true }).first()).toBeVisible();
  }
}

const cell = (page: Page) => page.locator("[role=gridcell]:focus");
const lanes = (page: Page) => page.locator("[role=row][data-lane]").evaluateAll((rows) => rows.map((row) => row.querySelector("[role=rowheader]")?.getAttribute("aria-label")));

test("the lanes are a tree with one cell in reach of the Tab key, and every cell has a full name", async ({ window }) => {
  const { page } = window;
  await three(window);
  const tree = page.getByRole("treegrid", { name: "Lanes of the timeline" });
  await expect(tree).toHaveAttribute("aria-rowcount", "5");
  expect(await lanes(page)).toEqual(["Tokens of demo", "Refreshes of demo", "Request R1, orders", "Request R2, orders", "Request R3, orders"]);
  await expect(tree.locator("[role=gridcell][tabindex='0']")).toHaveCount(1);
  expect(await tree.locator("[role=row]").evaluateAll((rows) => rows.map((row) => [row.getAttribute("aria-level"), row.getAttribute("aria-rowindex"), row.getAttribute("aria-expanded")]))).toEqual([
    ["1", "1", "true"], ["2", "2", null], ["2", "3", null], ["2", "4", null], ["2", "5", null],
  ]);
  await page.keyboard.press("Control+j");
  await page.keyboard.press("ArrowLeft");
  await expect(cell(page)).toHaveAttribute("aria-label", "R3 GET orders, attempt 1 with G1: 200");
  await page.keyboard.press("ArrowUp");
  await expect(cell(page)).toHaveAttribute("aria-label", "R2 GET orders, attempt 1 with G1: 200");
  await page.keyboard.press(",");
  await expect(cell(page)).toHaveAttribute("aria-label", "R1 GET orders, attempt 1 with G1: 200");
});

test("causes are followed by key, there and back", async ({ window }) => {
  const { page } = window;
  await three(window);
  await page.keyboard.press("Control+j");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("event")).toContainText("R3 was answered 200");
  await page.keyboard.press("[");
  await expect(page.getByTestId("event")).toContainText("R3 was sent with G1");
  await page.keyboard.press("]");
  await expect(page.getByTestId("event")).toContainText("R3 was answered 200");
});

test("zoom, pan and fit leave the tail, and L and the button come back to it", async ({ window }) => {
  const { page } = window;
  await three(window);
  const live = page.getByRole("button", { name: /^(Live|Back to live)$/ });
  await page.keyboard.press("Control+j");
  for (const key of ["a", "Shift+ArrowLeft", "0", "f", "l"]) {
    await expect(live).toHaveText("Live");
    await page.keyboard.press(key);
    await expect(live).toHaveText("Back to live");
    await page.keyboard.press("l");
  }
  await expect(live).toHaveText("Live");
  await page.keyboard.press("a");
  await live.click();
  await expect(live).toHaveText("Live");
  const span = () => page.getByRole("slider", { name: "Stretch that is shown" }).getAttribute("aria-valuetext");
  const before = await span();
  await page.getByRole("button", { name: "Zoom in" }).click();
  await expect.poll(span).not.toBe(before);
});

test("the map is moved by keys and dragged by pointer", async ({ window }) => {
  const { page } = window;
  await three(window);
  const brush = page.getByRole("slider", { name: "Stretch that is shown" });
  await brush.focus();
  await page.keyboard.press("ArrowLeft");
  await expect(page.getByRole("button", { name: "Back to live" })).toBeVisible();
  const before = await brush.getAttribute("aria-valuetext");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("ArrowUp");
  await expect(brush).not.toHaveAttribute("aria-valuetext", before ?? "");
  await page.keyboard.press("End");
  await expect(page.getByRole("button", { name: "Live", exact: true })).toBeVisible();
  const box = await page.getByTestId("minimap").boundingBox();
  if (!box) throw new Error("the map has a place");
  await page.mouse.move(box.x + box.width - 40, box.y + 12);
  await page.mouse.down();
  await page.mouse.move(box.x + box.width - 90, box.y + 12, { steps: 4 });
  await page.mouse.up();
  await expect(page.getByRole("button", { name: "Back to live" })).toBeVisible();
});

test("a session's lanes fold, and a lane is kept at the top", async ({ window }) => {
  const { page } = window;
  await three(window);
  await page.keyboard.press("Control+j");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("p");
  await expect.poll(() => lanes(page)).toEqual(["Request R3, orders", "Tokens of demo", "Refreshes of demo", "Request R1, orders", "Request R2, orders"]);
  await page.keyboard.press("Space");
  await expect.poll(() => lanes(page)).toEqual(["Tokens of demo"]);
  await page.getByRole("button", { name: "Unfold demo" }).click();
  await expect.poll(async () => (await lanes(page)).length).toBe(5);
});

test("sessions change places by key", async ({ window }) => {
  const { page, open } = window;
  await open("view=lanes");
  for (const [session, key] of [["demo", "1"], ["demo-oauth", "2"]]) {
    await page.keyboard.press(`Control+${key}`);
    await page.getByRole("button", { name: `Sign in to ${session}`, exact: true }).first().click();
    await expect(page.getByTestId(`session-${session}`)).toContainText("G1");
  }
  await page.keyboard.press("Control+j");
  await page.keyboard.press("ArrowLeft");
  await expect(cell(page)).toHaveAttribute("aria-label", /demo-oauth/);
  await page.keyboard.press("Alt+ArrowUp");
  await expect.poll(async () => (await lanes(page))[0]).toBe("Tokens of demo-oauth");
});

test("a filter hides what does not match, in all three views, and says how much is left", async ({ window }) => {
  const { page, story } = window;
  await three(window);
  await page.getByTestId("url").fill("http://127.0.0.1:40117/me");
  await page.keyboard.press("Enter");
  await expect(page.getByText("R4", { exact: true }).first()).toBeVisible();
  await page.keyboard.press("Control+j");
  await page.keyboard.press("/");
  await expect(page.getByTestId("filter")).toBeFocused();
  await page.keyboard.type("is:request /me");
  await expect(page.getByTestId("filter-count")).toHaveText("1");
  await expect(page.getByTestId("filter-chip")).toHaveText(["is:request", "/me"]);
  await expect.poll(() => lanes(page)).toEqual(["Tokens of demo", "Refreshes of demo", "Request R4, me"]);
  await page.getByTestId("timeline-story").click();
  await expect.poll(async () => (await story()).length).toBe(1);
  await page.getByTestId("timeline-log").click();
  await expect(page.getByRole("option").first()).toContainText("R4");
  await page.getByRole("button", { name: "Without /me" }).click();
  await expect(page.getByTestId("filter-count")).toHaveText("4");
  await page.getByTestId("filter").press("Escape");
  await expect(page.getByTestId("filter-chip")).toHaveCount(0);
});

test("a word that is wrong is explained, marked by Enter, and hides nothing", async ({ window }) => {
  const { page, story } = window;
  await three(window, "view=story");
  const before = (await story()).length;
  await page.getByTestId("filter").fill("R1 stauts:401");
  await expect(page.getByTestId("filter-help")).toContainText("“stauts:” is not a word of this filter");
  await expect(page.getByTestId("filter")).toHaveAttribute("aria-invalid", "true");
  await page.keyboard.press("Enter");
  expect(await page.evaluate(() => getSelection()?.toString())).toBe("stauts:401");
  await page.keyboard.insertText("status:4x");
  await expect(page.getByTestId("filter-help")).toContainText("401, 4xx");
  expect((await story()).length).toBe(before);
});

test("N and Shift+N go from match to match, E to the next failure", async ({ window }) => {
  const { page } = window;
  await three(window);
  await page.getByTestId("url").fill("http://127.0.0.1:40117/nothing-here");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("response-status")).toHaveText(/404/);
  await page.getByTestId("filter").fill("is:request");
  await expect(page.getByTestId("filter-count")).toHaveText("4");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("filter-count")).toHaveText("1 of 4");
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("n");
  await expect(page.getByTestId("filter-count")).toHaveText("2 of 4");
  await page.keyboard.press("Shift+N");
  await expect(page.getByTestId("filter-count")).toHaveText("1 of 4");
  await page.keyboard.press("e");
  await expect(page.getByTestId("event")).toContainText("R4");
  await page.getByRole("button", { name: "Next match" }).click();
  await expect(page.getByTestId("filter-count")).toHaveText("1 of 4");
});

test("an event is marked, and a range is chosen and put away", async ({ window }) => {
  const { page } = window;
  await three(window);
  await page.keyboard.press("Control+j");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("m");
  await page.keyboard.press("o");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("i");
  await expect(page.getByTestId("range")).toContainText(" to ");
  await page.locator(".chips").getByRole("button", { name: "HAR" }).press("Enter");
  await expect(page.locator(".chips [role=status]")).toHaveText("Saved to /home/ada/sandglass-evidence.har.");
  await page.getByRole("button", { name: "No range" }).click();
  await expect(page.getByTestId("range")).toHaveCount(0);
  await page.getByTestId("timeline-log").click();
  await expect(page.getByTitle("Marked")).toHaveCount(1);
});

test("the log holds every event, walks by key, and leaves the tail when it is scrolled", async ({ window }) => {
  const { page } = window;
  await three(window, "view=log");
  const list = page.getByRole("listbox", { name: /Every event/ });
  const total = Number(await list.getByRole("option").first().getAttribute("aria-setsize"));
  await page.keyboard.press("Control+j");
  await page.keyboard.press("Home");
  await expect(list.locator("#log-0")).toContainText("RunStarted");
  await expect(page.getByRole("button", { name: "Back to live" })).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.getByTestId("event")).toBeVisible();
  await page.keyboard.press("End");
  await expect(list.locator(`#log-${total - 1}`)).toBeVisible();
  await page.keyboard.press("l");
  await expect(page.getByRole("button", { name: "Live", exact: true })).toBeVisible();
});

test("a click on a bar explains it, and a drag moves the lanes", async ({ window }) => {
  const { page } = window;
  await three(window);
  await page.keyboard.press("Control+j");
  await page.keyboard.press("ArrowLeft");
  const place = await cell(page).boundingBox();
  if (!place) throw new Error("the cell has a place");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("l");
  await page.mouse.click(place.x + 8, place.y + place.height / 2);
  await expect(page.getByTestId("event")).toContainText("R3");
  await page.mouse.move(700, place.y + 5);
  await page.mouse.down();
  await page.mouse.move(600, place.y + 5, { steps: 5 });
  await page.mouse.up();
  await expect(page.getByRole("button", { name: "Back to live" })).toBeVisible();
});

test("in forced colours and without motion the lanes are drawn all the same", async ({ window }) => {
  const { page } = window;
  await page.emulateMedia({ forcedColors: "active", reducedMotion: "reduce" });
  await three(window);
  const colours = await page.locator(".lanes canvas").evaluate((canvas: HTMLCanvasElement) => {
    const { data } = canvas.getContext("2d")?.getImageData(0, 0, canvas.width, canvas.height) ?? { data: [] };
    const found = new Set<string>();
    for (let at = 0; at < data.length; at += 4) if ((data[at + 3] ?? 0) === 255) found.add(`${data[at]},${data[at + 1]},${data[at + 2]}`);
    return found.size;
  });
  expect(colours).toBeGreaterThan(1);
});

test("marks, the range and filters with names are there again after a restart", async ({ window }) => {
  const { page } = window;
  await three(window);
  await page.keyboard.press("Control+j");
  await page.keyboard.press("ArrowLeft");
  await page.keyboard.press("m");
  await page.keyboard.press("i");
  await page.keyboard.press("o");
  await expect(page.getByTestId("marks")).toContainText("1 mark");
  await page.keyboard.press("/");
  await page.keyboard.type("is:request orders");
  await page.keyboard.press("Enter");
  await page.getByTestId("saved-filters").press("Enter");
  const dialog = page.getByRole("dialog", { name: "Saved filters" });
  await dialog.getByLabel("Name for").fill("All orders");
  await page.keyboard.press("Enter");
  await expect(dialog.getByRole("list", { name: "Saved filters" })).toContainText("All orders");
  await page.keyboard.press("Escape");
  await expect.poll(() => page.evaluate(() => sessionStorage.getItem("sandglass.bookmarks") ?? "")).toContain("All orders");
  await page.reload();
  await expect(page.getByTestId("marks")).toContainText("1 mark");
  await expect(page.getByTestId("range")).toBeVisible();
  await expect(page.getByTestId("filter")).toHaveValue("is:request orders");
  await page.getByTestId("filter").press("Escape");
  await page.getByTestId("saved-filters").press("Enter");
  await dialog.getByRole("button", { name: /^All orders/ }).press("Enter");
  await expect(page.getByTestId("filter")).toHaveValue("is:request orders");
  await page.getByTestId("saved-filters").click();
  await dialog.getByRole("button", { name: "Forget All orders" }).click();
  await expect(dialog).toContainText("None is saved yet.");
});

test("what happens is said aloud, a storm in one sentence", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("spoken")).toContainText("R1 · GET orders · Answered in");
  await page.getByTestId("expire-now").press("Enter");
  for (let sent = 0; sent < 4; sent += 1) await page.keyboard.press("Control+Enter");
  await expect(page.getByTestId("spoken")).toHaveText(/[2-5] requests, 1 refresh(, \d joined)?/);
});

test("a row of the story is marked by key, and the mark is found again", async ({ window }) => {
  const { page } = window;
  await three(window, "view=story");
  await page.locator("li[data-row] .head", { hasText: "R2" }).focus();
  await page.keyboard.press("m");
  await expect(page.locator("li[data-row]", { hasText: "R2" }).first()).toContainText("marked");
  await page.getByRole("button", { name: "Go to the next of 1 mark" }).press("Enter");
  await expect(page.getByTestId("event")).toContainText("R2");
  await page.getByRole("button", { name: "Take all marks away" }).press("Enter");
  await expect(page.getByTestId("marks")).toHaveCount(0);
});
