// Whether a pasted text is no address but something to import. The engine decides what it is; this only tells it from a line.

/** Words that stand at the beginning of every format, as JSON or as YAML. */
const SIGNS = /["']?\b(openapi|swagger|_postman_id|schema\.getpostman\.com|insomnia\.rest|__export_format|entries)\b/;

/** How much of a text is looked at, in characters. */
const LOOKED_AT = 4_000;

/** Several lines, or one long object, with a word that a format has. */
export function isCollection(text: string): boolean {
  const head = text.trim().slice(0, LOOKED_AT);
  const isObject = head.startsWith("{");
  const isYaml = head.includes("\n") && /^[\w$"'#%-]/.test(head) && !/^\s*(\S*[/\\])?curl\b/.test(head);
  const isBruno = /^meta\s*\{/.test(head);
  return isBruno || ((isObject || isYaml) && SIGNS.test(head));
}
