import { stat } from 'node:fs/promises';
import { BiolensError } from '../../../ground/errors.ts';
import type { DeviceChoice } from '../../../kit/tensor/index.ts';
import { openRuntime } from '../../../kit/tensor/node.ts';
import { openGenerator } from '../generator/index.ts';
import { writeSamples } from '../write-samples.ts';
import { callSampleCommand, parseSampleCommand } from './sample-command.ts';
import { type MakePart, makeSampleSet } from './sample-set.ts';

/** Images between which sampling by a model can be interrupted without losing them. */
const PER_PART = 256;
/** Network evaluations a sample of a diffusion model. */
const SAMPLING = { method: 'dpm-solver++', steps: 25 } as const;

export interface SampleMakerSettings {
  /** A command with `{n}`, `{seed}` and `{dir}`. */
  readonly sampleWith?: string | undefined;
  /** A generator's folder, or an ONNX model with its card. */
  readonly generator?: string | undefined;
  readonly samples: number;
  /** Images that a command makes at a time; by default all. */
  readonly samplesPerCall?: number | undefined;
  readonly seed: number;
  readonly device: DeviceChoice;
}

/** What generates a set of images. */
export interface SampleMaker {
  /** The command or the model. */
  readonly what: string;
  readonly n: number;
  /** Lines that a user should know of. */
  readonly warnings: readonly string[];
  /** Makes the set in `target`, with `work` for what is unfinished; a set that is there is left as it is. */
  make(
    places: { readonly target: string; readonly work: string },
    options: { readonly signal?: AbortSignal | undefined },
  ): AsyncGenerator<{ readonly done: number; readonly total: number }, void>;
}

function commandMaker(
  text: string,
  { samples: n, samplesPerCall: perCall = n, seed }: SampleMakerSettings,
): SampleMaker {
  const command = parseSampleCommand(text);
  if (perCall < n && !command.seeded)
    throw new BiolensError('usage', 'command: {seed} is missing, and calls without one may make the same images again');
  return {
    what: text,
    n,
    warnings: command.seeded ? [] : ['the command takes no {seed}: repeating the run makes other images'],
    make: ({ target, work }, { signal }) =>
      makeSampleSet(call => callSampleCommand(command, call), { target, work, n, perCall, seed, signal }),
  };
}

async function modelMaker(model: string, { samples: n, seed, device }: SampleMakerSettings): Promise<SampleMaker> {
  await stat(model).catch(error => {
    throw new BiolensError('input', `${model}: there is no such file or folder`, { cause: error });
  });
  // Opened once before any work, so that what is wrong with it is told then.
  const runtime = await openRuntime({ device });
  try {
    const sampler = await openGenerator(runtime, model, SAMPLING);
    const warnings = sampler.warnings ?? [];
    await sampler.close();
    return {
      what: model,
      n,
      warnings,
      make: async function* ({ target, work }, { signal }) {
        const own = await openRuntime({ device, signal });
        try {
          const part: MakePart = async function* ({ folder, first, n: count }) {
            const options = { model, output: folder, n: count, first, seed, sampling: SAMPLING, signal };
            for await (const event of writeSamples(own, options)) if (event.type === 'progress') yield event;
          };
          yield* makeSampleSet(part, { target, work, n, perCall: PER_PART, seed, signal });
        } finally {
          await own.close();
        }
      },
    };
  } finally {
    await runtime.close();
  }
}

/**
 * Opens what generates a set of images: a command or a model.
 *
 * @throws {BiolensError} `usage` or `input` naming what is wrong with either; `usage` where both are given, or none
 */
export async function openSampleMaker(settings: SampleMakerSettings): Promise<SampleMaker> {
  const { sampleWith, generator } = settings;
  if (sampleWith !== undefined && generator === undefined) return commandMaker(sampleWith, settings);
  if (generator !== undefined && sampleWith === undefined) return modelMaker(generator, settings);
  throw new BiolensError('usage', 'expected a command that generates images or a generator, one of both');
}
