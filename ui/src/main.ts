// The product's page: the view over the real engine.
import { tauri } from "./backend/tauri";
import { start } from "./start";

start(tauri);
