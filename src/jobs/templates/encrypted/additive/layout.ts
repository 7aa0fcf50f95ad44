import { BiolensError } from '../../../../ground/errors.ts';

/** WebAssembly addresses memory in 32 bits. */
const MOST_BYTES = 2 ** 32;
const PAGE = 65_536;

/** Where the gallery's words and each worker's scratch lie in one shared memory. */
export interface Layout {
  /** Words of the gallery, from address 0 on. */
  readonly words: number;
  /** Address and bytes of each worker's probes and sums. */
  readonly scratch: readonly { readonly at: number; readonly bytes: number }[];
  readonly pages: number;
}

/**
 * Lays out a gallery.
 *
 * @param scratchBytes of each worker
 * @throws {BiolensError} `usage` for more than WebAssembly can address
 */
export function layOut({
  words,
  workers,
  scratchBytes,
}: {
  readonly words: number;
  readonly workers: number;
  readonly scratchBytes: number;
}): Layout {
  const rounded = Math.ceil(scratchBytes / PAGE) * PAGE;
  const begin = Math.ceil((4 * words) / PAGE) * PAGE;
  const total = begin + workers * rounded;
  if (total > MOST_BYTES)
    throw new BiolensError('usage', `a gallery of ${words} words takes ${total} bytes, WebAssembly has ${MOST_BYTES}`);
  const scratch = Array.from({ length: workers }, (_, i) => ({ at: begin + i * rounded, bytes: rounded }));
  return { words, scratch, pages: total / PAGE };
}
