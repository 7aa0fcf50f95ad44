import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of pixels after which those that nobody holds any more are let go. */
const EVERY_BYTES = 6 * 2 ** 20;

type Collect = (options: { readonly type: 'minor' }) => void;
let known: Collect | null = null;

/** V8's own collection of young objects, a few milliseconds; it is offered to new contexts once the flag is set. */
function openCollector(): Collect {
  setFlagsFromString('--expose-gc');
  const found: unknown = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  return typeof found === 'function' ? (found as Collect) : () => undefined;
}

/**
 * Keeps the memory of a long stream of pixels as small as that of a short one: they lie outside of V8's heap, and by itself it clears away those that nobody holds
 * only after tens of megabytes.
 */
export class PixelCount {
  #bytes = 0;

  /** Counts pixels that have been given away. */
  add(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes < EVERY_BYTES) return;
    this.#bytes = 0;
    known ??= openCollector();
    known({ type: 'minor' });
  }
}
