// Where in a JSON text something stands, as a JSON pointer (RFC 6901), without building the value.

/** The value that holds this place, by its pointer, and where its text is. Null: no value does. */
export function pointerAt(text: string, at: number): { pointer: string; from: number; to: number } | null {
  const path: (string | number)[] = [];
  let found: { pointer: string; from: number; to: number } | null = null;
  let here = 0;
  const skip = () => {
    while (/\s/.test(text[here] ?? "")) here += 1;
  };
  const string = (): string => {
    const from = here;
    for (here += 1; here < text.length && text[here] !== '"'; here += 1) if (text[here] === "\\") here += 1;
    here += 1;
    return text.slice(from, here);
  };
  const value = (entry: number): void => {
    skip();
    const from = here;
    const open = text[here];
    if (open === "{" || open === "[") {
      here += 1;
      for (let index = 0; here < text.length; index += 1) {
        skip();
        if (text[here] === "}" || text[here] === "]") break;
        const begun = here;
        if (open === "{") {
          path.push(nameOf(string()));
          skip();
          here += 1;
        } else path.push(index);
        value(begun);
        path.pop();
        skip();
        if (text[here] === ",") here += 1;
        else break;
      }
      here += 1;
    } else if (open === '"') string();
    else while (here < text.length && !/[\s,\]}]/.test(text[here] as string)) here += 1;
    // The innermost comes first: the name of a member counts as its value.
    if (found === null && at >= entry && at <= here) found = { pointer: path.map((part) => `/${String(part).replace(/~/g, "~0").replace(/\//g, "~1")}`).join(""), from, to: here };
  };
  try {
    value(0);
  } catch {
    return null;
  }
  return found;
}

function nameOf(quoted: string): string {
  try {
    return JSON.parse(quoted) as string;
  } catch {
    return quoted;
  }
}
