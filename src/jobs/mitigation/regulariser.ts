import type { Replication } from '../../ground/contracts/index.ts';
import type { MitigationConfiguration } from './configuration.ts';
import type { TargetLabels } from './labels.ts';
import type { PictureSet } from './picture-set.ts';
import type { ResolvedTarget } from './targets.ts';

type Weighted = { readonly target: ResolvedTarget; readonly labels: TargetLabels };

/** Passes over the attributes until the weighted distribution of each meets its target. */
const RAKINGS = 50;

/** Changes weights so that the distribution of every attribute meets its target, by iterative proportional fitting. */
export function rake(weights: Float64Array, targets: readonly Weighted[]): void {
  for (let pass = 0; pass < RAKINGS; pass++)
    for (const { target, labels } of targets) {
      const mass = target.classes.map(name =>
        labels.training.labels.reduce((sum, label, i) => (label === name ? sum + weights[i]! : sum), 0),
      );
      const total = mass.reduce((sum, value) => sum + value, 0);
      const factors = new Map(
        target.classes.map((name, i) => [name, mass[i]! > 0 ? (target.shares[i]! * total) / mass[i]! : 0]),
      );
      labels.training.labels.forEach((label, i) => {
        if (label !== null) weights[i]! *= factors.get(label) ?? 0;
      });
    }
}

/**
 * How much each training image counts in γ·E_D.
 *
 * - `all`: alike, as published. Its duplicates and its skew come back with it.
 * - `unique`: those of a cluster of duplicates count as one.
 * - `balanced`: likewise, and the rest by weights that bring their distribution to the targets.
 *
 * @returns `[training]`, mean 1
 */
export function weighTraining(
  training: PictureSet,
  options: {
    readonly regulariser: MitigationConfiguration['regulariser'];
    readonly duplicates: Replication['duplicates'];
    readonly targets: readonly Weighted[];
  },
): Float32Array {
  const { regulariser, duplicates, targets } = options;
  const weights = new Float64Array(training.files.length).fill(1);
  if (regulariser === 'all') return Float32Array.from(weights);
  const rowOf = new Map(training.files.map((file, i) => [file, i]));
  for (const { files } of duplicates.clusters)
    for (const file of files) {
      const row = rowOf.get(file);
      if (row !== undefined) weights[row] = 1 / files.length;
    }
  if (regulariser === 'balanced') rake(weights, targets);
  const mean = weights.reduce((sum, weight) => sum + weight, 0) / weights.length;
  return Float32Array.from(weights, weight => weight / mean);
}
