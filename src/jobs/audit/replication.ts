import { type Metric, missingMetric, type Pair, type Replication } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import { foldIn, type Matrix, proportionMetric, type RandomKey } from '../../ground/math/index.ts';
import { type MatrixSource, type Neighbours, sourceOf } from '../../kit/tensor/index.ts';
import { REPLICATION_DEFAULTS } from './declaration/replication-defaults.ts';
import type { EmbeddedSets } from './embedded-sets.ts';
import { authPctOf, ownNearest } from './metrics/auth-pct.ts';
import { CARLINI_DEFAULTS, carliniOf } from './metrics/carlini.ts';
import { dataCopying } from './metrics/data-copying.ts';
import { splitProduct } from './metrics/split-product.ts';
import type { Pairwise } from './pairwise.ts';
import { type AuditProgress, stepCounter } from './progress.ts';
import { callCopies } from './replication/calls.ts';
import { measureControls, overlapOf } from './replication/control.ts';
import { relabel } from './replication/relabel.ts';
import { NO_HELDOUT, noRelabelling } from './replication/relabel-lists.ts';
import { histogramsOf, pairShareAbove, shareAbove, summariseTop1 } from './replication/summaries.ts';
import { calibrateThreshold } from './replication/threshold.ts';
import { examineTraining, findDuplicates, HISTOGRAM_ROWS, type TrainingPairs } from './replication/training-pairs.ts';
import { mapSource, meanRow, normaliseRows, readRows, sampleNumbers } from './rows.ts';

export interface ReplicationSettings {
  readonly falseMatchRate?: number | undefined;
  readonly falseDiscoveryRate?: number | undefined;
  readonly permutations?: number | undefined;
  readonly centre?: boolean | undefined;
}

export interface ReplicationOptions extends ReplicationSettings {
  readonly pairwise: Pairwise;
  readonly key: RandomKey;
  /** Name of the network that made the embeddings. */
  readonly embedder: string;
  readonly signal?: AbortSignal | undefined;
}

function checkRate(name: string, value: number): number {
  if (value > 0 && value < 1) return value;
  throw new BiolensError('usage', `"${name}" expected a number above 0 and below 1, got ${value}`);
}

const NO_THRESHOLD = 'too few real pairs to calibrate a threshold';

/**
 * Does the generator copy its training items?
 *
 * Similarity is the cosine of embeddings less the mean training embedding: faces share most of an embedding, which squeezes raw
 * cosines into a narrow band and hides mirrored copies behind look-alikes. An item is called a copy when its nearest training
 * item matches at the false match rate, and it is an outlier against both controls of `callCopies` at the false
 * discovery rate. Memory: a block of the training set, and the generated and held-out sets.
 *
 * @param sets embeddings of one width, as `checkSets` lets through
 */
