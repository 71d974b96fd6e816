// Every key of the window, for the help and for the ear that listens to them.

/** A key and what it does. */
export interface KeyWords {
  keys: string[];
  does: string;
}

/** Keys that work anywhere in the window. */
export const ANYWHERE: KeyWords[] = [
  { keys: ["Ctrl", "Enter"], does: "Send the request" },
  { keys: ["Esc"], does: "Stop the request" },
  { keys: ["Ctrl", "L"], does: "Go to the address" },
  { keys: ["Ctrl", "1…9"], does: "Choose a session" },
  { keys: ["Ctrl", "Shift", "R"], does: "Refresh the session's token now" },
  { keys: ["Ctrl", "O"], does: "Import a file, a folder or a text" },
  { keys: ["Ctrl", "Shift", "C"], does: "Show the request as code" },
  { keys: ["Ctrl", "Shift", "U"], does: "Ask for a second opinion on the answer" },
  { keys: ["Ctrl", "J"], does: "Go to the timeline" },
  { keys: ["Ctrl", "I"], does: "Go to the inspector" },
  { keys: ["Ctrl", "Shift", "Y"], does: "Look at a token that you paste" },
  { keys: ["Ctrl", "Shift", "L"], does: "Show the token's lineage" },
  { keys: ["Ctrl", "Shift", "F"], does: "Find a fault in the fault lab" },
  { keys: ["Ctrl", "Shift", "O"], does: "Switch all faults off" },
  { keys: ["F6"], does: "Go to the next region (Shift: the one before)" },
  { keys: ["F1"], does: "Show these keys" },
];

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
  { keys: ["Space"], does: "Fold a session's lanes, or show all its requests" },
  { keys: ["P"], does: "Keep the lane at the top" },
  { keys: ["Alt", "↑↓"], does: "Move the session up, down" },
];
