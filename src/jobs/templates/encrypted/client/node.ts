import { BiolensError } from '../../../../ground/errors.ts';
import type { Matrix } from '../../../../ground/math/index.ts';
import { decide } from '../decide.ts';
import { Envelopes, shortDigest } from '../envelope.ts';
import { SealLine } from '../line/node.ts';
import type { Plan } from '../plan.ts';
import { quantise, quantiseRows, toUnit } from '../quantise.ts';
import type { MatchClient } from '../roles.ts';
import type { Numbers } from '../seal/client-engine.ts';
import { limitsOf } from '../seal/sizes.ts';
import type { ClientCall } from '../thread/calls.ts';

export interface MatchClientOptions {
  /** Whose gallery it is. */
  readonly tenant: string;
  /** 32 secret bytes that the server has too: they authenticate messages, and decrypt nothing. */
  readonly linkKey: Uint8Array;
  /** What `exportKey` gave; a fresh key without it. */
  readonly key?: Uint8Array | undefined;
}

/** Probes that may wait for their results at a time. */
const MOST_OPEN = 10_000;

function numbersOf({ parameters, scale, dimension }: Plan, embedding: ArrayLike<number>, field: string): Numbers {
  return parameters.scheme === 'ckks'
    ? toUnit(embedding, { field, dimension })
    : quantise(embedding, scale, { field, dimension });
}

function rowsOf(plan: Plan, templates: Matrix, name: string): Numbers {
  if (plan.parameters.scheme === 'bfv') return quantiseRows(templates, plan.scale, name);
  const { rows, cols, data } = templates;
  const out = new Float64Array(rows * cols);
  for (let i = 0; i < rows; i++)
    out.set(toUnit(data.subarray(i * cols, (i + 1) * cols), { field: `${name}: row ${i}`, dimension: cols }), i * cols);
  return out;
}

/** The scores of a result's blocks in one list. */
function join(lists: readonly (Int32Array | Float64Array)[]): Float64Array {
  const out = new Float64Array(lists.reduce((sum, list) => sum + list.length, 0));
  let offset = 0;
  for (const list of lists) {
    out.set(list, offset);
    offset += list.length;
  }
  return out;
}

/**
 * Opens a client: SEAL and the secret key in a worker thread of their own.
 *
 * @throws {BiolensError} `usage` where node-seal is not installed, or for a tenant or link key of another length; `input` for a key that is none
 * @example
 * const plan = planMatching({ mode: 'encrypted-gallery', dimension: 512 });
 * await using client = await openMatchClient(plan, { tenant: 'clinic', linkKey });
 */
export async function openMatchClient(plan: Plan, options: MatchClientOptions): Promise<MatchClient> {
  const { tenant, linkKey } = options;
  let secret = options.key;
  const line = new SealLine<ClientCall>('client', {
    data: () => ({ plan, secret }),
    restore: async () => undefined,
  });
  try {
    // A thread that replaces another must have the same key.
    secret = (await line.ask({ op: 'secret' })) as Uint8Array;
    const keyId = await shortDigest(secret);
    const envelopes = await Envelopes.open({ plan, tenant, linkKey, keyId });
    return new SealClient({ plan, keyId, secret, line, envelopes });
  } catch (error) {
    await line.close();
    throw error;
  }
}

interface SealClientParts {
  readonly plan: Plan;
  readonly keyId: Uint8Array;
  readonly secret: Uint8Array;
  readonly line: SealLine<ClientCall>;
  readonly envelopes: Envelopes;
}

class SealClient implements MatchClient {
  readonly role = 'client';
  readonly plan: Plan;
  readonly keyId: Uint8Array;
  readonly #parts: SealClientParts;
  /** Probes without a result yet. */
  readonly #open = new Set<string>();

  constructor(parts: SealClientParts) {
    this.plan = parts.plan;
    this.keyId = parts.keyId;
    this.#parts = parts;
  }

