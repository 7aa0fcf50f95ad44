import { getRandomValues } from 'node:crypto';
import { availableParallelism } from 'node:os';
import { BiolensError, throwIfAborted } from '../../../../ground/errors.ts';
import { row } from '../../../../ground/math/index.ts';
import { BUILT_IN } from '../../../../kit/faces/index.ts';
import { AdditiveHolder, DEGREE, ephemeralLedger, planAdditive } from '../additive/index.ts';
import { AdditivePool, MOST_WORKERS } from '../additive/pool/node.ts';
import { openMatchClient } from '../client/node.ts';
import { decide, type Match } from '../decide.ts';
import type { LabelledSet } from '../labelled-set/node.ts';
import { type MatchMode, planMatching, type Scheme } from '../plan.ts';
import { DEFAULT_SCALE, quantise, quantiseRows } from '../quantise.ts';
import { openMatchServer } from '../server/node.ts';
import { BUILT_IN_THRESHOLD, type Threshold, thresholdOfGallery } from '../threshold.ts';

export interface MatchSetsOptions {
  readonly mode: MatchMode;
  readonly scheme?: Scheme | undefined;
  readonly scale?: number | undefined;
  /** Cosine; by default that of the built-in embedder, or one set on the gallery. */
  readonly threshold?: number | undefined;
  /** Share of pairs of different people that a threshold set on the gallery lets through. Default .001. */
  readonly fmr?: number | undefined;
  /** Most identities that are named for a probe. */
  readonly top: number;
  readonly workers?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (progress: { readonly stage: string; readonly done: number; readonly total: number }) => void;
}

export interface MatchedSets {
  readonly dimension: number;
  readonly scale: number;
  readonly threshold: Threshold;
  readonly results: readonly { readonly probe: string; readonly matches: readonly Match[] }[];
}

function chooseThreshold(gallery: LabelledSet, { threshold, fmr = 0.001 }: MatchSetsOptions): Threshold {
  if (threshold !== undefined) return { cosine: threshold, source: 'given', pairs: null };
  if (gallery.embedder === BUILT_IN) return { cosine: BUILT_IN_THRESHOLD, source: 'built-in embedder', pairs: null };
  return thresholdOfGallery(gallery, fmr);
}

/** The same with the additive scheme: a fresh master key, and slots that live no longer than it. */
async function matchAdditive(
  { gallery, probes }: { readonly gallery: LabelledSet; readonly probes: LabelledSet },
  options: MatchSetsOptions,
): Promise<MatchedSets> {
  const { scale = DEFAULT_SCALE, scheme, top, signal, onProgress } = options;
  if (scheme !== undefined) throw new BiolensError('usage', '--scheme is of mode both-encrypted');
  const dimension = gallery.matrix.cols;
  const plan = planAdditive({ dimension, scale });
  const threshold = chooseThreshold(gallery, options);
  const key = (): Uint8Array => getRandomValues(new Uint8Array(32));
  const holder = await AdditiveHolder.open(plan, { master: key(), seed: key() }, ephemeralLedger());
  const blocks = Math.ceil(gallery.matrix.rows / DEGREE);
  const workers = Math.min(options.workers ?? availableParallelism(), blocks, MOST_WORKERS);
  await using server = await AdditivePool.open(plan, { blocks, workers, probes: 1 });
  const rows = quantiseRows(gallery.matrix, scale, gallery.name);
  for (let i = 0; i < gallery.matrix.rows; i += DEGREE) {
    throwIfAborted(signal);
    for (const one of await holder.encrypt(rows.subarray(i * dimension, (i + DEGREE) * dimension))) server.put(one);
    onProgress?.({
      stage: 'encrypting the gallery',
      done: Math.min(i + DEGREE, gallery.matrix.rows),
      total: gallery.matrix.rows,
    });
  }
  const results: { probe: string; matches: readonly Match[] }[] = [];
  for (let i = 0; i < probes.matrix.rows; i++) {
    throwIfAborted(signal);
    const probe = quantise(row(probes.matrix, i), scale, { field: `${probes.name}: ${probes.items[i]}`, dimension });
    const [sums] = await server.match(probe);
    const prepared = holder.prepare(probe);
    const scores = new Int32Array(gallery.matrix.rows);
    for (let block = 0; block < blocks; block++) {
      const own = sums!.subarray(block * DEGREE, Math.min((block + 1) * DEGREE, scores.length));
      await holder.decrypt(prepared, block, own, scores.subarray(block * DEGREE));
    }
    const decided = decide(scores, {
      threshold: threshold.cosine,
      identities: gallery.identities,
      top,
      unit: scale ** 2,
    });
    results.push({ probe: probes.items[i]!, matches: decided });
    onProgress?.({ stage: 'matching', done: i + 1, total: probes.matrix.rows });
  }
  return { dimension, scale, threshold, results };
}

/**
 * Matches every probe with a gallery under encryption, client and server each in threads of its own with a fresh key.
 *
 * @throws {BiolensError} `input` naming the set and row; `usage` naming the option; `interrupted`
 */
export async function matchSets(
  { gallery, probes }: { readonly gallery: LabelledSet; readonly probes: LabelledSet },
  options: MatchSetsOptions,
): Promise<MatchedSets> {
  const { mode, scheme, scale, top, workers, signal, onProgress } = options;
  const dimension = gallery.matrix.cols;
  if (probes.matrix.cols !== dimension)
    throw new BiolensError(
      'input',
      `${probes.name}: embeddings are ${probes.matrix.cols} wide, those of ${gallery.name} are ${dimension}`,
    );
  const unknown = gallery.identities.indexOf(null);
  if (unknown >= 0)
    throw new BiolensError(
      'input',
      `${gallery.name}: ${gallery.items[unknown]} is nobody's: expected a folder or a label`,
    );
  if (mode === 'additive') return matchAdditive({ gallery, probes }, options);
  const plan = planMatching({ mode, scheme, dimension, scale });
  const threshold = chooseThreshold(gallery, options);
  const linkKey = getRandomValues(new Uint8Array(32));
  await using client = await openMatchClient(plan, { tenant: 'local', linkKey });
  const { keyId } = client;
  await using server = await openMatchServer(plan, { tenant: 'local', linkKey, keyId, ...(workers && { workers }) });
  const keys = await client.evaluationKeys();
  if (keys !== null) await server.acceptKeys(keys);
  const total = gallery.matrix.rows;
  if (mode === 'encrypted-probe') await server.loadGallery(gallery.matrix, { name: gallery.name });
  else
    for await (const block of client.encryptGallery(gallery.matrix, { name: gallery.name })) {
      throwIfAborted(signal);
      await server.acceptBlock(block);
      onProgress?.({ stage: 'encrypting the gallery', done: server.size, total });
    }
  const results: { probe: string; matches: readonly Match[] }[] = [];
  for (let i = 0; i < probes.matrix.rows; i++) {
    throwIfAborted(signal);
    const probe = await client.probe(row(probes.matrix, i), { name: `${probes.name}: ${probes.items[i]}` });
    const { cosine } = threshold;
    const identities = gallery.identities;
    const matches = await client.decide(await server.match(probe), { threshold: cosine, identities, top });
    results.push({ probe: probes.items[i]!, matches });
    onProgress?.({ stage: 'matching', done: i + 1, total: probes.matrix.rows });
  }
  return { dimension, scale: plan.scale, threshold, results };
}
