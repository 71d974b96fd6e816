// The keys of the timeline, for the help. Those of the whole window are in `commands.ts`.

/** A key and what it does. */
export interface KeyWords {
  keys: string[];
  does: string;
}

/** Keys that work while the timeline has the focus. */
export const LANES: KeyWords[] = [
  { keys: ["←", "→"], does: "Event before, event after (also , and .)" },
  { keys: ["↑", "↓"], does: "Lane above, lane below" },
  { keys: ["Enter"], does: "Show the event in the inspector" },
  { keys: ["[", "]"], does: "Follow the cause, follow the effect" },
  { keys: ["W", "S"], does: "Zoom in, zoom out (also + and -)" },
  { keys: ["A", "D"], does: "Earlier, later (also Shift with ← and →)" },
  { keys: ["0"], does: "Fit everything" },
  { keys: ["F"], does: "Put the event in the middle" },
  { keys: ["L"], does: "Follow live, or stand still (Esc too)" },
  { keys: ["/"], does: "Filter" },
  { keys: ["N"], does: "Next match (Shift: the one before)" },
  { keys: ["E"], does: "Next failure" },
  { keys: ["M"], does: "Mark the event" },
  { keys: ["I", "O"], does: "Begin a range, end it" },
  { keys: ["R"], does: "Send the request again" },
  { keys: ["C"], does: "Compare the request with the one before" },
  { keys: ["Space"], does: "Fold a session's lanes, or show all its requests" },
  { keys: ["P"], does: "Keep the lane at the top" },
  { keys: ["Alt", "↑↓"], does: "Move the session up, down" },
];
