import type { GeneratorKind } from '../../ground/contracts/index.ts';
import type { JobPlan } from '../../kit/job/index.ts';
import { GENERATORS } from '../generators/index.ts';
import type { StudyConfiguration } from './configuration.ts';
import { studySettings } from './generators.ts';
import type { Prepared } from './prepare.ts';
import { stepsOf } from './work.ts';

/**
 * Measured in November 2026 on two shared cores of an Intel Xeon that others kept busy, the smallest of several times, on 16, 32 and 64 pixels:
 * a GAN (51 to 458 ms a step) is met within a tenth, a diffusion model (83 to 528 ms) within a factor of 2. `face` is the
 * audit's, measured for its plan.
 */
const SECONDS = {
  /** A generator's graphs. */
  open: 1.5,
  image: 0.0015,
  /** An image that a classifier is asked about, which has to find a face or has not. */
  face: 0.04,
  whole: 0.001,
  /** A step on 16 images of 16 pixels and a sample of 16 pixels; `power`: how they grow with the pixels of all images. */
  gan: { step: 0.051, power: 0.79, sample: 0.0001 },
  diffusion: { step: 0.05, power: 0.85, sample: 0.018 },
} as const satisfies Readonly<Record<string, number | Readonly<Record<string, number>>>>;

const PIXELS = 16 * 16;
const BATCH = 16;

/** Seconds that a generator takes to be trained on so many images and to be sampled, without the classifier. */
function secondsOfGenerator(configuration: StudyConfiguration, kind: GeneratorKind, size: number): number {
  const { imageSize, batchSize, samples } = configuration;
  const { step, power, sample } = SECONDS[kind];
  const pixels = imageSize ** 2 / PIXELS;
  return (
    SECONDS.open +
    stepsOf(configuration, size) * step * ((pixels * batchSize) / BATCH) ** power +
    samples * sample * pixels ** power
  );
}

function secondsOf({ configuration, folder, labeller, sizes }: Prepared): number {
  const { kinds, samples, confusionImages } = configuration;
  const n = folder.files.length;
  const labelled = Math.min(n, confusionImages) + sizes.length * kinds.length * samples;
  const generators = sizes.flatMap(size => kinds.map(kind => secondsOfGenerator(configuration, kind, size)));
  return (
    n * SECONDS.image +
    labelled * (labeller.findsFaces ? SECONDS.face : SECONDS.whole) +
    generators.reduce((sum, seconds) => sum + seconds, 0)
  );
}

/** Bytes of the pictures, and of a training step of the larger network. */
function bytesOf({ configuration, folder }: Prepared, onCpu: boolean): number {
  const { kinds, imageSize: size, batchSize } = configuration;
  const steps = kinds.map(kind => GENERATORS[kind].trainingBytes(studySettings(kind, { size, batchSize, steps: 1 })));
  return folder.files.length * size ** 2 * 3 + (onCpu ? Math.max(...steps.map(bytes => bytes ?? 0)) : 0);
}

/** What a study reads, and about how long it takes. */
export function planStudy(prepared: Prepared): JobPlan {
  const { configuration, folder } = prepared;
  const { images, device, attributes } = configuration;
  const onCpu = device === 'cpu' || device === 'auto';
  return {
    reads: [
      { what: 'images', path: images, amount: `${folder.files.length} images` },
      { what: 'labels', path: folder.labels.source, amount: attributes.join(', ') },
    ],
    writes: [],
    seconds: onCpu ? secondsOf(prepared) : null,
    basis: onCpu ? 'as measured on two shared cores of an Intel Xeon' : `depends on the graphics card (${device})`,
    memoryBytes: bytesOf(prepared, onCpu),
  };
}
