// Recomputes the contrast of every pair of colours that text and marks rely on, in light and dark, from the token file.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const css = readFileSync(new URL("./tokens.css", import.meta.url), "utf8");
const colours = new Map([...css.matchAll(/--([\w-]+): light-dark\((#[0-9A-F]{6}), (#[0-9A-F]{6})\);/gi)].map(([, name, light, dark]) => [name as string, [light as string, dark as string] as const]));

type Rgb = [number, number, number];
const parse = (hex: string): Rgb => [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16)) as Rgb;
const mix = (over: Rgb, under: Rgb, share: number): Rgb => over.map((value, index) => value * share + (under[index] as number) * (1 - share)) as Rgb;

function luminance(rgb: Rgb): number {
  const [r, g, b] = rgb.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function contrast(a: Rgb, b: Rgb): number {
  const [high, low] = [luminance(a), luminance(b)].sort((x, y) => y - x) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

const colour = (name: string, theme: 0 | 1): Rgb => {
  const found = colours.get(name);
  if (!found) throw new Error(`tokens.css has no colour ${name}`);
  return parse(found[theme]);
};

const SURFACES = ["bg", "surface", "raised", "hover"];
const pairs: [string, string, number][] = [
  ...SURFACES.flatMap((under): [string, string, number][] => [["text", under, 9], ["muted", under, 4.5], ["accent", under, 4.5], ["control", under, under === "hover" ? 2.8 : 3]]),
  ...["ok", "warn", "error", "refresh"].flatMap((tone): [string, string, number][] => [[tone, "surface", 4.5], [tone, "bg", 4.5], [tone, `${tone}-soft`, 4.5]]),
  ["text", "error-soft", 7], ["muted", "warn-soft", 4.5], ["text", "accent-soft", 7], ["muted", "accent-soft", 4.5], ["muted", "sunken", 4.5],
  ["on-accent", "accent", 4.5], ["focus", "surface", 3], ["focus", "bg", 3],
  ...[1, 2, 3, 4, 5, 6].map((n): [string, string, number] => [`gen-${n}`, "surface", 3]),
];

for (const [theme, name] of [[0, "light"], [1, "dark"]] as const) {
  test.each(pairs)(`in ${name}, %s on %s reaches %d`, (over, under, least) => {
    expect(contrast(colour(over, theme), colour(under, theme))).toBeGreaterThanOrEqual(least);
  });

  test(`in ${name}, text stays readable on every band, also where it is hatched`, () => {
    for (let n = 1; n <= 6; n += 1) {
      const band = mix(colour(`gen-${n}`, theme), colour("surface", theme), 0.15);
      expect(contrast(colour("text", theme), band)).toBeGreaterThanOrEqual(9);
      const hatched = mix(colour(`gen-${n}`, theme), band, 0.27);
      expect(contrast(colour("text", theme), hatched)).toBeGreaterThanOrEqual(4.5);
    }
  });
}
