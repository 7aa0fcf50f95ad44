import { availableParallelism } from 'node:os';
import { BiolensError } from '../../../../ground/errors.ts';
import type { Matrix } from '../../../../ground/math/index.ts';
import { Envelopes, type Opened } from '../envelope.ts';
import { SealLine } from '../line/node.ts';
import type { Plan } from '../plan.ts';
import { checkQuantised, quantiseRows } from '../quantise.ts';
import { ReplayGuard } from '../replay.ts';
import type { MatchServer } from '../roles.ts';
import { checkBlob } from '../seal/blob.ts';
import { limitsOf, MOST_BLOCKS } from '../seal/sizes.ts';
import type { ServerCall } from '../thread/calls.ts';

export interface MatchServerOptions {
  readonly tenant: string;
  readonly linkKey: Uint8Array;
  /** The client's; see `MatchClient.keyId`. */
  readonly keyId: Uint8Array;
  /** Threads, each with its part of the blocks. By default as many as the machine has cores. */
  readonly workers?: number;
  readonly now?: () => number;
}

/** What a thread needs to be told to have a block. */
type BlockCall = Extract<ServerCall, { readonly op: 'block' | 'clear' }>;

interface Lane {
  readonly line: SealLine<ServerCall>;
  readonly blocks: Map<number, BlockCall>;
}

/**
 * Opens a server: SEAL in worker threads without a secret key.
 *
 * @throws {BiolensError} `usage` for options that cannot be
 * @example
 * await using server = await openMatchServer(plan, { tenant: 'clinic', linkKey, keyId: client.keyId });
 * for await (const block of client.encryptGallery(templates)) await server.acceptBlock(block);
 * const matches = await client.decide(await server.match(await client.probe(face)), { threshold: 0.6, identities });
 */
export async function openMatchServer(plan: Plan, options: MatchServerOptions): Promise<MatchServer> {
  const { tenant, linkKey, keyId, workers = availableParallelism(), now } = options;
  if (!Number.isInteger(workers) || workers < 1 || workers > 256)
    throw new BiolensError('usage', `"workers" expected a whole number from 1 to 256, got ${workers}`);
  const envelopes = await Envelopes.open({ plan, tenant, linkKey, keyId });
  return new SealServer(plan, { envelopes, workers, replays: new ReplayGuard(now) });
}

class SealServer implements MatchServer {
  readonly role = 'server';
  readonly plan: Plan;
  readonly #envelopes: Envelopes;
  readonly #replays: ReplayGuard;
  readonly #lanes: readonly Lane[];
  /** Templates of each block, by its number. */
  readonly #counts = new Map<number, number>();
  #keys: readonly Uint8Array[] | null = null;

