import { ModelError } from '../model-error.ts';

const NEWLINE = 10;

export interface LineLimits {
  readonly mostLineBytes: number;
  /** Empty lines included. */
  readonly mostBytes: number;
  readonly mostLines: number;
}

/**
 * Lines of a stream as they come, empty ones left out. One pass; memory stays at the longest line that is allowed.
 *
 * @returns null in the place of a line that is longer
 * @throws {ModelError} `malformed` where the stream does not end within its limit
 */
export async function* readLines(
  pieces: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  { mostLineBytes, mostBytes, mostLines }: LineLimits,
): AsyncGenerator<string | null> {
  let open: Uint8Array[] = [];
  let length = 0;
  let bytes = 0;
  let lines = 0;
  const tooMuch = (what: string): ModelError =>
    new ModelError('malformed', `the results have more than ${what}, more than so many replies can have`);
  const take = (): string | null => {
    const line = length > mostLineBytes ? null : Buffer.concat(open).toString('utf8').trim();
    open = [];
    length = 0;
    return line;
  };
  for await (const piece of pieces) {
    bytes += piece.length;
    if (bytes > mostBytes) throw tooMuch(`${mostBytes.toLocaleString('en-US')} bytes`);
    let rest = piece;
    for (let at = rest.indexOf(NEWLINE); at >= 0; at = rest.indexOf(NEWLINE)) {
      length += at;
      if (length <= mostLineBytes && at > 0) open.push(rest.subarray(0, at));
      rest = rest.subarray(at + 1);
      if (length === 0) continue;
      if (++lines > mostLines) throw tooMuch(`${mostLines.toLocaleString('en-US')} lines`);
      const line = take();
      if (line !== '') yield line;
    }
    length += rest.length;
    // Of a line that is too long nothing is kept.
    if (length > mostLineBytes) open = [];
    else if (rest.length > 0) open.push(rest);
  }
  const last = take();
  if (last !== '') yield last;
}
