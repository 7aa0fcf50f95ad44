/** Most arrays and objects inside one another that outside JSON may have; honest replies and question files have fewer than ten. */
export const MOST_JSON_DEPTH = 64;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENING = new Set([0x5b, 0x7b]);
const CLOSING = new Set([0x5d, 0x7d]);

/** Whether a JSON text nests arrays and objects deeper than `most`; one pass, before anything is parsed. */
export function isNestedDeeper(text: string, most = MOST_JSON_DEPTH): boolean {
  let depth = 0;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) {
      at++;
      while (at < text.length && text.charCodeAt(at) !== QUOTE) at += text.charCodeAt(at) === BACKSLASH ? 2 : 1;
    } else if (OPENING.has(code)) {
      depth++;
      if (depth > most) return true;
    } else if (CLOSING.has(code)) depth--;
  }
  return false;
}

type Reviver = (this: unknown, key: string, value: unknown, context?: { readonly source?: string }) => unknown;

/**
 * Parses JSON from outside, which whatever walks it afterwards (a reviver, `JSON.stringify`, a search) can walk without running out of stack.
 *
 * @throws {SyntaxError} where it is not JSON, or nested deeper than {@link MOST_JSON_DEPTH}.
 */
export function parseJson(text: string, reviver?: Reviver): unknown {
  if (isNestedDeeper(text)) throw new SyntaxError(`it is nested deeper than ${MOST_JSON_DEPTH} levels`);
  return JSON.parse(text, reviver);
}

/** Like {@link parseJson}; undefined where it throws. */
export function tryParseJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