  constructor(
    plan: Plan,
    {
      envelopes,
      workers,
      replays,
    }: { readonly envelopes: Envelopes; readonly workers: number; readonly replays: ReplayGuard },
  ) {
    this.plan = plan;
    this.#envelopes = envelopes;
    this.#replays = replays;
    this.#lanes = Array.from({ length: workers }, () => {
      const blocks = new Map<number, BlockCall>();
      const line = new SealLine<ServerCall>('server', {
        data: () => ({ plan }),
        restore: async ask => {
          if (this.#keys !== null) await ask({ op: 'keys', parts: this.#keys });
          for (const call of blocks.values()) await ask(call);
        },
      });
      return { line, blocks };
    });
  }

  get size(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  async #take(envelope: Uint8Array, kind: 'keys' | 'block' | 'probe'): Promise<Opened> {
    const opened = await this.#envelopes.open(envelope, kind, limitsOf(this.plan));
    const clear = kind === 'probe' && this.plan.mode === 'encrypted-gallery';
    if (!clear) for (const [i, part] of opened.parts.entries()) checkBlob(part, `${kind}, part ${i}`);
    return opened;
  }

  async acceptKeys(envelope: Uint8Array): Promise<void> {
    const { parts } = await this.#take(envelope, 'keys');
    if (this.#keys !== null) throw new BiolensError('input', 'keys: there already');
    const own = parts.map(part => Uint8Array.from(part));
    // A thread that starts from now on is given them as it starts.
    const running = this.#lanes.filter(({ line }) => line.running);
    this.#keys = own;
    await Promise.all(running.map(({ line }) => line.ask({ op: 'keys', parts: own })));
  }

  async acceptBlock(envelope: Uint8Array): Promise<void> {
    const { block: id, count, parts } = await this.#take(envelope, 'block');
    const { blockSize, dimension, packing } = this.plan;
    const expected = packing === 'rotations' ? 1 : dimension;
    if (parts.length !== expected)
      throw new BiolensError('input', `block: ${parts.length} parts, expected ${expected}`);
    if (count < 1 || count > blockSize)
      throw new BiolensError('input', `block: ${count} templates, expected 1 to ${blockSize}`);
    await this.#add(count, { op: 'block', id, parts: parts.map(part => Uint8Array.from(part)) });
  }

  async loadGallery(templates: Matrix, { name = 'gallery' }: { readonly name?: string } = {}): Promise<void> {
    const { mode, dimension, blockSize, scale } = this.plan;
    if (mode !== 'encrypted-probe') throw new BiolensError('usage', `the gallery is encrypted in mode ${mode}`);
    if (templates.cols !== dimension)
      throw new BiolensError('input', `${name}: expected ${dimension} numbers a row, got ${templates.cols}`);
    const rows = quantiseRows(templates, scale, name);
    for (let start = 0; start < templates.rows; start += blockSize) {
      const count = Math.min(blockSize, templates.rows - start);
      const own = rows.slice(start * dimension, (start + count) * dimension);
      await this.#add(count, { op: 'clear', id: this.#counts.size, rows: own });
    }
  }

  /** Gives a block to the thread with the fewest. */
  async #add(count: number, call: BlockCall): Promise<void> {
    if (this.#counts.has(call.id)) throw new BiolensError('input', `block: number ${call.id} is there already`);
    if (this.#counts.size >= MOST_BLOCKS)
      throw new BiolensError('input', `block: ${MOST_BLOCKS} are there already, the most a server takes`);
    const lane = this.#lanes.reduce((least, other) => (other.blocks.size < least.blocks.size ? other : least));
    this.#counts.set(call.id, count);
    try {
      lane.blocks.set(call.id, call);
      // Starting a thread restores its blocks, this one among them.
      if (lane.line.running) await lane.line.ask(call);
      else await lane.line.ask({ op: 'memory' });
    } catch (error) {
      this.#counts.delete(call.id);
      lane.blocks.delete(call.id);
      throw error;
    }
  }

  async match(envelope: Uint8Array): Promise<Uint8Array> {
    const opened = await this.#take(envelope, 'probe');
    const { dimension, scale, packing, mode } = this.plan;
    const expected = mode === 'encrypted-gallery' || packing === 'rotations' ? 1 : dimension;
    if (opened.parts.length !== expected)
      throw new BiolensError('input', `probe: ${opened.parts.length} parts, expected ${expected}`);
    let probe: Int16Array | readonly Uint8Array[] = opened.parts;
    if (mode === 'encrypted-gallery') {
      // Aligned, as a view of the envelope need not be.
      probe = new Int16Array(Uint8Array.from(opened.parts[0]!).buffer);
      checkQuantised(probe, scale, { field: 'probe', dimension });
    }
    this.#replays.check('probe', opened);
    const sums = new Map<number, Uint8Array>();
    const busy = this.#lanes.filter(({ blocks }) => blocks.size > 0);
    await Promise.all(
      busy.map(async ({ line, blocks }) => {
        const ids = [...blocks.keys()];
        const found = (await line.ask({ op: 'match', ids, probe })) as Uint8Array[];
        ids.forEach((id, i) => {
          sums.set(id, found[i]!);
        });
      }),
    );
    const ids = [...sums.keys()].sort((a, b) => a - b);
    const counts = new Uint8Array(4 * ids.length);
    const view = new DataView(counts.buffer);
    ids.forEach((id, i) => {
      view.setUint32(4 * i, this.#counts.get(id) ?? 0, true);
    });
    const parts = [counts, ...ids.map(id => sums.get(id)!)];
    return this.#envelopes.seal({ kind: 'result', block: 0, count: this.size, parts, replyTo: opened.id });
  }

  async memory(): Promise<{ readonly bytes: readonly number[]; readonly replaced: number }> {
    const bytes = await Promise.all(this.#lanes.map(({ line }) => line.ask({ op: 'memory' })));
    return { bytes: bytes.map(Number), replaced: this.#lanes.reduce((sum, { line }) => sum + line.replaced, 0) };
  }

  async close(): Promise<void> {
    await Promise.all(this.#lanes.map(({ line }) => line.close()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
