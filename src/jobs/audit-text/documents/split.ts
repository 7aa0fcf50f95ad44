/** What stands between two separators. */
export interface SplitPart {
  /** Number of the part, from 0. */
  readonly part: number;
  /** Its own memory. */
  readonly bytes: Buffer;
  /** It is longer than it may be, and `bytes` is empty. */
  readonly cut: boolean;
}

/**
 * Splits a stream of bytes at a separator, wherever the stream's own pieces end.
 *
 * @param most longest part; of one that is longer nothing is kept
 */
export async function* splitAt(
  pieces: AsyncIterable<Uint8Array>,
  { separator, most }: { readonly separator: Buffer; readonly most: number },
): AsyncGenerator<SplitPart> {
  let kept: Buffer[] = [];
  let size = 0;
  let part = 0;
  let cut = false;
  /** End of what was kept, in which a separator may have begun. */
  let tail = Buffer.alloc(0);
  const keep = (bytes: Buffer): void => {
    size += bytes.length;
    if (size > most + separator.length) {
      cut = true;
      kept = [];
    } else if (!cut) kept.push(Buffer.from(bytes));
  };
  const take = (): SplitPart => {
    const bytes = cut ? Buffer.alloc(0) : Buffer.concat(kept);
    const taken = { part: part++, bytes, cut };
    kept = [];
    size = 0;
    cut = false;
    tail = Buffer.alloc(0);
    return taken;
  };
  for await (const piece of pieces) {
    let rest = Buffer.concat([tail, piece]);
    if (tail.length > 0) {
      // What was kept of it comes again with the piece.
      size -= tail.length;
      const last = kept.pop();
      if (last !== undefined) kept.push(last.subarray(0, last.length - tail.length));
    }
    for (let at = rest.indexOf(separator); at >= 0; at = rest.indexOf(separator)) {
      keep(rest.subarray(0, at));
      yield take();
      rest = rest.subarray(at + separator.length);
    }
    keep(rest);
    tail = Buffer.from(rest.subarray(Math.max(0, rest.length - separator.length + 1)));
  }
  if (size > 0 || part === 0) yield take();
}
