// Finding by a few letters: every word of the question is in the text, at the start of a word or letter after letter.

/** Something to be found, with what it is looked for by in small letters. */
export interface Findable {
  text: string;
  /** Looked in too, where the text itself has nothing. */
  more?: string;
}

/** How well a text answers a question; higher is better. Null: not at all. */
export function score(question: string, text: string): number | null {
  let sum = 0;
  for (const word of question.toLowerCase().split(/\s+/).filter(Boolean)) {
    const own = scoreOfWord(word, text.toLowerCase());
    if (own === null) return null;
    sum += own;
  }
  return sum;
}

function scoreOfWord(word: string, text: string): number | null {
  const at = text.indexOf(word);
  if (at >= 0) return (at === 0 ? 100 : isStart(text, at) ? 80 : 60) - Math.min(20, text.length / 16);
  // Letter after letter, each as early as it can be; starts of words count more, gaps count less.
  let [from, points] = [0, 0];
  for (const letter of word) {
    const found = text.indexOf(letter, from);
    if (found < 0) return null;
    points += isStart(text, found) ? 6 : found === from ? 3 : 1;
    from = found + 1;
  }
  const share = points / (word.length * 6);
  return share < 0.45 ? null : 40 * share - Math.min(10, text.length / 32);
}

function isStart(text: string, at: number): boolean {
  return at === 0 || !/[\p{L}\p{N}]/u.test(text[at - 1] as string);
}

/** The best answers, best first; those that are as good stay in their order. */
export function best<T extends Findable>(question: string, among: readonly T[], most: number): T[] {
  if (question.trim() === "") return among.slice(0, most);
  const found: { one: T; points: number; index: number }[] = [];
  for (let index = 0; index < among.length; index += 1) {
    const one = among[index] as T;
    const points = score(question, one.text) ?? (one.more ? less(score(question, `${one.text} ${one.more}`)) : null);
    if (points !== null) found.push({ one, points, index });
  }
  return found.sort((a, b) => b.points - a.points || a.index - b.index).slice(0, most).map(({ one }) => one);
}

const less = (points: number | null) => (points === null ? null : points - 30);
