import type { GeneratorKind } from '../../ground/contracts/index.ts';
import type { JobPlan } from '../../kit/job/index.ts';
import { GENERATORS, secondsOfSample, secondsOfStep } from '../generators/index.ts';
import type { StudyConfiguration } from './configuration.ts';
import { SAMPLING, studySettings } from './generators.ts';
import type { Prepared } from './prepare.ts';
import { stepsOf } from './work.ts';

/** Measured in November 2026 on two shared cores of an Intel Xeon. `face` is the audit's; steps and samples are those of training. */
const SECONDS = {
  /** A generator's graphs. */
  open: 1.5,
  image: 0.0015,
  /** An image that a classifier is asked about, which has to find a face or has not. */
  face: 0.04,
  whole: 0.001,
} as const;

/** Seconds that a generator takes to be trained on so many images and to be sampled, without the classifier. */
function secondsOfGenerator(configuration: StudyConfiguration, kind: GeneratorKind, images: number): number {
  const { imageSize: size, batchSize, samples } = configuration;
  const steps = stepsOf(configuration, images);
  const parameters = GENERATORS[kind].parameters(studySettings(kind, { size, batchSize, steps }));
  const step = { parameters, size, batchSize };
  return SECONDS.open + steps * secondsOfStep(kind, step) + samples * secondsOfSample(kind, step, SAMPLING.steps);
}

/** Those that this project trains. */
const ownKinds = ({ kinds }: StudyConfiguration): GeneratorKind[] => kinds.filter(kind => kind !== 'command');

function secondsOf({ configuration, folder, labeller, sizes }: Prepared): number {
  const { samples, confusionImages } = configuration;
  const kinds = ownKinds(configuration);
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
  const { imageSize: size, batchSize } = configuration;
  const steps = ownKinds(configuration).map(kind =>
    GENERATORS[kind].trainingBytes(studySettings(kind, { size, batchSize, steps: 1 })),
  );
  return folder.files.length * size ** 2 * 3 + (onCpu ? Math.max(0, ...steps.map(bytes => bytes ?? 0)) : 0);
}

/** What a study reads, and about how long it takes. */
export function planStudy(prepared: Prepared): JobPlan {
  const { configuration, folder } = prepared;
  const { images, device, attributes } = configuration;
  const byCommand = configuration.kinds.includes('command');
  const onCpu = device === 'cpu' || device === 'auto';
  return {
    reads: [
      { what: 'images', path: images, amount: `${folder.files.length} images` },
      { what: 'labels', path: folder.labels.source, amount: attributes.join(', ') },
    ],
    writes: [],
    seconds: onCpu && !byCommand ? secondsOf(prepared) : null,
    basis: byCommand
      ? 'depends on the commands that train and sample'
      : onCpu
        ? 'as measured on two shared cores of an Intel Xeon'
        : `depends on the graphics card (${device})`,
    memoryBytes: bytesOf(prepared, onCpu),
  };
}
