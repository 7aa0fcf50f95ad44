import { type Command, Option } from 'commander';
import { BiolensError } from '../../../ground/errors.ts';
import type { SamplingMethod } from '../../../jobs/generators/index.ts';
import { printable } from '../../../kit/text/printable.ts';
import { groupOf } from '../groups.ts';
import type { CliIo } from '../io.ts';
import { addCommonOptions, addExamples, addSeedOption, type CommonOptions, numberIn, wholeNumber } from '../options.ts';
import { printJson, work } from '../work.ts';

interface SampleOptions extends CommonOptions {
  readonly model: string;
  readonly number: number;
  readonly output: string;
  readonly method: SamplingMethod;
  readonly steps: number;
  readonly eta?: number;
  readonly class?: string;
  readonly batch: number;
  readonly seed: number;
}

async function sample(options: SampleOptions, io: CliIo): Promise<void> {
  const [{ writeSamples }, { openRuntime }] = await Promise.all([
    import('../../../jobs/generators/index.ts'),
    import('../../../kit/tensor/node.ts'),
  ]);
  const { model, number: n, output, method, steps, eta, batch, seed, class: className } = options;
  const result = await work(io, async ({ signal, progress }) => {
    const runtime = await openRuntime({ device: options.device, signal });
    try {
      const sampling = { method, steps, batch, ...(eta === undefined ? {} : { eta }) };
      for await (const event of writeSamples(runtime, { model, output, n, seed, sampling, className, signal })) {
        if (event.type === 'result') return event;
        progress.update({ stage: 'generating samples', done: event.done, total: event.total });
      }
    } finally {
      await runtime.close();
    }
    throw new BiolensError('external', 'sampling ended without a result');
  });
  const { type: _, ...rest } = result;
  for (const warning of result.warnings) io.err(`${printable(model)}: ${printable(warning)}\n`);
  if (options.json) return printJson(io, { schema: 'biolens/diffusion-sample@1', ...rest, seed });
  const labels = result.attribute === null ? '' : `; labels.csv says the ${printable(result.attribute)} of each`;
  io.out(
    `${printable(result.directory)}: ${result.images} samples of ${result.size}×${result.size} pixels in ${result.seconds.toFixed(1)} s${labels}\n`,
  );
}

/** `biolens diffusion sample` */
export function registerSample(program: Command, io: CliIo): void {
  const diffusion = groupOf(program, 'diffusion');
  addExamples(
    addSeedOption(
      addCommonOptions(
        diffusion
          .command('sample')
          .description('generate samples with a generator into a folder; the same options give the same images')
          .requiredOption(
            '--model <dir>',
            "a model folder (ours, or diffusers' UNet2DModel), or a run that trained one",
          )
          .requiredOption('-n, --number <n>', 'samples to generate', wholeNumber(1, 9_999_999))
          .requiredOption('-o, --output <dir>', 'new folder for the images')
          .addOption(
            new Option('--method <method>', 'how a diffusion model is sampled')
              .choices(['ddim', 'ddpm', 'dpm-solver++'])
              .default('dpm-solver++'),
          )
          .option('--steps <n>', 'network evaluations a sample', wholeNumber(1, 1000), 25)
          .option('--eta <share>', "ddim's share of fresh noise, 0 to 1", numberIn(0, 1))
          .option('--class <name>', 'samples of this class only (default: each class in turn)')
          .option('--batch <n>', 'samples at a time', wholeNumber(1, 4096), 64),
      ),
    ),
    'biolens diffusion sample --model model -n 1000 -o samples',
    'biolens diffusion sample --model model -n 200 --class female --method ddim --steps 50 -o women',
  ).action((options: SampleOptions) => sample(options, io));
}
