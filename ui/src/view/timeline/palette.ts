// The colours of a canvas, read from the style of the page: a canvas knows no custom properties, and in forced colours the
// system's own names stand in for all of ours.

const NAMES = [
  "surface", "bg", "line", "control", "text", "muted", "accent", "focus", "ok", "warn", "error", "refresh",
  "gen-1", "gen-2", "gen-3", "gen-4", "gen-5", "gen-6",
] as const;

/** The name of a colour in `tokens.css`. */
export type Ink = (typeof NAMES)[number];

/** What a painter paints with. */
export interface Palette {
  ink: Record<Ink, string>;
  /** Colours are the system's: shapes are told apart by outline and hatch alone. */
  forced: boolean;
  font: string;
  mono: string;
  strongMono: string;
  strong: string;
}

const SYSTEM: Partial<Record<Ink, string>> = { surface: "Canvas", bg: "Canvas", line: "GrayText", muted: "CanvasText", accent: "Highlight", focus: "Highlight", refresh: "LinkText" };

/** Reads the palette as it stands. `probe` is an element of the page that nobody sees. */
export function readPalette(probe: HTMLElement): Palette {
  const forced = matchMedia("(forced-colors: active)").matches;
  const style = getComputedStyle(probe);
  const ink = Object.fromEntries(NAMES.map((name) => {
    probe.style.color = forced ? (SYSTEM[name] ?? "CanvasText") : `var(--${name})`;
    return [name, style.color];
  })) as Record<Ink, string>;
  const size = `${Number.parseFloat(getComputedStyle(document.documentElement).fontSize) * 0.75}px`;
  const [font, mono] = ["--font", "--mono"].map((name) => style.getPropertyValue(name));
  return { ink, forced, font: `${size} ${font}`, mono: `${size} ${mono}`, strongMono: `600 ${size} ${mono}`, strong: `600 ${size} ${font}` };
}

/** Calls back when the palette may have changed; answers what ends that. */
export function watchPalette(changed: () => void): () => void {
  const queries = ["(forced-colors: active)", "(prefers-color-scheme: dark)"].map((query) => matchMedia(query));
  for (const query of queries) query.addEventListener("change", changed);
  const themes = new MutationObserver(changed);
  themes.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme"] });
  return () => {
    for (const query of queries) query.removeEventListener("change", changed);
    themes.disconnect();
  };
}
