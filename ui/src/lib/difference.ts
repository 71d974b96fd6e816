// Two texts, line by line: what both have, what only one has. The shortest way from one to the other (Myers, 1986), between
// what they begin and end with alike.

/** One line of a difference. */
export interface DiffLine {
  kind: "same" | "before" | "after";
  text: string;
}

/** More differing lines than this are shown as all removed and all added. */
export const EDITS_MAX = 2_000;

/** The lines of both. */
export function difference(before: string, after: string): DiffLine[] {
  const [a, b] = [before.split("\n"), after.split("\n")];
  let head = 0;
  while (head < a.length && head < b.length && a[head] === b[head]) head += 1;
  let tail = 0;
  while (tail < a.length - head && tail < b.length - head && a[a.length - 1 - tail] === b[b.length - 1 - tail]) tail += 1;
  const line = (kind: DiffLine["kind"]) => (text: string): DiffLine => ({ kind, text });
  return [
    ...a.slice(0, head).map(line("same")),
    ...middle(a.slice(head, a.length - tail), b.slice(head, b.length - tail)),
    ...a.slice(a.length - tail).map(line("same")),
  ];
}

function middle(a: string[], b: string[]): DiffLine[] {
  const most = Math.min(a.length + b.length, EDITS_MAX);
  const ends: Map<number, number>[] = [];
  let reach = new Map([[1, 0]]);
  for (let edits = 0; edits <= most; edits += 1) {
    ends.push(new Map(reach));
    for (let k = -edits; k <= edits; k += 2) {
      const down = k === -edits || (k !== edits && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
      let x = down ? (reach.get(k + 1) ?? 0) : (reach.get(k - 1) ?? 0) + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x += 1;
      reach.set(k, x);
      if (x >= a.length && x - k >= b.length) return walked(a, b, ends, edits);
    }
    reach = new Map(reach);
  }
  return [...a.map((text): DiffLine => ({ kind: "before", text })), ...b.map((text): DiffLine => ({ kind: "after", text }))];
}

function walked(a: string[], b: string[], ends: Map<number, number>[], edits: number): DiffLine[] {
  const lines: DiffLine[] = [];
  let [x, y] = [a.length, b.length];
  for (let step = edits; step >= 0; step -= 1) {
    const reach = ends[step] as Map<number, number>;
    const k = x - y;
    const down = k === -step || (k !== step && (reach.get(k - 1) ?? -1) < (reach.get(k + 1) ?? -1));
    const fromK = down ? k + 1 : k - 1;
    const fromX = step === 0 ? 0 : (reach.get(fromK) ?? 0);
    const fromY = step === 0 ? 0 : fromX - fromK;
    while (x > fromX && y > fromY && x > 0 && y > 0 && a[x - 1] === b[y - 1]) {
      lines.push({ kind: "same", text: a[x - 1] as string });
      x -= 1;
      y -= 1;
    }
    if (step === 0) break;
    if (down) lines.push({ kind: "after", text: b[--y] as string });
    else lines.push({ kind: "before", text: a[--x] as string });
  }
  return lines.reverse();
}
