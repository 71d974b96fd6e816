// Mounts the window's content over whatever engine it is given.
import { mount } from "svelte";
import "./style/fonts.css";
import "./style/tokens.css";
import "./style/base.css";
import type { Backend } from "./backend/backend";
import { App } from "./state/app.svelte";
import Window from "./view/Window.svelte";

/** Puts the view on the page. */
export function start(backend: Backend): void {
  const target = document.getElementById("app");
  if (!target) throw new Error("the page has no place for the view");
  const app = new App(backend);
  mount(Window, { target, props: { app } });
  void app.open();
}
