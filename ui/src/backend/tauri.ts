// The door to the real engine. No other file of the view imports the host's packages.
import { Channel, invoke } from "@tauri-apps/api/core";
import type { TimelineBatch } from "../wire/TimelineBatch";
import type { Backend } from "./backend";

/** The engine behind the window. */
export const tauri: Backend = {
  call: (name, args) => invoke(name, { args }),
  watch: async (held, onBatch) => {
    const channel = new Channel<TimelineBatch>(onBatch);
    await invoke("watch_timeline", { args: held, channel });
  },
};
