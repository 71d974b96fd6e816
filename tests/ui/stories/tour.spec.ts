// The first start and the tour, by keyboard alone.
import { expect, test } from "./window";

test("the first start has the tour's button under the finger, and Enter runs it", async ({ window: { page, open } }) => {
  await open("theme=light");
  await expect(page.getByTestId("run-tour")).toBeFocused();
  await expect(page.getByTestId("url")).toHaveValue("http://127.0.0.1:40117/orders?limit=5");
  await page.keyboard.press("Enter");
  const caption = page.getByTestId("caption");
  for (const words of ["You have a token. It lives 6 seconds.", "Requests carry it.", "It has just expired; nothing told the API.", "One refresh, then the same request again."]) {
    await expect(caption).toContainText(words);
  }
  await expect(page.getByTestId("tour")).toHaveAttribute("data-done", "true");
  expect(await page.getByTestId("tour-fact").allTextContents()).toEqual(["G1 by sign-in", "R1 200 with G1", "G1 expired", "R2 401 with G1", "F1 gave G2", "R2 200 with G2"]);
  await expect(page.getByTestId("response-status")).toHaveText(/200/);
  await expect(page.getByTestId("why")).toContainText(/had expired 0\.\d s before this was sent/);
  await expect(page.getByTestId("why")).toContainText(/R2 got 401, F1 refreshed once in \d+ ms for it, and the second attempt was answered with G2\./);
});

test("after the tour, five requests at once share one refresh", async ({ window: { page, open, story } }) => {
  await open("autorun=tour");
  await expect(page.getByTestId("tour")).toHaveAttribute("data-done", "true", { timeout: 20_000 });
  await expect(page.getByTestId("session-demo")).toContainText("expired", { timeout: 15_000 });
  await page.getByTestId("burst").press("Enter");
  await expect(page.getByTestId("tally")).toHaveText("7 requests, 2 refreshes, 4 joined, 0 lost");
  await page.getByTestId("timeline-story").click();
  await expect.poll(async () => (await story()).filter((row) => /401 with G2.*200 with G3/.test(row)).length).toBe(5);
});

test("after the tour, a stolen refresh token ends the session, and signing in again brings it back", async ({ window: { page, open } }) => {
  await open("autorun=tour");
  await expect(page.getByTestId("tour")).toHaveAttribute("data-done", "true", { timeout: 20_000 });
  await page.getByTestId("steal").click();
  await expect(page.getByTestId("session-demo")).toHaveText("Sign in again");
  await expect(page.getByTestId("why")).toContainText("the server ended the session (invalid_grant). Your record is kept.");
  await page.getByTestId("why-signed-out").getByRole("button", { name: /The token endpoint answered 401/ }).click();
  await expect(page.getByTestId("event")).toContainText("The server says that the refresh token is dead.");
  await page.getByRole("button", { name: "Sign in", exact: true }).first().click();
  await expect(page.getByTestId("session-demo")).toContainText("G1");
});

test("the tour can be stopped", async ({ window: { page, open } }) => {
  await open("autorun=tour");
  await page.getByRole("button", { name: "Stop the tour" }).click();
  await expect(page.getByTestId("caption")).toContainText("The tour was stopped.");
});