export async function* measureReplication(
  sets: EmbeddedSets,
  options: ReplicationOptions,
): AsyncGenerator<AuditProgress, Replication> {
  const { pairwise, key, signal } = options;
  const falseMatchRate = checkRate('falseMatchRate', options.falseMatchRate ?? REPLICATION_DEFAULTS.falseMatchRate);
  const falseDiscoveryRate = checkRate(
    'falseDiscoveryRate',
    options.falseDiscoveryRate ?? REPLICATION_DEFAULTS.falseDiscoveryRate,
  );
  const { centre: centred = REPLICATION_DEFAULTS.centre, permutations = REPLICATION_DEFAULTS.permutations } = options;
  const common = { pairwise, signal };
  const step = stepCounter('replication', sets.heldout === null ? 5 : 7);

  const centre = centred ? await meanRow(sets.training.rows, { signal }) : undefined;
  const unit = (matrix: Matrix): Matrix => normaliseRows(matrix, centre);
  const training = mapSource(sets.training.rows, unit);
  const generated = unit(sets.generated.rows);
  const heldout = sets.heldout && unit(sets.heldout.rows);

  yield step('nearest training items');
  const nearest = await pairwise.neighbours(generated, training, {
    k: Math.min(CARLINI_DEFAULTS.k, training.rows),
    metric: 'inner',
    signal,
  });
  const top1 = firstScores(nearest);
  yield step('duplicates in the training set');
  const own = await examineTraining(training, { key: foldIn(key, 'training'), ...common });
  if (heldout !== null) yield step('nearest items of the held-out set');
  const controls = await measureControls(
    { training, generated, heldout },
    { own, key: foldIn(key, 'control'), ...common },
  );
  const { heldoutTop1 } = controls;
  const { threshold, pairs: calibrationPairs, method } = calibrateThreshold(controls.real.pairs, falseMatchRate);
  const calls = callCopies(top1, controls);
  const pairs = calls
    .called(threshold, falseDiscoveryRate)
    .map(
      (called, i): Pair => ({
        generated: sets.generated.id(i),
        training: sets.training.id(nearest.indices[i * nearest.k]!),
        similarity: top1[i]!,
        ...called,
      }),
    )
    .sort((a, b) => b.similarity - a.similarity);

  if (heldout !== null) yield step('relabelling test');
  const permutation =
    sets.heldout === null || heldout === null || heldoutTop1 === null
      ? noRelabelling(NO_HELDOUT)
      : await relabel(
          { training: sets.training.rows, generated: sets.generated.rows, heldout: sets.heldout.rows },
          { own, heldoutUnits: heldout, heldoutTop1, centred, permutations, key, ...common },
        );

  yield step('authenticity and data copying');
  const distances = toDistances(nearest);
  const carlini = carliniOf(distances);
  const authPct = authPctOf(firstScores(distances), await ownDistances(training, nearest, common));
  const ct =
    heldout === null
      ? missingMetric(NO_HELDOUT)
      : await dataCopying({ training, heldout, generated }, { key: foldIn(key, 'cells'), ...common });

  const alike =
    own.duplicateThreshold === null
      ? { duplicated: 0, clusters: [] }
      : await findDuplicates(sourceOf(generated), { limit: own.duplicateThreshold, ...common });

  yield step('split-product');
  const split = await splitProduct(training, generated, common);

  yield step('identity leakage');
  const sample = await readRows(training, sampleNumbers(training.rows, HISTOGRAM_ROWS, foldIn(key, 'leakage')));
  const leakage = async (queries: Matrix | null): Promise<Metric> => {
    if (queries === null) return missingMetric(NO_HELDOUT);
    if (threshold === null) return missingMetric(NO_THRESHOLD, queries.rows);
    return pairShareAbove(queries, sample, { threshold, ...common });
  };
  return {
    embedder: { name: options.embedder, width: training.cols },
    similarity: centred ? 'centred-cosine' : 'cosine',
    threshold,
    falseMatchRate,
    calibration: { source: controls.source, pairs: calibrationPairs, method },
    control: calls.method,
    copied:
      threshold === null || calls.qValues === null
        ? missingMetric(NO_THRESHOLD, generated.rows)
        : proportionMetric(pairs.filter(pair => pair.copy).length, generated.rows),
    falseDiscoveryRate,
    callable: threshold === null ? null : calls.callableFrom(threshold, falseDiscoveryRate),
    aboveThreshold: {
      generated: shareAbove(top1, threshold),
      training: shareAbove(own.top1, threshold),
      heldout: heldoutTop1 === null ? missingMetric(NO_HELDOUT) : shareAbove(heldoutTop1, threshold),
    },
    top1: {
      generated: summariseTop1(top1),
      training: summariseTop1(own.top1),
      heldout: heldoutTop1 && summariseTop1(heldoutTop1),
    },
    histogram: histogramsOf(top1, own.top1, heldoutTop1),
    permutation,
    splitProduct: { chunks: split.chunks, mean: split.mean, p95: split.p95 },
    carlini: {
      k: carlini.k,
      alpha: carlini.alpha,
      cutoff: carlini.cutoff,
      median: carlini.median,
      flagged: carlini.flagged,
    },
    authPct,
    ct,
    identityLeakage: { generated: await leakage(generated), heldout: await leakage(heldout) },
    heldoutOverlap: overlapOf(heldoutTop1, own.duplicateThreshold),
    duplicates: duplicatesOf(own, {
      limit: own.duplicateThreshold,
      n: own.searched.length,
      id: sets.training.id,
    }),
    generatedDuplicates: duplicatesOf(alike, {
      limit: own.duplicateThreshold,
      n: generated.rows,
      id: sets.generated.id,
    }),
    pairs,
  };
}

/** Clusters of duplicates as a report tells them, the largest first. */
function duplicatesOf(
  { duplicated, clusters }: Pick<TrainingPairs, 'duplicated' | 'clusters'>,
  { limit, n, id }: { readonly limit: number | null; readonly n: number; readonly id: (row: number) => string },
): Replication['duplicates'] {
  return {
    threshold: limit,
    share:
      limit === null
        ? missingMetric('too few training items to tell duplicates from look-alikes', n)
        : proportionMetric(duplicated, n),
    clusters: clusters.map(({ rows, minSimilarity }) => ({ files: rows.map(id), minSimilarity })),
  };
}

function firstScores({ k, scores }: Neighbours): Float32Array {
  return Float32Array.from({ length: scores.length / k }, (_, i) => scores[i * k]!);
}

/** Euclidean distance of two vectors of length 1 from their inner product. */
function toDistance(similarity: number): number {
  return Math.sqrt(Math.max(0, 2 - 2 * similarity));
}

function toDistances({ k, indices, scores }: Neighbours): Neighbours {
  return { k, indices, scores: scores.map(toDistance) };
}

async function ownDistances(
  training: MatrixSource,
  nearest: Neighbours,
  options: { readonly pairwise: Pairwise; readonly signal?: AbortSignal | undefined },
): Promise<Float32Array> {
  const { k, indices } = nearest;
  const rows = Int32Array.from({ length: indices.length / k }, (_, i) => indices[i * k]!);
  return (await ownNearest(training, rows, { metric: 'cosine', ...options })).map(toDistance);
}
