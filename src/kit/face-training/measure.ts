import type { ModelCard } from '../../ground/contracts/index.ts';
import { proportionMetric } from '../../ground/math/index.ts';
import type { Example, LearntAttribute } from './labelled-images.ts';

/** What the held-out examples say of one attribute, as the model card keeps it. */
export type AttributeEvaluation = NonNullable<ModelCard['evaluation']>['attributes'][string];

/** Temperatures that are tried, from sharper to flatter. */
const LOWEST = Math.log(0.25);
const HIGHEST = Math.log(8);
const GOLDEN = (Math.sqrt(5) - 1) / 2;
const SEARCH_STEPS = 24;
/** Too few to say how sure the model may be. */
const MIN_FOR_TEMPERATURE = 20;

/** −log softmax(logits / temperature)[label] */
function surprise(logits: Float32Array, label: number, temperature: number): number {
  const largest = Math.max(...logits);
  let sum = 0;
  for (const logit of logits) sum += Math.exp((logit - largest) / temperature);
  return Math.log(sum) - (logits[label]! - largest) / temperature;
}

/**
 * The temperature at which held-out labels are least surprising (Guo et al., "On Calibration of Modern Neural Networks", ICML 2017, section 4.2), by golden
 * section over its logarithm; the sum is convex in 1 / T, so there is one minimum.
 */
export function fitTemperature(rows: readonly { readonly logits: Float32Array; readonly label: number }[]): number {
  if (rows.length < MIN_FOR_TEMPERATURE) return 1;
  const loss = (logTemperature: number) =>
    rows.reduce((sum, { logits, label }) => sum + surprise(logits, label, Math.exp(logTemperature)), 0);
  let [low, high] = [LOWEST, HIGHEST];
  for (let step = 0; step < SEARCH_STEPS; step++) {
    const [a, b] = [high - GOLDEN * (high - low), low + GOLDEN * (high - low)];
    if (loss(a) < loss(b)) high = b;
    else low = a;
  }
  return Math.exp((low + high) / 2);
}

function largestOf(values: Float32Array): number {
  return values.reduce((best, value, i) => (value > values[best]! ? i : best), 0);
}

/**
 * Measures each attribute on the held-out examples.
 *
 * @param logits one row an example, the attributes' classes one after another
 */
export function measureHeldOut(
  attributes: readonly LearntAttribute[],
  heldOut: readonly Example[],
  logits: readonly Float32Array[],
): Record<string, AttributeEvaluation> {
  let start = 0;
  const entries = attributes.map(({ name, classes }, a): [string, AttributeEvaluation] => {
    const from = start;
    start += classes.length;
    const rows = heldOut.flatMap(({ labels }, i) => {
      const label = labels[a] ?? null;
      return label === null ? [] : [{ label, logits: logits[i]!.subarray(from, from + classes.length) }];
    });
    const counts = classes.map(() => classes.map(() => 0));
    let right = 0;
    for (const { label, logits: row } of rows) {
      const predicted = largestOf(row);
      counts[predicted]![label]!++;
      if (predicted === label) right++;
    }
    const accuracy = proportionMetric(right, rows.length, { reason: 'no held-out image has a label' });
    return [name, { accuracy, confusion: counts, temperature: fitTemperature(rows) }];
  });
  return Object.fromEntries(entries);
}
