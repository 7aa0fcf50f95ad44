import type { Ciphertext, GaloisKeys, Plaintext, RelinKeys } from 'node-seal';
import { BiolensError } from '../../../../ground/errors.ts';
import type { Plan } from '../plan.ts';
import { CoefficientWriter, checkBlob } from './blob.ts';
import type { SealScope } from './context.ts';
import { roundedUp } from './sizes.ts';

/** A block as SEAL holds it: ciphertexts, or the plaintexts of a clear gallery. */
type Block = { readonly ciphertexts: readonly Ciphertext[] } | { readonly plaintexts: readonly Plaintext[] };

/** The server's part of SEAL: evaluation keys and ciphertexts, and no way to decrypt. Runs in a worker. */
export class ServerEngine {
  readonly #scope: SealScope;
  readonly #plan: Plan;
  readonly #blocks = new Map<number, Block>();
  /** Constant plaintexts by value; encoding one takes several times as long as multiplying with it. */
  readonly #constants = new Map<number, Plaintext>();
  #relinearisation: RelinKeys | undefined;
  #rotations: GaloisKeys | undefined;

  constructor(scope: SealScope, plan: Plan) {
    this.#scope = scope;
    this.#plan = plan;
  }

  loadKeys([relinearisation, rotations]: readonly Uint8Array[]): void {
    const { seal, context } = this.#scope;
    if (relinearisation === undefined || this.#relinearisation !== undefined)
      throw new BiolensError('input', 'keys: expected once');
    checkBlob(relinearisation, 'relinearisation keys');
    const keys = new seal.RelinKeys();
    this.#relinearisation = keys;
    keys.loadFromArray(context, relinearisation);
    if (rotations === undefined) return;
    checkBlob(rotations, 'rotation keys');
    const galois = new seal.GaloisKeys();
    this.#rotations = galois;
    galois.loadFromArray(context, rotations);
  }

  loadBlock(id: number, parts: readonly Uint8Array[]): void {
    this.dropBlock(id);
    this.#blocks.set(id, { ciphertexts: this.#loadAll(parts, `block ${id}`) });
  }

  /** @param rows quantised templates of a clear gallery, one after another */
  loadClear(id: number, rows: Int16Array): void {
    this.dropBlock(id);
    const { seal, context, evaluator, parameters } = this.#scope;
    const { degree, plainModulus } = parameters;
    const { dimension } = this.#plan;
    using zeros = new seal.Plaintext(degree, degree);
    const blank: Uint8Array = zeros.saveToArray(seal.ComprModeType.none);
    const writer = new CoefficientWriter(blank, { count: degree, modulus: plainModulus });
    using level = context.firstParmsId();
    const plaintexts = Array.from({ length: dimension }, (_, j) => {
      using plain = new seal.Plaintext();
      plain.loadFromArray(context, writer.write(rows, { start: j, step: dimension }));
      const transformed = new seal.Plaintext();
      if (plain.isZero()) return transformed;
      evaluator.plainTransformToNtt(plain, level, transformed);
      return transformed;
    });
    this.#blocks.set(id, { plaintexts });
  }

  dropBlock(id: number): void {
    const block = this.#blocks.get(id);
    if (block === undefined) return;
    this.#blocks.delete(id);
    for (const handle of 'ciphertexts' in block ? block.ciphertexts : block.plaintexts) handle.delete();
  }

  /** @returns an encrypted sum for each block, in the order of `ids` */
  match(ids: readonly number[], probe: Int16Array | readonly Uint8Array[]): Uint8Array[] {
    const blocks = ids.map(id => {
      const block = this.#blocks.get(id);
      if (block === undefined) throw new BiolensError('usage', `block ${id} is not there`);
      return block;
    });
    if (probe instanceof Int16Array) {
      const numbers = Array.from(probe, value => (value === 0 ? null : this.#constant(value)));
      return blocks.map(block => this.#withClear(block, numbers));
    }
    const ciphertexts = this.#loadAll(probe, 'probe');
    try {
      const { mode, packing } = this.#plan;
      if (mode === 'encrypted-probe') {
        for (const one of ciphertexts) this.#scope.evaluator.cipherTransformToNttInplace(one);
        return blocks.map(block => this.#withClearGallery(block, ciphertexts));
      }
      return blocks.map(block =>
        (packing === 'rotations' ? this.#rotate : this.#withBoth).call(this, block, ciphertexts),
      );
    } finally {
      for (const one of ciphertexts) one.delete();
    }
  }

  close(): void {
    for (const id of [...this.#blocks.keys()]) this.dropBlock(id);
    for (const constant of this.#constants.values()) constant.delete();
    this.#constants.clear();
    this.#relinearisation?.delete();
    this.#rotations?.delete();
  }

  #loadAll(parts: readonly Uint8Array[], field: string): Ciphertext[] {
    const { seal, context } = this.#scope;
    const loaded: Ciphertext[] = [];
    try {
      parts.forEach((part, i) => {
        checkBlob(part, `${field}, part ${i}`);
        const one = new seal.Ciphertext();
        loaded.push(one);
        one.loadFromArray(context, part);
      });
    } catch (error) {
      for (const one of loaded) one.delete();
      throw error;
    }
    return loaded;
  }

  #constant(value: number): Plaintext {
    const known = this.#constants.get(value);
    if (known !== undefined) return known;
    const { seal, context, parameters } = this.#scope;
    using zero = new seal.Plaintext(1, 1);
    const blank: Uint8Array = zero.saveToArray(seal.ComprModeType.none);
    const writer = new CoefficientWriter(blank, { count: 1, modulus: parameters.plainModulus });
    const constant = new seal.Plaintext();
    constant.loadFromArray(context, writer.write(Int16Array.of(value)));
    this.#constants.set(value, constant);
    return constant;
  }

  #save(sum: Ciphertext): Uint8Array {
    return sum.saveToArray(this.#scope.seal.ComprModeType.none);
  }

  /** Adds up one product a dimension; `multiply` writes the j-th into its target, or says that there is none. */
  #sum(multiply: (j: number, target: Ciphertext) => boolean): Ciphertext {
    const { seal, evaluator } = this.#scope;
    const sum = new seal.Ciphertext();
    using product = new seal.Ciphertext();
    let begun = false;
    for (let j = 0; j < this.#plan.dimension; j++) {
      if (!multiply(j, begun ? product : sum)) continue;
      if (begun) evaluator.addInplace(sum, product);
      begun = true;
    }
    return sum;
  }

  #withClear(block: Block, probe: readonly (Plaintext | null)[]): Uint8Array {
    if (!('ciphertexts' in block)) throw new BiolensError('usage', 'the gallery is in the clear');
    const { evaluator } = this.#scope;
    using sum = this.#sum((j, target) => {
      const factor = probe[j];
      if (factor === null || factor === undefined) return false;
      evaluator.multiplyPlain(block.ciphertexts[j]!, factor, target);
      return true;
    });
    return this.#save(sum);
  }

  #withClearGallery(block: Block, probe: readonly Ciphertext[]): Uint8Array {
    if (!('plaintexts' in block)) throw new BiolensError('usage', 'the gallery is encrypted');
    const { evaluator } = this.#scope;
    using sum = this.#sum((j, target) => {
      const factor = block.plaintexts[j]!;
      if (!factor.isNttForm()) return false;
      evaluator.multiplyPlain(probe[j]!, factor, target);
      return true;
    });
    evaluator.cipherTransformFromNttInplace(sum);
    return this.#save(sum);
  }

