import { BiolensError } from '../../../../ground/errors.ts';
import { checkQuantised } from '../quantise.ts';
import type { Encrypted } from './holder.ts';
import type { AdditiveKernel } from './kernel.ts';
import { type AdditivePlan, DEGREE, TILE } from './parameters.ts';
import type { Slot } from './slots.ts';

/**
 * The server of the additive scheme: words and sums, no key. Experimental; see docs/encrypted.md.
 *
 * Adversary of its holder. It sees every probe; it can answer wrongly.
 */
export class AdditiveGallery {
  readonly plan: AdditivePlan;
  readonly #kernel: AdditiveKernel;
  readonly #blocks: number;

  /** @param kernel whose words hold a whole number of blocks: 4·dimension·2048 bytes each */
  constructor(plan: AdditivePlan, kernel: AdditiveKernel) {
    this.plan = plan;
    this.#kernel = kernel;
    this.#blocks = kernel.words.length / (plan.dimension * DEGREE);
    if (!Number.isInteger(this.#blocks))
      throw new BiolensError(
        'usage',
        `"kernel" expected whole blocks of ${plan.dimension * DEGREE} words, got ${kernel.words.length} words`,
      );
  }

  /** Where the words of a slot begin; they lie a tile apart. */
  #at({ block, index }: Slot): number {
    if (!(block >= 0 && block < this.#blocks && index >= 0 && index < DEGREE))
      throw new BiolensError('input', `slot ${block}/${index} is not of a gallery of ${this.#blocks} blocks`);
    return (block * DEGREE + index - (index % TILE)) * this.plan.dimension + (index % TILE);
  }

  /** Puts a template's words into its slot. @throws {BiolensError} `input` for a slot that is not there */
  put({ slot, words }: Encrypted): void {
    const { dimension } = this.plan;
    const at = this.#at(slot);
    if (words.length !== dimension)
      throw new BiolensError('input', `words: expected ${dimension}, got ${words.length}`);
    for (let j = 0; j < dimension; j++) this.#kernel.words[at + j * TILE] = words[j]!;
  }

  /** Erases a template; its slot stays dead. */
  erase(slot: Encrypted['slot']): void {
    this.put({ slot, words: new Int32Array(this.plan.dimension) });
  }

  /** Takes over the words of a gallery that is no larger. */
  copyFrom(other: AdditiveGallery): void {
    this.#kernel.words.set(other.#kernel.words);
  }

  /** The sum of a probe with one slot. */
  sum(slot: Slot, probe: Int16Array): number {
    const { dimension, scale } = this.plan;
    checkQuantised(probe, scale, { field: 'probe', dimension });
    const at = this.#at(slot);
    let sum = 0;
    for (let j = 0; j < dimension; j++) sum = (sum + Math.imul(this.#kernel.words[at + j * TILE]!, probe[j]!)) | 0;
    return sum;
  }

  /**
   * Sums of probes with all slots of some blocks.
   *
   * @param probes quantised, one after another
   * @returns for each probe, N words a block
   * @throws {BiolensError} `input` naming a probe that is longer than a quantised unit vector
   */
  match(
    probes: Int16Array,
    { first = 0, count = this.#blocks - first }: { readonly first?: number; readonly count?: number } = {},
  ): Int32Array[] {
    const { dimension, scale } = this.plan;
    const probeCount = probes.length / dimension;
    for (let k = 0; k < probeCount; k++)
      checkQuantised(probes.subarray(k * dimension, (k + 1) * dimension), scale, { field: `probe ${k}`, dimension });
    const tiles = DEGREE / TILE;
    const sums = this.#kernel.products(Int32Array.from(probes), {
      dimension,
      first: first * tiles,
      count: count * tiles,
    });
    return Array.from({ length: probeCount }, (_, k) => sums.slice(k * count * DEGREE, (k + 1) * count * DEGREE));
  }
}
