import { getHeapStatistics } from 'node:v8';

/** Bytes of the heap that a value takes with all copies that are made of it on the way; tried with lists of empty lists, of texts and of numbers. */
const BYTES_A_VALUE = 200;
/** A name within an object takes as much as a value; as much as three where all names are different and a reviver looks at each. */
const NAME = { plain: 1, revived: 3 } as const;

const COMMA = 0x2c;
const COLON = 0x3a;
const OPENING: ReadonlySet<number> = new Set([0x5b, 0x7b]);

/** How many values the memory of this process is good for: V8 ends a process whose heap is full, and nothing can catch that. */
export function mostValues(): number {
  return Math.floor(getHeapStatistics().heap_size_limit / BYTES_A_VALUE);
}

/**
 * Why a JSON text is not parsed, as half a sentence; null where it can be. One pass that counts values and names, at least as many as there are.
 *
 * @param revived whether a reviver will look at every value
 */
export function tooManyValues(text: string, { revived = false }: { readonly revived?: boolean } = {}): string | null {
  const most = mostValues();
  const name = revived ? NAME.revived : NAME.plain;
  // Every value and name takes a character at least, so that short texts need no count.
  if (text.length * name <= most) return null;
  let values = 1;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === COMMA || OPENING.has(code)) values++;
    else if (code === COLON) values += name;
  }
  return values <= most ? null : 'more values and names than the memory of this process is good for';
}
