import { type Metric, missingMetric } from '../../../ground/contracts/metric.ts';
import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';
import {
  columnMeans,
  foldIn,
  logSumExp,
  type Matrix,
  meanMetric,
  openStream,
  type RandomKey,
  row,
} from '../../../ground/math/index.ts';
import { meanDifferenceMetric } from '../estimates.ts';
import { type Pairwise, visitSquaredDistances } from '../pairwise.ts';
import { sampleRows, sliceRows, takeRows } from '../rows.ts';

const LEARNING_RATE = 0.5;
const MAX_EPOCHS = 50;
const LOG_VARIANCE_LIMIT = 40;
/** Added to the smallest squared distance of a component before its first log-variance is taken. */
const INITIAL_JITTER = 1e-3;
/** The background Gaussian sits this share of the way from each point to the mean of all. */
const BACKGROUND_PULL = 0.1;
/** Fitting ends when the losses of the last epochs lie this close together. */
const CONVERGED = 5e-4;
const CONVERGED_EPOCHS = 5;
const FIRST_CHECK = 7;
/** Rows of each set that the likelihoods are computed on; more are sampled down. */
const MAX_ROWS = 1500;

export interface FldResult {
  /** 100 · (NLL of the held-out items per dimension − baseline): 0 is as good as fresh training data, more is worse. */
  readonly fld: Metric;
  /** 100 · (NLL of training − NLL of held-out items) per dimension; strongly negative is overfitted. */
  readonly gap: Metric;
  /** The same as `fld` for the training items. */
  readonly training: Metric;
  /** `[generated used]` how tightly each generated item sits on one training item: log density per dimension. */
  readonly memorisation: Float64Array;
}

interface Mixture {
  readonly centres: Matrix;
  readonly logVariances: Float64Array;
}

async function squaredDistances(left: Matrix, right: Matrix, pairwise: Pairwise): Promise<Float64Array> {
  const squared = new Float64Array(left.rows * right.rows);
  await visitSquaredDistances(left, right, {
    pairwise,
    visit: (i, j, value) => {
      squared[i * right.rows + j] = value;
    },
  });
  return squared;
}

/** Writes the log density of one point, whose squared distances start at `from`, under every component into `out`. */
function componentDensities(
  squared: Float64Array,
  from: number,
  options: { readonly logVariances: Float64Array; readonly width: number; readonly out: Float64Array },
): void {
  const { logVariances, width, out } = options;
  for (let j = 0; j < logVariances.length; j++) {
    const log = logVariances[j]!;
    out[j] = -0.5 * (squared[from + j]! * Math.exp(-log) + width * (log + Math.log(2 * Math.PI)));
  }
}

