import { getRandomValues } from 'node:crypto';
import { BiolensError, throwIfAborted } from '../../../../ground/errors.ts';
import { row } from '../../../../ground/math/index.ts';
import { BUILT_IN } from '../../../../kit/faces/index.ts';
import { openMatchClient } from '../client/node.ts';
import type { Match } from '../decide.ts';
import type { LabelledSet } from '../labelled-set/node.ts';
import { type Mode, planMatching, type Scheme } from '../plan.ts';
import { openMatchServer } from '../server/node.ts';
import { BUILT_IN_THRESHOLD, type Threshold, thresholdOfGallery } from '../threshold.ts';

export interface MatchSetsOptions {
  readonly mode: Mode;
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
