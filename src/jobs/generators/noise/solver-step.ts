import type { Estimate, NoiseLevel } from './prediction.ts';

/** One step back, from the time it stands at to the next. */
export interface SolverStep {
  /** Training time that the network is asked at. */
  readonly time: number;
  readonly level: NoiseLevel;
  /** Deviation of the noise that is to be added to what `advance` gives; 0: none. */
  readonly noiseStdDev: number;
  /** The deviation for each pixel instead, from what the network says of the variance; null: `noiseStdDev` holds for all. */
  readonly learnedStdDev: ((variance: Float32Array) => Float32Array) | null;
  /**
   * The image one step on.
   *
   * @param x where it stands
   * @param estimate what the network predicts there, clipped where the schedule says so
   * @param earlier the estimates of the steps before, newest first, for methods of higher order
   */
  readonly advance: (x: Float32Array, estimate: Estimate, earlier: readonly Estimate[]) => Float32Array;
}

/** Most estimates of earlier steps that a step looks at. */
export const MOST_EARLIER = 2;