/** Fits one log-variance per centre to the points by full-batch Adam, with a background Gaussian that is dropped afterwards. */
async function fitMixture(
  centres: Matrix,
  points: Matrix,
  options: { readonly pairwise: Pairwise; readonly signal?: AbortSignal | undefined },
): Promise<Mixture> {
  const width = points.cols;
  const components = centres.rows;
  const squared = await squaredDistances(points, centres, options.pairwise);
  const background = backgroundDistances(points);
  const parameters = new Float64Array(components + 1);
  for (let j = 0; j < components; j++) {
    let nearest = Number.POSITIVE_INFINITY;
    for (let i = 0; i < points.rows; i++) nearest = Math.min(nearest, squared[i * components + j]!);
    parameters[j] = Math.log((nearest + INITIAL_JITTER) / width);
  }
  const first = new Float64Array(components + 1);
  const second = new Float64Array(components + 1);
  const gradient = new Float64Array(components + 1);
  const densities = new Float64Array(components + 1);
  const losses: number[] = [];
  const logCount = Math.log(components);
  for (let epoch = 1; epoch <= MAX_EPOCHS; epoch++) {
    throwIfAborted(options.signal);
    gradient.fill(0);
    let loss = 0;
    const logVariances = parameters.subarray(0, components);
    for (let i = 0; i < points.rows; i++) {
      componentDensities(squared, i * components, { logVariances, width, out: densities });
      for (let j = 0; j < components; j++) densities[j]! -= logCount;
      const own = parameters[components]!;
      densities[components] = -0.5 * (background[i]! * Math.exp(-own) + width * (own + Math.log(2 * Math.PI)));
      const total = logSumExp(densities);
      loss -= total;
      for (let j = 0; j <= components; j++) {
        const weight = Math.exp(densities[j]! - total);
        if (weight === 0) continue;
        const distance = j === components ? background[i]! : squared[i * components + j]!;
        gradient[j]! -= weight * 0.5 * (distance * Math.exp(-parameters[j]!) - width);
      }
    }
    const scale = 1 / (points.rows * width);
    losses.push(loss * scale);
    for (let j = 0; j <= components; j++) {
      const slope = gradient[j]! * scale;
      first[j] = 0.9 * first[j]! + 0.1 * slope;
      second[j] = 0.999 * second[j]! + 0.001 * slope * slope;
      const step = first[j]! / (1 - 0.9 ** epoch) / (Math.sqrt(second[j]! / (1 - 0.999 ** epoch)) + 1e-8);
      parameters[j]! -= LEARNING_RATE * step;
      if (j < components) parameters[j] = Math.max(-LOG_VARIANCE_LIMIT, Math.min(LOG_VARIANCE_LIMIT, parameters[j]!));
    }
    const recent = losses.slice(-CONVERGED_EPOCHS);
    if (epoch >= FIRST_CHECK && Math.max(...recent.map(value => Math.abs(value - losses.at(-1)!))) < CONVERGED) break;
  }
  return { centres, logVariances: parameters.slice(0, components) };
}

function backgroundDistances(points: Matrix): Float64Array {
  const mean = columnMeans(points);
  return Float64Array.from({ length: points.rows }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < points.cols; j++) sum += (points.data[i * points.cols + j]! - mean[j]!) ** 2;
    return (1 - BACKGROUND_PULL) ** 2 * sum;
  });
}

/** Negative log-likelihood per dimension of every point. */
async function dimensionNlls(mixture: Mixture, points: Matrix, pairwise: Pairwise): Promise<Float64Array> {
  const { centres, logVariances } = mixture;
  const width = points.cols;
  const squared = await squaredDistances(points, centres, pairwise);
  const out = new Float64Array(centres.rows);
  return Float64Array.from({ length: points.rows }, (_, i) => {
    componentDensities(squared, i * centres.rows, { logVariances, width, out });
    return -(logSumExp(out) - Math.log(centres.rows)) / width;
  });
}

async function memorisationOf(mixture: Mixture, training: Matrix, pairwise: Pairwise): Promise<Float64Array> {
  const { centres, logVariances } = mixture;
  const squared = await squaredDistances(training, centres, pairwise);
  const best = new Float64Array(centres.rows).fill(Number.NEGATIVE_INFINITY);
  const out = new Float64Array(centres.rows);
  for (let i = 0; i < training.rows; i++) {
    componentDensities(squared, i * centres.rows, { logVariances, width: training.cols, out });
    for (let j = 0; j < best.length; j++) best[j] = Math.max(best[j]!, out[j]! / training.cols);
  }
  return best;
}

/** Standardises columns by the mean and the deviation (n − 1) of `reference`; constant columns are dropped to zero. */
function standardiseBy(reference: Matrix, matrices: readonly Matrix[]): Matrix[] {
  const { rows, cols } = reference;
  const mean = columnMeans(reference);
  const deviation = new Float64Array(cols);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < cols; j++) deviation[j]! += (reference.data[i * cols + j]! - mean[j]!) ** 2 / (rows - 1);
  return matrices.map(matrix => {
    const data = new Float32Array(matrix.data.length);
    for (let i = 0; i < matrix.rows; i++) {
      const values = row(matrix, i);
      for (let j = 0; j < cols; j++)
        data[i * cols + j] = deviation[j]! > 0 ? (values[j]! - mean[j]!) / Math.sqrt(deviation[j]!) : 0;
    }
    return { rows: matrix.rows, cols, data };
  });
}

