import { type Command, InvalidArgumentError, Option } from 'commander';
import type { GeneratorKind } from '../../../ground/contracts/index.ts';
import { GENERATOR_KINDS } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { DEFAULT_RUNS_DIR } from '../../../kit/runs/index.ts';
import { parseGate } from '../gate.ts';
import type { CliIo } from '../io.ts';
import {
  addCommonOptions,
  addExamples,
  addSeedOption,
  type CommonOptions,
  collect,
  gateOption,
  numberIn,
  wholeNumber,
} from '../options.ts';
import { parseTargets } from './audit.ts';

interface StudyOptions extends CommonOptions {
  readonly images: string;
  readonly labels?: string;
  readonly attribute: readonly string[];
  readonly sizes: readonly number[];
  readonly kinds?: readonly GeneratorKind[];
  readonly size?: number;
  readonly steps?: number;
  readonly epochs?: number;
  readonly batch?: number;
  readonly samples?: number;
  readonly classifier?: string;
  readonly target: readonly string[];
  readonly seed: number;
  readonly runsDir: string;
  readonly name?: string;
  readonly failOn: readonly string[];
}

const parts = (text: string): string[] => text.split(',').map(part => part.trim());

const gather = (text: string, before: readonly string[] = []): readonly string[] => [...before, ...parts(text)];

function parseSizes(text: string): number[] {
  return parts(text).map(part => {
    const size = Number(part);
    if (!Number.isInteger(size) || size < 2 || part === '')
      throw new InvalidArgumentError(`expected whole numbers from 2 with commas between, got "${part}".`);
    return size;
  });
}

function parseKinds(text: string): GeneratorKind[] {
  return parts(text).map(part => {
    const kind = GENERATOR_KINDS.find(known => known === part);
    if (kind === undefined) throw new InvalidArgumentError(`expected ${GENERATOR_KINDS.join(' or ')}, got "${part}".`);
    return kind;
  });
}

function budgetOf({ steps, epochs }: StudyOptions) {
  if (steps !== undefined && epochs !== undefined)
    throw new BiolensError('usage', '--steps and --epochs exclude each other: one of them keeps the sizes comparable');
  if (steps !== undefined) return { budget: { unit: 'steps' as const, value: steps } };
  return epochs === undefined ? {} : { budget: { unit: 'epochs' as const, value: epochs } };
}

async function biasBySize(options: StudyOptions, io: CliIo): Promise<void> {
  const gates = options.failOn.map(parseGate);
  const target = parseTargets(options.target);
  const budget = budgetOf(options);
  const [{ studyRun }, { followStudy }] = await Promise.all([
    import('../../../jobs/study/index.ts'),
    import('../study-work.ts'),
  ]);
  const { images, labels, kinds, size, batch, samples, classifier, runsDir, name, seed, device } = options;
  const configuration = {
    images,
    ...(labels === undefined ? {} : { labels }),
    attributes: [...new Set(options.attribute)],
    sizes: [...options.sizes],
    ...(kinds === undefined ? {} : { kinds: [...new Set(kinds)] }),
    ...(size === undefined ? {} : { imageSize: size }),
    ...budget,
    ...(batch === undefined ? {} : { batchSize: batch }),
    ...(samples === undefined ? {} : { samples }),
    ...(classifier === undefined ? {} : { classifier }),
    target,
    seed,
    device,
  };
  await followStudy(signal => studyRun(configuration, { runsDir, name, signal }), io, {
    json: options.json ?? false,
    gates,
  });
}

/** `biolens study …` */
export function registerStudy(program: Command, io: CliIo): void {
  const study = program.command('study').description('questions that take many generators to answer');
  study.action(() => study.outputHelp());
  const command = study
    .command('bias-by-size')
    .description('how the mix that GANs and diffusion models draw depends on the size of their training set')
    .requiredOption('--images <dir>', 'folder of labelled images')
    .option('--labels <csv>', 'their labels (default: labels.csv in the folder)')
    .requiredOption(
      '--attribute <names>',
      'attribute to study, such as gender; may be repeated, or several with commas between',
      gather,
    )
    .addOption(
      new Option('--sizes <list>', 'numbers of training images; one larger than the folder is left out, and said so')
        .argParser(parseSizes)
        .default([300, 700, 1000, 5000, 10_000], '300,700,1000,5000,10000'),
    )
    .addOption(new Option('--kinds <list>', 'generators to train (default: gan,diffusion)').argParser(parseKinds))
    .option('--size <pixels>', 'side of the images: 8, 16, 32, 64 or 128 (default: 32)', wholeNumber(8, 128))
    .option('--steps <n>', 'training steps, as many for each size (default: 1000)', wholeNumber(1))
    .option('--epochs <n>', 'passes over the training images instead, as many for each size', numberIn(0.01, 1e6))
    .option('--batch <n>', 'images a step (default: 16)', wholeNumber(2, 1024))
    .option('--samples <n>', 'images drawn from each generator and classified (default: 500)', wholeNumber(16, 1e6))
    .option('--classifier <path>', 'ONNX classifier with its model card, or "built-in" (default: built-in)')
    .option(
      '--target <shares>',
      'shares that count as fair, such as gender=male:0.5,female:0.5 (default: equal); may be repeated',
      collect,
      [],
    )
    .addOption(gateOption('results.0.attributes.gender.amplification>1.2'))
    .option('--runs-dir <dir>', 'where the run goes', DEFAULT_RUNS_DIR)
    .option('--name <name>', "end of the run's name (default: that of the folder)");
  addExamples(
    addSeedOption(addCommonOptions(command)),
    'biolens study bias-by-size --images portraits --attribute gender --sizes 100,300',
    'biolens study bias-by-size --images drawn --attribute gender --classifier faces.onnx --steps 600 --json',
  ).action((options: StudyOptions) => biasBySize(options, io));
}
