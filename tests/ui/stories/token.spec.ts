// The token inspector: its lineage, what may be done with the token, and any token that is pasted.
import { expect, test } from "./window";

const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwt = (claims: unknown, header: unknown = { alg: "RS256", kid: "k-1" }) => `${encode(header)}.${encode(claims)}.c2lnbmF0dXJl`;

test("a token is read in four forms of time, and its signature is called what it is", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  const pane = page.getByRole("complementary");
  await expect(pane.locator("dt", { hasText: /^exp$/ }).locator("+ dd")).toHaveText(/\d\d:\d\d:\d\d in \d+ s\d\d:\d\d:\d\d UTC · \d{10}/);
  await expect(page.getByTestId("signature")).toContainText("not checked");
  await expect(pane).toContainText("Refresh token: never shown here.");
});

test("copy and reveal are acts of the engine, and are told", async ({ window: { page, open, signIn, story } }) => {
  await open();
  await signIn();
  await page.getByTestId("copy-token").press("Enter");
  await expect(page.getByTestId("copy-token")).toHaveText("Copied");
  await page.getByTestId("reveal-token").press("Enter");
  await page.getByTestId("timeline-story").click();
  await expect.poll(async () => (await story()).join(" ")).toContain("shown outside the window");
});

test("the lineage names each generation, what gave it and what changed", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  await page.getByTestId("refresh-now").click();
  await expect(page.getByTestId("session-demo")).toContainText("G2");
  await page.keyboard.press("Control+Shift+L");
  const lineage = page.getByTestId("lineage");
  await expect(lineage.locator("[data-generation]")).toHaveCount(2);
  await expect(lineage.locator("[data-generation='1']")).toContainText("from sign-in");
  await expect(lineage.locator("[data-generation='2']")).toContainText(/from F1 in \d+ ms/);
  await expect(lineage.locator("[data-generation='2']")).toContainText("scope admin");
  await lineage.getByRole("button", { name: "F1" }).click();
  await expect(page.getByTestId("event")).toContainText("F1");
});

test("any two generations are compared, by keys alone", async ({ window: { page, open, signIn } }) => {
  await open();
  await signIn();
  for (const generation of ["G2", "G3"]) {
    await page.keyboard.press("Control+Shift+R");
    await expect(page.getByTestId("session-demo")).toContainText(generation);
  }
  await page.keyboard.press("Control+Shift+L");
  const between = page.getByTestId("between");
  await expect(between).toContainText("From G1 to G3");
  await expect(between.locator("[data-sign='-']")).toContainText("scope admin");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await expect(page.getByLabel("From generation")).toBeFocused();
  await page.keyboard.press("ArrowDown");
  await expect(between).not.toContainText("From G1 to G3");
  await expect(between.locator("[data-sign='-']")).toHaveCount(0);
  await page.getByLabel("to generation").selectOption("1");
  await expect(between).toContainText("From G2 to G1");
  await expect(between.locator("[data-sign='+']")).toContainText("scope admin");
});

/** N10 to N14, N55: whatever a token says is text, cut with a note, and explained. */
for (const [name, token, form, words] of [
  ["HTML in a claim", jwt({ exp: 1, name: "<img src=x onerror=window.hit=1>" }), "jwt", "<img src=x onerror=window.hit=1>"],
  ["marks that turn text", jwt({ exp: 1, name: "user\u202egpj.exe" }), "jwt", "user⟨U+202E⟩gpj.exe"],
  ["a key of ten kilobytes", jwt({ exp: 1, ["k".repeat(10_000)]: 1 }), "jwt", "1 part is too long to be shown whole."],
  ["exp in milliseconds", jwt({ exp: 1_795_431_674_000 }), "jwt", "Its exp is in milliseconds."],
  ["a negative exp", jwt({ exp: -5 }), "jwt", "Its exp is before 1970."],
  ["no exp", jwt({ sub: "u" }), "jwt", "It does not say when it expires."],
  ["alg none", `${encode({ alg: "none" })}.${encode({ exp: 1 })}.`, "jwt", "anybody could have written it"],
  ["a claim that says verified", jwt({ exp: 1, verified: true }), "jwt", "not checked"],
  ["five parts", `${encode({ alg: "RSA-OAEP", enc: "A256GCM" })}.a.b.c.d`, "encrypted", "An encrypted JWT, in five parts."],
  ["an opaque token", "gho_16C7e42F292c6912E7710c838347Ae178B4a", "opaque", "Opaque: only its server can read it."],
  ["no token at all", "two words", "not_a_token", "This is no token"],
] as const) {
  test(`${name} is explained`, async ({ window: { page, open } }) => {
    await open("folder");
    await page.keyboard.press("Control+Shift+Y");
    const dialog = page.getByRole("dialog", { name: "Look at a token" });
    await dialog.getByRole("textbox", { name: "Token", exact: true }).fill(token);
    await page.keyboard.press("Enter");
    const inspected = dialog.getByTestId("inspected");
    await expect(inspected).toHaveAttribute("data-form", form);
    for (const more of await inspected.locator("summary").all()) await more.click();
    await expect(inspected).toContainText(words);
    await expect(dialog.getByRole("textbox", { name: "Token", exact: true })).toHaveValue("");
    expect(await page.evaluate(() => "hit" in window)).toBe(false);
    expect(await page.content()).not.toContain("c2lnbmF0dXJl");
  });
}
