// Every command of the window, in one table: what it is called, and its keys as they come with the program. The palette, the
// keys and the help all read it.

/** A command's name. */
export type CommandId = (typeof COMMANDS)[number]["id"];

/** What it is called, what else it may be looked for as, and its keys; an empty text: none. */
export const COMMANDS = [
  { id: "palette", does: "Search, or run a command", also: "palette find", keys: "Ctrl+K" },
  { id: "send", does: "Send the request", also: "run submit", keys: "Ctrl+Enter" },
  { id: "stop", does: "Stop the request", also: "cancel abort", keys: "Escape" },
  { id: "save", does: "Save the request", also: "write file", keys: "Ctrl+S" },
  { id: "rename", does: "Rename or move the request", also: "collection folder", keys: "" },
  { id: "duplicate", does: "Duplicate the request", also: "copy", keys: "" },
  { id: "delete", does: "Delete the request", also: "remove", keys: "" },
  { id: "new-tab", does: "New tab", also: "new request", keys: "Ctrl+T" },
  { id: "close-tab", does: "Close the tab", also: "", keys: "Ctrl+W" },
  { id: "next-tab", does: "Next tab", also: "", keys: "Ctrl+Tab" },
  { id: "previous-tab", does: "Previous tab", also: "", keys: "Ctrl+Shift+Tab" },
  { id: "address", does: "Go to the address", also: "url", keys: "Ctrl+L" },
  { id: "new-session", does: "New session", also: "sign in oauth", keys: "" },
  { id: "refresh", does: "Refresh the session's token now", also: "", keys: "Ctrl+Shift+R" },
  { id: "sign-in", does: "Sign in", also: "login", keys: "" },
  { id: "sign-out", does: "Sign out", also: "logout", keys: "" },
  { id: "import", does: "Import a file, a folder or a text", also: "openapi postman insomnia bruno har", keys: "Ctrl+O" },
  { id: "code", does: "Show the request as code", also: "curl javascript python", keys: "Ctrl+Shift+C" },
  { id: "opinion", does: "Ask for a second opinion on the answer", also: "another client compare", keys: "Ctrl+Shift+U" },
  { id: "history", does: "Search what was sent before", also: "history resend", keys: "Ctrl+H" },
  { id: "save-body", does: "Save the body of the answer", also: "download response", keys: "" },
  { id: "requests", does: "Go to the saved requests", also: "collections sidebar", keys: "Ctrl+B" },
  { id: "timeline", does: "Go to the timeline", also: "events", keys: "Ctrl+J" },
  { id: "inspector", does: "Go to the inspector", also: "token claims", keys: "Ctrl+I" },
  { id: "inspect", does: "Look at a token that you paste", also: "jwt decode", keys: "Ctrl+Shift+Y" },
  { id: "compare", does: "Compare the answer with the one before", also: "diff sessions side by side", keys: "Ctrl+Shift+D" },
  { id: "lineage", does: "Show the token's lineage", also: "generations", keys: "Ctrl+Shift+L" },
  { id: "faults", does: "Find a fault in the fault lab", also: "lab", keys: "Ctrl+Shift+F" },
  { id: "faults-off", does: "Switch all faults off", also: "lab", keys: "Ctrl+Shift+O" },
  { id: "next-region", does: "Go to the next region", also: "", keys: "F6" },
  { id: "previous-region", does: "Go to the region before", also: "", keys: "Shift+F6" },
  { id: "theme-light", does: "Light theme", also: "colours appearance", keys: "" },
  { id: "theme-dark", does: "Dark theme", also: "colours appearance", keys: "" },
  { id: "theme-system", does: "Theme like the system", also: "colours appearance", keys: "" },
  { id: "help", does: "Keys and names", also: "help shortcuts settings remap", keys: "F1" },
] as const satisfies readonly { id: string; does: string; also: string; keys: string }[];
