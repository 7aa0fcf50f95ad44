import type { GeneratorKind } from '../../../ground/contracts/index.ts';

/**
 * Measured in November 2026 on two shared cores of an Intel Xeon. A step takes `step · (parameters × pixels × images / 10⁹)^power`: diffusion of
 * 16 to 128 pixels and 16 to 64 channels (26 ms to 0.9 s a step) is met within a quarter, a GAN of the same sizes (68 ms to 0.9 s) within a
 * third.
 */
const SECONDS = {
  /** What a step takes however small it is. */
  least: 0.002,
  diffusion: { step: 0.028, power: 0.72, oneThread: 1.85 },
  gan: { step: 0.066, power: 0.58, oneThread: 1.2 },
  /** One evaluation of the network that samples an image, as a share of what training on an image takes. */
  evaluation: { diffusion: 0.2, gan: 0.06 },
} as const;

/** What decides how long a step takes. */
export interface StepSize {
  readonly parameters: number;
  /** Side of the images in pixels. */
  readonly size: number;
  readonly batchSize: number;
  /** Of the CPU; all cores by default. */
  readonly threads?: number;
}

/** Seconds of a training step on the CPU, about. */
export function secondsOfStep(kind: GeneratorKind, { parameters, size, batchSize, threads }: StepSize): number {
  const { step, power, oneThread } = SECONDS[kind];
  const work = parameters * size * size * batchSize;
  return (SECONDS.least + step * (work / 1e9) ** power) * (threads === 1 ? oneThread : 1);
}

/** Seconds that one sample takes in so many evaluations of the network, about; a GAN takes one. */
export function secondsOfSample(kind: GeneratorKind, step: StepSize, evaluations: number): number {
  const share = (kind === 'gan' ? 1 : evaluations) * SECONDS.evaluation[kind];
  return (share * secondsOfStep(kind, step)) / step.batchSize;
}
