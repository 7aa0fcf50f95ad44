import type { EnvelopeLimits } from '../envelope.ts';
import type { Plan } from '../plan.ts';

/** The smallest power of two that is at least `n`. */
export const roundedUp = (n: number): number => 2 ** Math.ceil(Math.log2(n));

/** Blocks that a server matches with at a time. */
export const MOST_BLOCKS = 4000;

/** SEAL's headers and seeds around the numbers of one polynomial list. */
const AROUND = 1024;

/** Parts and bytes that each kind of envelope of a plan can have; everything else is refused unseen. */
export function limitsOf({ mode, packing, dimension, parameters }: Plan): EnvelopeLimits {
  const { degree, primeBits } = parameters;
  const data = Math.max(1, primeBits.length - 1);
  const polynomial = degree * data * 8;
  const ciphertexts = packing === 'rotations' ? 1 : dimension;
  const fresh = { parts: ciphertexts, least: polynomial, most: polynomial + AROUND };
  // A number of 16 bits each, in the clear.
  const clear = { parts: 1, least: 2 * dimension, most: 2 * dimension };
  const limits: EnvelopeLimits = {
    probe: mode === 'encrypted-gallery' ? clear : fresh,
    // A sum for each block, after a list of how many templates each has.
    result: { parts: MOST_BLOCKS + 1, least: 4, most: 2 * polynomial + AROUND },
    ...(mode === 'encrypted-probe' ? {} : { block: fresh }),
  };
  if (mode !== 'both-encrypted') return limits;
  const switching = data * (degree * primeBits.length * 8 + AROUND) + AROUND;
  const steps = packing === 'rotations' ? Math.log2(roundedUp(dimension)) : 1;
  // The list of rotation keys has an entry for each of N, most of them empty.
  const most = steps * switching + degree * 32;
  return { ...limits, keys: { parts: packing === 'rotations' ? 2 : 1, least: degree * 8, most } };
}
