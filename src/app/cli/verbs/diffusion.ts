import { type Command, Option } from 'commander';
import { GENERATOR_KINDS, type GeneratorKind } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import type { SamplingMethod } from '../../../jobs/generators/index.ts';
import { DEFAULT_RUNS_DIR } from '../../../kit/runs/index.ts';
import type { CliIo } from '../io.ts';
import { addCommonOptions, addExamples, addSeedOption, type CommonOptions, numberIn, wholeNumber } from '../options.ts';
import { registerSample } from './diffusion-sample.ts';

interface TrainOptions extends CommonOptions {
  readonly images: string;
  readonly output?: string;
  readonly kind: GeneratorKind;
  readonly size: number;
  readonly preset: 'small' | 'standard';
  readonly from?: string;
  readonly classes?: string;
  readonly labels?: string;
  readonly steps?: number;
  readonly batch?: number;
  readonly channels?: number;
  readonly layers?: number;
  readonly learningRate?: number;
  readonly dropout?: number;
  readonly prediction?: 'v' | 'epsilon' | 'x0';
  readonly mirror?: boolean;
  readonly shift?: number;
  readonly colour?: number;
  readonly sheets?: number;
  readonly sheetMethod?: SamplingMethod;
  readonly sheetSteps?: number;
  readonly checkpointSeconds?: number;
  readonly threads?: number;
  readonly seed: number;
  readonly runsDir: string;
  readonly name?: string;
}

/** `gender` or `gender=male,female`: the attribute, and its classes in order. */
function parseClasses(text: string): { attribute: string; names?: string[] } {
  const [attribute = '', list, extra] = text.split('=');
  const names = list?.split(',');
  if (attribute === '' || extra !== undefined || names?.includes(''))
    throw new BiolensError('usage', `--classes expected ATTRIBUTE or ATTRIBUTE=CLASS,CLASS, got "${text}"`);
  return names === undefined ? { attribute } : { attribute, names };
}

async function train(options: TrainOptions, io: CliIo): Promise<void> {
  const [{ trainRun }, { followTraining }] = await Promise.all([
    import('../../../jobs/generators/index.ts'),
    import('../diffusion-work.ts'),
  ]);
  const { images, kind, size, preset, seed, device, runsDir, name } = options;
  const { output, from, labels, steps, batch: batchSize, channels, layers: layersPerBlock, learningRate } = options;
  const { dropout, prediction, mirror, shift, colour, sheets, checkpointSeconds, threads } = options;
  const optional = {
    output,
    from,
    labels,
    steps,
    batchSize,
    channels,
    layersPerBlock,
    learningRate,
    dropout,
    prediction,
    mirror,
    shift,
    colour,
    sheets,
    checkpointSeconds,
    threads,
  };
  const given = Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined));
  const sampling = { method: options.sheetMethod, steps: options.sheetSteps };
  const drawn = Object.fromEntries(Object.entries(sampling).filter(([, value]) => value !== undefined));
  const configuration = {
    images,
    kind,
    size,
    preset,
    ...given,
    ...(options.classes === undefined ? {} : { classes: parseClasses(options.classes) }),
    ...(Object.keys(drawn).length === 0 ? {} : { sampling: drawn }),
    seed,
    device,
  };
  await followTraining(signal => trainRun(configuration, { runsDir, name, signal }), io, {
    json: options.json ?? false,
  });
}

function registerTrain(diffusion: Command, io: CliIo): void {
  const command = diffusion
    .command('train')
    .description('train a generator on a folder of images; can be interrupted and resumed')
    .requiredOption('--images <dir>', 'images to learn from; other sizes are scaled and cropped about their centre')
    .option('-o, --output <dir>', "folder for the model (default: the run's artifacts/model only)")
    .addOption(new Option('--kind <kind>', 'what to train').choices([...GENERATOR_KINDS]).default('diffusion'))
    .option('--size <pixels>', 'side of the images, 8 to 512', wholeNumber(8, 512), 32)
    .addOption(
      new Option('--preset <preset>', 'network and length of training; single options below win over it')
        .choices(['small', 'standard'])
        .default('small'),
    )
    .option('--from <dir>', 'go on from a diffusion model: a folder of diffusers')
    .option('--classes <attribute>', 'condition on an attribute of the labels: gender, or gender=male,female')
    .option('--labels <csv>', 'labels of the images (default: labels.csv in the folder)')
    .option('--steps <n>', 'training steps', wholeNumber(1))
    .option(
      '--batch <n>',
      "images of a step (default: the preset's, fewer where memory is short)",
      wholeNumber(1, 4096),
    )
    .option('--channels <n>', 'channels of the finest stage', wholeNumber(4, 1024))
    .option('--layers <n>', 'residual blocks of a stage', wholeNumber(1, 8))
    .option('--learning-rate <rate>', 'highest learning rate', numberIn(1e-9, 1))
    .option('--dropout <share>', 'share of activations that training drops', numberIn(0, 0.95))
    .addOption(
      new Option('--prediction <what>', 'what a diffusion model predicts (default: v)').choices(['v', 'epsilon', 'x0']),
    )
    .option('--mirror', 'mirror every other image')
    .option('--shift <pixels>', 'move images by up to so many pixels', wholeNumber(0, 64))
    .option('--colour <share>', 'change brightness and contrast by up to this share', numberIn(0, 1))
    .option('--sheets <n>', 'sheets of samples to draw on the way (default: 8)', wholeNumber(1, 1000))
    .addOption(
      new Option('--sheet-method <method>', 'how the sheets are drawn (default: dpm-solver++)').choices([
        'ddim',
        'ddpm',
        'dpm-solver++',
      ]),
    )
    .option('--sheet-steps <n>', 'network evaluations an image of the sheets (default: 20)', wholeNumber(1, 1000))
    .option('--checkpoint-seconds <s>', 'keep the state this often, at least (default: 30)', numberIn(0, 86_400))
    .option(
      '--threads <n>',
      'threads of the CPU (default: all cores); their number decides how sums are rounded',
      wholeNumber(1, 1024),
    )
    .option('--runs-dir <dir>', 'where the run goes', DEFAULT_RUNS_DIR)
    .option('--name <name>', "end of the run's name (default: that of the folder of images)");
  addExamples(
    addSeedOption(addCommonOptions(command)),
    'biolens faces render -n 700 --size 32 -o drawn',
    'biolens diffusion train --images drawn -o model',
    'biolens diffusion train --images drawn --classes gender --mirror --preset standard -o model',
    'biolens diffusion train --images drawn --from model --steps 5000 --learning-rate 0.0005 -o longer',
  ).action((options: TrainOptions) => train(options, io));
}

/** `biolens diffusion …` */
export function registerDiffusion(program: Command, io: CliIo): void {
  const diffusion = program.command('diffusion').description('train generators of faces, and draw from them');
  diffusion.action(() => diffusion.outputHelp());
  registerTrain(diffusion, io);
  registerSample(diffusion, io);
}