/**
 * Feature likelihood divergence and its generalisation gap.
 *
 * Jiralerspong et al., "Feature Likelihood Divergence" (NeurIPS 2023), section 3: an isotropic Gaussian on every generated item,
 * its variance fitted to the training items, and the likelihood of held-out items under that mixture. A generated item
 * that copies a training item gets a tiny variance there, and helps no held-out item.
 *
 * Deviations: at most 1,500 rows of each set, drawn by `key`, and one full batch an epoch, so that the same data give the same
 * number; distances of near-copies are computed without the cancellation of the published code, which moves its training
 * likelihood in the second digit after the point. Intervals are Student's over the items whose likelihood is averaged, given the
 * fitted mixture.
 *
 * @param sets `training` `[n, d]`, `heldout` `[h, d]`, `generated` `[m, d]`
 * @param options.baseline NLL per dimension that counts as 0; by default that of the held-out items under one half of the
 * training items fitted to the other half
 */
export async function featureLikelihoodDivergence(
  sets: { readonly training: Matrix; readonly heldout: Matrix; readonly generated: Matrix },
  options: {
    readonly pairwise: Pairwise;
    readonly key: RandomKey;
    readonly baseline?: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<FldResult> {
  const { pairwise, key, signal } = options;
  const { cols } = sets.training;
  if (sets.heldout.cols !== cols || sets.generated.cols !== cols)
    throw new BiolensError('usage', `"sets" expected embeddings ${cols} wide in all of them`);
  if (sets.training.rows < 4 || sets.heldout.rows < 2 || sets.generated.rows < 1) {
    const missing = missingMetric('needs 4 training and 2 held-out items or more');
    return { fld: missing, gap: missing, training: missing, memorisation: new Float64Array(0) };
  }
  const limited = (name: string, matrix: Matrix): Matrix => sampleRows(matrix, MAX_ROWS, foldIn(key, name));
  const heldout = limited('heldout', sets.heldout);
  const [training, test, generated] = standardiseBy(heldout, [
    limited('training', sets.training),
    heldout,
    limited('generated', sets.generated),
  ]);
  const mixture = await fitMixture(generated!, training!, { pairwise, signal });
  const trainingNlls = await dimensionNlls(mixture, training!, pairwise);
  const testNlls = await dimensionNlls(mixture, test!, pairwise);
  const baseline = options.baseline ?? (await baselineNll(training!, test!, { ...options, size: generated!.rows }));
  const scaled = (nlls: Float64Array): Metric => meanMetric(nlls.map(nll => 100 * (nll - baseline)));
  const hundredfold = (nlls: Float64Array): Float64Array => nlls.map(nll => 100 * nll);
  return {
    fld: scaled(testNlls),
    training: scaled(trainingNlls),
    gap: meanDifferenceMetric(hundredfold(trainingNlls), hundredfold(testNlls)),
    memorisation: await memorisationOf(mixture, training!, pairwise),
  };
}

async function baselineNll(
  training: Matrix,
  test: Matrix,
  options: {
    readonly pairwise: Pairwise;
    readonly key: RandomKey;
    readonly size: number;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<number> {
  const order = Uint32Array.from({ length: training.rows }, (_, i) => i);
  openStream(foldIn(options.key, 'baseline')).shuffle(order);
  const shuffled = takeRows(training, order);
  const half = Math.min(options.size, Math.floor(training.rows / 2));
  const mixture = await fitMixture(sliceRows(shuffled, 0, half), sliceRows(shuffled, half, training.rows), options);
  const nlls = await dimensionNlls(mixture, test, options.pairwise);
  return nlls.reduce((sum, nll) => sum + nll, 0) / nlls.length;
}
