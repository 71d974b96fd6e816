// The window in a browser: its files come straight from the build, and nothing else is ever asked for.
import { readFile } from "node:fs/promises";
import { extname, join } from "node:path";
import { type Page, test as base, expect } from "@playwright/test";

const BUILT = new URL("../../../ui/dist-fake/", import.meta.url).pathname;
const PLACE = "http://sandglass.localhost";
const TYPES: Record<string, string> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".woff2": "font/woff2" };

/** The played engine of the page, as far as stories direct it. */
interface Play {
  engine: { manners: { delayMs: number; refresh: string; browser: boolean; refuseAlways: boolean; keychain: string; saysYesMs: number } };
}

/** The window, opened on a stage. */
export interface Opened {
  page: Page;
  /** Opens it, with the stage in the words of `main-fake.ts`. */
  open: (stage?: string) => Promise<void>;
  /** Directs the played server and keychain. */
  direct: (manners: Partial<Play["engine"]["manners"]>) => Promise<void>;
  /** Signs in to the demo with its own user, and waits for the first token. */
  signIn: () => Promise<void>;
  /** The rows of the story, as text. */
  story: () => Promise<string[]>;
}

export const test = base.extend<{ window: Opened }>({
  window: async ({ page }, use) => {
    const complaints: string[] = [];
    page.on("pageerror", (error) => complaints.push(error.message));
    page.on("console", (message) => {
      if (message.type() === "error" || message.type() === "warning") complaints.push(message.text());
    });
    await page.route("**/*", async (route) => {
      const url = new URL(route.request().url());
      if (url.origin !== PLACE) {
        complaints.push(`asked for ${url.href}`);
        return route.abort();
      }
      const body = await readFile(join(BUILT, url.pathname));
      return route.fulfill({ body, contentType: TYPES[extname(url.pathname)] ?? "application/octet-stream" });
    });
    await use({
      page,
      open: async (stage = "") => {
        await page.goto(`${PLACE}/fake.html?${stage}`);
        await expect(page.getByRole("main", { name: "Request and response" })).toBeVisible();
      },
      direct: (manners) => page.evaluate((how) => void Object.assign((window as unknown as { play: Play }).play.engine.manners, how), manners),
      signIn: async () => {
        await page.getByRole("button", { name: "Sign in to demo", exact: true }).first().press("Enter");
        await expect(page.getByTestId("session-demo")).toContainText("G1");
      },
      story: () => page.locator("li[data-row]").evaluateAll((rows) => rows.map((row) => (row.textContent ?? "").replace(/\s+/g, " ").trim())),
    });
    // No error, no warning, no breach of the policy, and no request to anywhere.
    expect(complaints).toEqual([]);
  },
});

export { expect } from "@playwright/test";

/** Presses Tab until this has the focus; fails after too many. */
export async function tabTo(page: Page, selector: string, most = 60): Promise<void> {
  for (let pressed = 0; pressed <= most; pressed += 1) {
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted) ?? false, selector)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error(`${selector} was not reached by ${most} presses of Tab`);
}
