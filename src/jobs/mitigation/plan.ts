import type { JobPlan } from '../../kit/job/index.ts';
import { GENERATORS, secondsOfSample, secondsOfStep } from '../generators/index.ts';
import type { MitigationConfiguration } from './configuration.ts';
import type { PictureFolder } from './picture-set.ts';
import type { Prepared } from './prepare.ts';
import { SHEET } from './side.ts';

/**
 * Measured in November 2026 on two shared cores of an Intel Xeon that others kept busy, the smallest of several times: audits of 1,100 to 3,000
 * embeddings of 128 to 512 numbers (1 to 13 s) are met within a factor of 2. `face` is the audit's, measured for its plan; steps and samples
 * are those of training.
 */
const SECONDS = {
  start: 3,
  /** An image that the face networks read, and one that is compared as a whole. */
  face: 0.04,
  appearance: 0.001,
  /** An audit of samples, and what each number of the embeddings of all sets adds to it. */
  audit: 0.3,
  embedded: 5e-6,
} as const;

/** Samples that are generated in all rounds, and the audits of them. */
function amountsOf({ rounds, samples, auditSamples }: MitigationConfiguration) {
  const measured = rounds + 1;
  return { samples: 2 * auditSamples + measured * (samples + SHEET.pictures), audits: 2 + measured };
}

function secondsOf({ configuration, model, reader, folders }: Prepared): number {
  const { rounds, steps, batch, samplingSteps, embedder, classifier, bias, samples } = configuration;
  const real = folders.training.files.length + (folders.heldout?.files.length ?? 0);
  const wholePictures = embedder === 'appearance' && (Object.keys(bias).length === 0 || classifier !== 'built-in');
  const reading = wholePictures ? SECONDS.appearance : SECONDS.face;
  const size = { parameters: model.parameters.size, size: model.config.size, batchSize: batch };
  const step = secondsOfStep('diffusion', size);
  const amounts = amountsOf(configuration);
  const sample = secondsOfSample('diffusion', size, samplingSteps) + reading;
  const audit = SECONDS.audit + (real + samples) * reader.width * SECONDS.embedded;
  return SECONDS.start + real * reading + amounts.samples * sample + rounds * steps * step + amounts.audits * audit;
}

/** Bytes of the pictures, as they are kept and as the network takes them, and of a training step. */
function bytesOf({ configuration, model, folders }: Prepared, onCpu: boolean): number {
  const { batch, steps, learningRate } = configuration;
  const numbers = 3 * model.config.size ** 2;
  const training = folders.training.files.length;
  const heldout = folders.heldout?.files.length ?? 0;
  const step = GENERATORS.diffusion.trainingBytes({
    size: model.config.size,
    channels: model.config.down[0]?.channels ?? 0,
    layersPerBlock: model.config.layersPerBlock,
    dropout: 0,
    prediction: model.noise.prediction,
    batchSize: batch,
    steps,
    learningRate,
    classes: model.classes,
    attribute: model.attribute,
    start: model,
  });
  return (training + heldout) * numbers + training * numbers * 4 + (onCpu ? (step ?? 0) : 0);
}

function read(what: string, { source, files }: PictureFolder): JobPlan['reads'][number] {
  return { what, path: source, amount: `${files.length} images` };
}

/** What a mitigation reads and writes, about how long it takes if it needs all its rounds, and the memory that it cannot do without. */
export function planMitigation(prepared: Prepared): JobPlan {
  const { configuration, model, folders } = prepared;
  const { device, output, compare } = configuration;
  const onCpu = device === 'cpu' || device === 'auto';
  const measured = 'as measured on two shared cores of an Intel Xeon, if all rounds are needed';
  return {
    reads: [
      {
        what: 'model',
        path: configuration.model,
        amount: `${model.parameters.size.toLocaleString('en')} numbers`,
      },
      read('training', folders.training),
      ...(folders.heldout === null ? [] : [read('heldout', folders.heldout)]),
    ],
    writes: output === undefined ? [] : [{ what: 'model', path: output }],
    seconds: onCpu ? secondsOf(prepared) : null,
    basis: onCpu
      ? `${measured}${compare.length === 0 ? '' : `, without ${compare.join(' and ')}`}`
      : `depends on the graphics card (${device})`,
    memoryBytes: bytesOf(prepared, onCpu),
  };
}
