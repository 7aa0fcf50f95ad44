import type { Decryptor, Encryptor, KeyGenerator, Plaintext, SecretKey } from 'node-seal';
import { BiolensError, messageOf } from '../../../../ground/errors.ts';
import type { Plan } from '../plan.ts';
import { CoefficientWriter, checkBlob, readCoefficients } from './blob.ts';
import type { SealScope } from './context.ts';
import { roundedUp } from './sizes.ts';

/** Numbers of embeddings: whole ones for BFV, unit vectors for CKKS. */
export type Numbers = Int16Array | Float64Array;

/** The client's part of SEAL: the only place in the project that holds a secret key of it. Runs in a worker. */
export class ClientEngine {
  readonly #scope: SealScope;
  readonly #plan: Plan;
  readonly #keys: KeyGenerator;
  readonly #secret: SecretKey;
  readonly #encryptor: Encryptor;
  readonly #decryptor: Decryptor;
  readonly #plain: Plaintext;
  readonly #writer: CoefficientWriter | null;

  /** @param secret what {@link exportSecret} gave; a fresh key without it */
  constructor(scope: SealScope, plan: Plan, secret?: Uint8Array) {
    const { seal, context, parameters } = scope;
    const { degree, plainModulus } = parameters;
    this.#scope = scope;
    this.#plan = plan;
    if (secret === undefined) {
      this.#keys = new seal.KeyGenerator(context);
      this.#secret = this.#keys.secretKey();
    } else {
      checkBlob(secret, 'secret key');
      this.#secret = new seal.SecretKey();
      try {
        this.#secret.loadFromArray(context, secret);
      } catch (error) {
        throw new BiolensError('input', `secret key: not of this plan's parameters (${messageOf(error)})`, {
          cause: error,
        });
      }
      this.#keys = new seal.KeyGenerator(context, this.#secret);
    }
    using publicKey = this.#keys.createPublicKey();
    this.#encryptor = new seal.Encryptor(context, publicKey, this.#secret);
    this.#decryptor = new seal.Decryptor(context, this.#secret);
    this.#plain = new seal.Plaintext();
    if (parameters.scheme === 'bfv') {
      using zeros = new seal.Plaintext(degree, degree);
      const blank: Uint8Array = zeros.saveToArray(seal.ComprModeType.none);
      this.#writer = new CoefficientWriter(blank, { count: degree, modulus: plainModulus });
    } else this.#writer = null;
  }

  exportSecret(): Uint8Array {
    return this.#secret.saveToArray(this.#scope.seal.ComprModeType.none);
  }

  /** What the server needs to compute with; nothing where ciphertexts are not multiplied. */
  evaluationKeys(): Uint8Array[] {
    const { seal } = this.#scope;
    const { mode, packing, dimension } = this.#plan;
    if (mode !== 'both-encrypted') return [];
    using relinearisation = this.#keys.createRelinKeysSerializable();
    const parts: Uint8Array[] = [relinearisation.saveToArray(seal.ComprModeType.none)];
    if (packing === 'rotations') {
      const steps = Int32Array.from({ length: Math.log2(roundedUp(dimension)) }, (_, i) => 2 ** i);
      using rotations = this.#keys.createGaloisKeysSerializableWithSteps(steps);
      parts.push(rotations.saveToArray(seal.ComprModeType.none));
    }
    return parts;
  }

  /** @param rows embeddings one after another, at most a block of them */
  encryptBlock(rows: Numbers): Uint8Array[] {
    const { dimension, packing } = this.#plan;
    if (packing === 'rotations') return [this.#encryptSlots(this.#repeated(rows))];
    return Array.from({ length: dimension }, (_, j) => {
      if (rows instanceof Int16Array) return this.#encryptCoefficients(rows, { start: j, step: dimension });
      const slots = new Float64Array(rows.length / dimension);
      for (let i = 0; i < slots.length; i++) slots[i] = rows[i * dimension + j]!;
      return this.#encryptSlots(slots);
    });
  }

  /** @param values one embedding; with dimensions packed, each of its numbers becomes a constant */
  encryptProbe(values: Numbers): Uint8Array[] {
    if (this.#plan.packing === 'rotations') return [this.#encryptSlots(this.#repeated(values))];
    return Array.from(values, (value, j) =>
      values instanceof Int16Array
        ? this.#encryptCoefficients(values.subarray(j, j + 1))
        : this.#encryptSlots(new Float64Array(this.#plan.blockSize).fill(value)),
    );
  }

  /** @returns `count` scores: scale² times the cosine for BFV, the cosine for CKKS */
  decrypt(result: Uint8Array, count: number): Int32Array | Float64Array {
    const { seal, context, parameters } = this.#scope;
    const { packing } = this.#plan;
    using ciphertext = new seal.Ciphertext();
    ciphertext.loadFromArray(context, result);
    this.#decryptor.decrypt(ciphertext, this.#plain);
    if (parameters.scheme === 'ckks') {
      using encoder = new seal.CKKSEncoder(context);
      const slots: Float64Array = encoder.decodeFloat64(this.#plain);
      return slots.slice(0, count);
    }
    if (packing === 'rotations') {
      using encoder = new seal.BatchEncoder(context);
      const slots: BigInt64Array = encoder.decodeBigInt64(this.#plain);
      return Int32Array.from({ length: count }, (_, i) => Number(slots[i]));
    }
    const saved: Uint8Array = this.#plain.saveToArray(seal.ComprModeType.none);
    return readCoefficients(saved, { count, modulus: parameters.plainModulus });
  }

  close(): void {
    for (const handle of [this.#plain, this.#decryptor, this.#encryptor, this.#secret, this.#keys]) handle.delete();
  }

  /** One embedding over and over in all slots, with zeros up to a power of two: then rotating and adding gives every slot the same sum. */
  #repeated(values: Numbers): Float64Array {
    const { scheme, degree } = this.#scope.parameters;
    const period = roundedUp(this.#plan.dimension);
    const slots = new Float64Array(scheme === 'ckks' ? degree / 2 : degree);
    for (let i = 0; i < slots.length; i++) slots[i] = values[i % period] ?? 0;
    return slots;
  }

  #encryptCoefficients(values: Int16Array, places?: { readonly start: number; readonly step: number }): Uint8Array {
    if (this.#writer === null) throw new BiolensError('external', 'whole numbers take BFV');
    this.#plain.loadFromArray(this.#scope.context, this.#writer.write(values, places));
    return this.#seal();
  }

  #encryptSlots(values: Float64Array): Uint8Array {
    const { seal, context, parameters } = this.#scope;
    if (parameters.scheme === 'ckks') {
      using encoder = new seal.CKKSEncoder(context);
      encoder.encode(values, this.#plan.scale, this.#plain);
    } else {
      using encoder = new seal.BatchEncoder(context);
      encoder.encode(BigInt64Array.from(values, BigInt), this.#plain);
    }
    return this.#seal();
  }

  /** With the secret key, so that half of the ciphertext is a seed. */
  #seal(): Uint8Array {
    using ciphertext = this.#encryptor.encryptSymmetricSerializable(this.#plain);
    return ciphertext.saveToArray(this.#scope.seal.ComprModeType.none);
  }
}
