// Builds the view: `dist` for the product, and, in mode `fake`, `dist-fake` with a played engine for tests and for work on the look.
import { svelte } from "@sveltejs/vite-plugin-svelte";
import { defineConfig } from "vitest/config";

/** The policy of the real window (the host sets it there), so that tests run under it. */
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data: blob:; connect-src 'none'; base-uri 'none'; form-action 'none'; object-src 'none'; require-trusted-types-for 'script'";

export default defineConfig(({ mode }) => {
  const fake = mode === "fake";
  return {
    plugins: [
      svelte(),
      {
        name: "policy",
        apply: "build",
        transformIndexHtml: (html) => (fake ? html.replace("<meta charset", `<meta http-equiv="Content-Security-Policy" content="${POLICY}" />\n    <meta charset`) : html),
      },
    ],
    clearScreen: false,
    resolve: mode === "test" ? { conditions: ["browser"] } : {},
    server: { host: "127.0.0.1", port: 1420, strictPort: true },
    build: {
      target: "es2023",
      outDir: fake ? "dist-fake" : "dist",
      emptyOutDir: true,
      // Fonts and pictures stay files: the window's policy allows `font-src 'self'` only.
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      chunkSizeWarningLimit: 900,
      rollupOptions: { input: fake ? "fake.html" : "index.html" },
    },
    test: { include: ["src/**/*.test.ts"] },
  };
});
