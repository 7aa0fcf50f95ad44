import { BiolensError } from '../../../../ground/errors.ts';
import { checkQuantised } from '../quantise.ts';
import { freshErrors, publicPolynomial, secretPolynomial } from './expand.ts';
import { type AdditivePlan, DEGREE } from './parameters.ts';
import { multiply, type Transformed, transform } from './ring.ts';
import type { Slot, SlotLedger } from './slots.ts';

/** Both keys are 32 bytes. The master is secret and belongs to one ledger of slots for ever; the seed is public. */
export interface AdditiveKeys {
  readonly master: Uint8Array;
  readonly seed: Uint8Array;
}

/** A template under encryption: a word for each dimension. */
export interface Encrypted {
  readonly slot: Slot;
  readonly words: Int32Array;
}

/** Blocks whose secrets are kept transformed; 16 kB each. */
const KEPT_BLOCKS = 2048;

/** Pads of the block that is being decrypted. */
const scratch = new Int32Array(DEGREE);

function checkKey(name: string, key: Uint8Array): void {
  if (key.length !== 32) throw new BiolensError('usage', `"${name}" expected 32 bytes, got ${key.length}`);
}

/**
 * The key holder of the additive scheme: encrypts templates into slots, and turns a server's sums into scores. Experimental; see docs/encrypted.md.
 *
 * Adversary: whoever has the ciphertexts and probes and not the master key. Leaks: which slots are used. Nothing shows that a server summed rightly.
 */
export class AdditiveHolder {
  readonly plan: AdditivePlan;
  readonly #keys: AdditiveKeys;
  readonly #ledger: SlotLedger;
  /** The transformed public polynomials, one a dimension. */
  readonly #publics: readonly Transformed[];
  readonly #publicWords: readonly Int32Array[];
  readonly #secrets = new Map<number, Transformed>();
  /** a_j·s of the block that is being filled, one dimension after another. */
  #pads: { readonly block: number; readonly words: Int32Array } | null = null;

  private constructor(plan: AdditivePlan, keys: AdditiveKeys, ledger: SlotLedger, publics: readonly Int32Array[]) {
    this.plan = plan;
    this.#keys = keys;
    this.#ledger = ledger;
    this.#publicWords = publics;
    this.#publics = publics.map(transform);
  }

  /** @param ledger of these keys alone: a ledger that starts anew under an old master key gives templates away */
  static async open(plan: AdditivePlan, keys: AdditiveKeys, ledger: SlotLedger): Promise<AdditiveHolder> {
    checkKey('master', keys.master);
    checkKey('seed', keys.seed);
    const publics: Int32Array[] = [];
    for (let j = 0; j < plan.dimension; j++) publics.push(await publicPolynomial(keys.seed, j));
    return new AdditiveHolder(plan, keys, ledger, publics);
  }

  async #secret(block: number): Promise<Transformed> {
    const known = this.#secrets.get(block);
    if (known !== undefined) return known;
    const made = transform(await secretPolynomial(this.#keys.master, block));
    const [oldest] = this.#secrets.keys();
    if (this.#secrets.size >= KEPT_BLOCKS && oldest !== undefined) this.#secrets.delete(oldest);
    this.#secrets.set(block, made);
    return made;
  }

  async #padsOf(block: number): Promise<Int32Array> {
    if (this.#pads?.block === block) return this.#pads.words;
    const secret = await this.#secret(block);
    const words = new Int32Array(this.plan.dimension * DEGREE);
    this.#publics.forEach((one, j) => {
      multiply(one, secret, words.subarray(j * DEGREE, (j + 1) * DEGREE));
    });
    this.#pads = { block, words };
    return words;
  }

  /**
   * Encrypts quantised templates, one after another, into slots of their own, which are reserved durably first.
   *
   * @throws {BiolensError} `input` naming the row that is longer than a quantised unit vector
   */
  async encrypt(templates: Int16Array): Promise<Encrypted[]> {
    const { dimension, scale, delta } = this.plan;
    const count = templates.length / dimension;
    for (let i = 0; i < count; i++)
      checkQuantised(templates.subarray(i * dimension, (i + 1) * dimension), scale, { field: `row ${i}`, dimension });
    if (count === 0) return [];
    const slots = await this.#ledger.reserve(count);
    const encrypted: Encrypted[] = [];
    for (const [i, slot] of slots.entries()) {
      const pads = await this.#padsOf(slot.block);
      const errors = freshErrors(dimension);
      const words = new Int32Array(dimension);
      for (let j = 0; j < dimension; j++)
        words[j] = pads[j * DEGREE + slot.index]! + errors[j]! + Math.imul(delta, templates[i * dimension + j]!);
      encrypted.push({ slot, words });
    }
    return encrypted;
  }

  /** Σ_j p_j·a_j, once a probe: what {@link decrypt} multiplies by each block's secret. */
  prepare(probe: Int16Array): Transformed {
    const { dimension, scale } = this.plan;
    checkQuantised(probe, scale, { field: 'probe', dimension });
    const sum = new Int32Array(DEGREE);
    this.#publicWords.forEach((words, j) => {
      const factor = probe[j]!;
      for (let k = 0; k < DEGREE; k++) sum[k] = sum[k]! + Math.imul(words[k]!, factor);
    });
    return transform(sum);
  }

  /**
   * The exact products of a probe with a block's templates; those of unused slots are meaningless.
   *
   * @param sums of its first slots, up to N, from the server
   * @param scores where they go; as many
   */
  async decrypt(
    prepared: Transformed,
    block: number,
    sums: Int32Array,
    scores: Int32Array = new Int32Array(sums.length),
  ): Promise<Int32Array> {
    const secret = await this.#secret(block);
    multiply(prepared, secret, scratch);
    const { delta } = this.plan;
    for (let i = 0; i < sums.length; i++) scores[i] = Math.round(((sums[i]! - scratch[i]!) | 0) / delta);
    return scores;
  }
}