  #withBoth(block: Block, probe: readonly Ciphertext[]): Uint8Array {
    if (!('ciphertexts' in block)) throw new BiolensError('usage', 'the gallery is in the clear');
    const { evaluator } = this.#scope;
    using sum = this.#sum((j, target) => {
      evaluator.multiply(block.ciphertexts[j]!, probe[j]!, target);
      return true;
    });
    // Once a block: the sum of products of two has three parts, as each product has.
    evaluator.relinearizeInplace(sum, this.#keysFor('relinearise', this.#relinearisation));
    return this.#save(sum);
  }

  #rotate(block: Block, [probe]: readonly Ciphertext[]): Uint8Array {
    if (!('ciphertexts' in block)) throw new BiolensError('usage', 'the gallery is in the clear');
    const { seal, evaluator, parameters } = this.#scope;
    const rotations = this.#keysFor('rotate', this.#rotations);
    using sum = new seal.Ciphertext();
    using turned = new seal.Ciphertext();
    evaluator.multiply(block.ciphertexts[0]!, probe!, sum);
    evaluator.relinearizeInplace(sum, this.#keysFor('relinearise', this.#relinearisation));
    for (let step = 1; step < roundedUp(this.#plan.dimension); step *= 2) {
      if (parameters.scheme === 'ckks') evaluator.rotateVector(sum, step, rotations, turned);
      else evaluator.rotateRows(sum, step, rotations, turned);
      evaluator.addInplace(sum, turned);
    }
    return this.#save(sum);
  }

  #keysFor<T>(what: string, keys: T | undefined): T {
    if (keys === undefined) throw new BiolensError('usage', `the keys to ${what} are not there`);
    return keys;
  }
}