  exportKey(): Promise<Uint8Array> {
    return Promise.resolve(Uint8Array.from(this.#parts.secret));
  }

  async evaluationKeys(): Promise<Uint8Array | null> {
    if (this.plan.mode !== 'both-encrypted') return null;
    const parts = (await this.#parts.line.ask({ op: 'evaluationKeys' })) as Uint8Array[];
    return this.#parts.envelopes.seal({ kind: 'keys', block: 0, count: 0, parts });
  }

  async *encryptGallery(
    templates: Matrix,
    { name = 'gallery', first = 0 }: { readonly name?: string; readonly first?: number } = {},
  ): AsyncGenerator<Uint8Array> {
    const { mode, blockSize, dimension } = this.plan;
    if (mode === 'encrypted-probe') throw new BiolensError('usage', `the gallery is in the clear in mode ${mode}`);
    if (templates.cols !== dimension)
      throw new BiolensError('input', `${name}: expected ${dimension} numbers a row, got ${templates.cols}`);
    const rows = rowsOf(this.plan, templates, name);
    for (let start = 0, block = first; start < templates.rows; start += blockSize, block++) {
      const count = Math.min(blockSize, templates.rows - start);
      const own = rows.slice(start * dimension, (start + count) * dimension);
      const parts = (await this.#parts.line.ask({ op: 'encryptBlock', rows: own })) as Uint8Array[];
      yield await this.#parts.envelopes.seal({ kind: 'block', block, count, parts });
    }
  }

  async probe(embedding: ArrayLike<number>, { name = 'probe' }: { readonly name?: string } = {}): Promise<Uint8Array> {
    if (this.#open.size >= MOST_OPEN) throw new BiolensError('usage', `${MOST_OPEN} probes are open already`);
    const values = numbersOf(this.plan, embedding, name);
    const parts =
      this.plan.mode === 'encrypted-gallery'
        ? [new Uint8Array(values.buffer, values.byteOffset, values.byteLength)]
        : ((await this.#parts.line.ask({ op: 'encryptProbe', values })) as Uint8Array[]);
    const sealed = await this.#parts.envelopes.seal({ kind: 'probe', block: 0, count: 1, parts });
    const { id } = await this.#parts.envelopes.open(sealed, 'probe', limitsOf(this.plan));
    this.#open.add(id);
    return sealed;
  }

  async #decrypt(result: Uint8Array): Promise<Float64Array> {
    const { envelopes, line } = this.#parts;
    const { parts, replyTo } = await envelopes.open(result, 'result', limitsOf(this.plan));
    if (!this.#open.delete(replyTo)) throw new BiolensError('input', 'result: of no probe that is open');
    const [list, ...sums] = parts;
    if (list === undefined || list.length !== 4 * sums.length)
      throw new BiolensError('input', 'result: expected a count for each block');
    const view = new DataView(list.buffer, list.byteOffset, list.byteLength);
    const counts = sums.map((_, i) => view.getUint32(4 * i, true));
    if (counts.some(count => count > this.plan.blockSize))
      throw new BiolensError('input', `result: a block of more than ${this.plan.blockSize} templates`);
    return join((await line.ask({ op: 'decrypt', parts: sums, counts })) as (Int32Array | Float64Array)[]);
  }

  async decide(result: Uint8Array, options: Parameters<MatchClient['decide']>[1]): ReturnType<MatchClient['decide']> {
    const { parameters, scale } = this.plan;
    const unit = parameters.scheme === 'ckks' ? 1 : scale ** 2;
    return decide(await this.#decrypt(result), { ...options, unit });
  }

  async scores(result: Uint8Array): Promise<Int32Array> {
    if (this.plan.parameters.scheme === 'ckks')
      throw new BiolensError('usage', 'scores of CKKS do not leave the client; use BFV');
    return Int32Array.from(await this.#decrypt(result));
  }

  close(): Promise<void> {
    return this.#parts.line.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
