// Where a text stops being JSON (RFC 8259), and what should have stood there.

/** A place in a text, and what was expected at it. */
export interface FirstFault {
  at: number;
  expected: string;
}

const SPACE = /[ \t\n\r]*/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
const SCALAR = /(?:-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null)(?![\w.])/y;

/** Looks for the first fault of a text that is known to have one. */
export function firstFault(text: string): FirstFault {
  /** The containers that are open: what closes each. */
  const open: string[] = [];
  let at = 0;
  let expects: "value" | "name" | "next" = "value";
  /** Right after an opening sign, the container may also be closed. */
  let fresh = false;
  const take = (shape: RegExp) => {
    shape.lastIndex = at;
    const found = shape.exec(text);
    if (found) at = shape.lastIndex;
    return found !== null;
  };
  for (;;) {
    take(SPACE);
    const sign = text[at];
    const close = open.at(-1);
    if (fresh && sign === close) {
      at += 1;
      open.pop();
      expects = "next";
      fresh = false;
    } else if (expects === "name") {
      if (!take(STRING)) return { at, expected: fresh ? "a name in quotes or }" : "a name in quotes" };
      take(SPACE);
      if (text[at] !== ":") return { at, expected: "a colon" };
      at += 1;
      expects = "value";
      fresh = false;
    } else if (expects === "value") {
      if (sign === "{" || sign === "[") {
        at += 1;
        open.push(sign === "{" ? "}" : "]");
        expects = sign === "{" ? "name" : "value";
        fresh = true;
      } else if (take(STRING) || take(SCALAR)) {
        expects = "next";
        fresh = false;
      } else return { at, expected: "a value" };
    } else if (close === undefined) return { at, expected: "the end" };
    else if (sign === ",") {
      at += 1;
      expects = close === "}" ? "name" : "value";
    } else if (sign === close) {
      at += 1;
      open.pop();
    } else return { at, expected: `a comma or ${close}` };
  }
}
