// The window itself: regions, sizes, themes, enlargement, a thousand requests.
import { expect, test } from "./window";

test("F6 goes round the regions, and each is a landmark", async ({ window: { page, open } }) => {
  await open("folder");
  const names: string[] = [];
  for (let pressed = 0; pressed < 5; pressed += 1) {
    await page.keyboard.press("F6");
    names.push(await page.evaluate(() => document.activeElement?.getAttribute("aria-label") ?? ""));
  }
  expect(names).toEqual(["Sessions, requests and history", "Request and response", "Inspector", "Timeline", "Sessions, requests and history"]);
});

test("panes are sized by key and by drag, and the size is saved", async ({ window: { page, open } }) => {
  await open("folder");
  const line = page.getByRole("separator", { name: "Height of the timeline" });
  await line.press("ArrowUp");
  await expect(line).toHaveAttribute("aria-valuenow", "284");
  const box = await line.boundingBox();
  if (!box) throw new Error("the line has a place");
  await page.mouse.move(box.x + 300, box.y + 3);
  await page.mouse.down();
  await page.mouse.move(box.x + 300, box.y - 37, { steps: 4 });
  await page.mouse.up();
  await expect(line).toHaveAttribute("aria-valuenow", "324");
  await expect.poll(() => page.evaluate(() => (window as unknown as { play: { saved: { timeline_height_px: number }[] } }).play.saved.at(-1)?.timeline_height_px)).toBe(324);
});

test("the theme follows the system until one is chosen", async ({ window: { page, open } }) => {
  await page.emulateMedia({ colorScheme: "dark" });
  await open("folder");
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  expect(await background()).toBe("rgb(18, 21, 26)");
  await page.getByRole("button", { name: "Theme" }).press("Enter");
  await page.getByRole("menuitemradio", { name: "Light", exact: true }).click();
  await expect.poll(background).toBe("rgb(246, 247, 249)");
});

test("below 900 pixels the inspector is a drawer", async ({ window: { page, open } }) => {
  await page.setViewportSize({ width: 820, height: 640 });
  await open("folder");
  await expect(page.getByRole("complementary")).toBeHidden();
  await page.getByRole("button", { name: "Inspector" }).click();
  await expect(page.getByRole("complementary")).toBeVisible();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("complementary")).toBeHidden();
});

for (const [zoom, width, height] of [["200 %", 640, 400], ["400 %", 320, 256]] as const) {
  test(`at ${zoom} everything is in one column, and nothing is cut off sideways`, async ({ window: { page, open } }) => {
    await page.setViewportSize({ width, height });
    await open("folder");
    const wide = await page.locator(".window").evaluate((window) => window.scrollWidth - window.clientWidth);
    expect(wide).toBeLessThanOrEqual(0);
    for (const part of ["send", "inspector-token", "timeline-story"]) {
      await page.getByTestId(part).scrollIntoViewIfNeeded();
      await expect(page.getByTestId(part)).toBeInViewport();
    }
  });
}

test("a thousand requests at once are one refresh, and the window stays usable", async ({ window: { page, open, signIn } }) => {
  await open("view=lanes");
  await signIn();
  await expect(page.getByTestId("session-demo")).toContainText("expired", { timeout: 15_000 });
  await page.evaluate(() => {
    const { call } = (window as unknown as { play: { call: (name: string, args: object) => Promise<unknown> } }).play;
    const draft = { method: "GET", url: "http://127.0.0.1:40117/orders?limit=5", headers: [], body: null, session: "demo", allow_without_token: false };
    for (let sent = 0; sent < 1_000; sent += 1) void call("send_request", draft);
  });
  await expect(page.getByTestId("tally")).toHaveText("1,000 requests, 1 refresh, 999 joined, 0 lost", { timeout: 30_000 });
  await expect(page.getByText(/\+ 99\d more/)).toBeAttached();
  await page.getByTestId("timeline-story").click();
  await expect(page.getByRole("button", { name: /Show 100 earlier rows/ })).toBeVisible();
  await page.getByRole("button", { name: /R1000/ }).first().click();
});
