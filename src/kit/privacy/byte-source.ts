/** Fills an array with uniform random bytes. Tests pass their own; everything else uses {@link cryptoBytes}. */
export type ByteSource = (target: Uint8Array<ArrayBuffer>) => void;

/** What `getRandomValues` gives at once, at most. */
const MOST_AT_ONCE = 65_536;

/** Bytes from the cryptographic generator of the system, in Node and in browsers alike. */
export function cryptoBytes(target: Uint8Array<ArrayBuffer>): void {
  for (let at = 0; at < target.length; at += MOST_AT_ONCE)
    globalThis.crypto.getRandomValues(target.subarray(at, at + MOST_AT_ONCE));
}
