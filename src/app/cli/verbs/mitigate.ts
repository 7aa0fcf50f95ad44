import { type Command, Option } from 'commander';
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

interface MitigateOptions extends CommonOptions {
  readonly model: string;
  readonly train: string;
  readonly heldout?: string;
  readonly labels?: string;
  readonly heldoutLabels?: string;
  readonly replication?: boolean;
  readonly bias: readonly string[];
  readonly reward: readonly string[];
  readonly output?: string;
  readonly copied?: number;
  readonly tolerance?: number;
  readonly qualityFloor?: number;
  readonly rounds?: number;
  readonly samples?: number;
  readonly auditSamples?: number;
  readonly gamma?: number;
  readonly reading?: 'A' | 'B';
  readonly combination?: 'product' | 'mean';
  readonly degree?: 'cosine' | 'calibrated';
  readonly rejectCopies?: boolean;
  readonly integral?: number;
  readonly normalise?: boolean;
  readonly regulariser?: 'all' | 'unique' | 'balanced';
  readonly steps?: number;
  readonly batch?: number;
  readonly learningRate?: number;
  readonly average?: number;
  readonly sampler?: 'ddim' | 'ddpm' | 'dpm-solver++';
  readonly samplingSteps?: number;
  readonly embedder?: string;
  readonly classifier?: string;
  readonly wholeImage?: boolean;
  readonly permutations?: number;
  readonly compare?: readonly string[];
  readonly seed: number;
  readonly runsDir: string;
  readonly name?: string;
  readonly blur?: boolean;
  readonly failOn: readonly string[];
}

type Target = 'uniform' | number[] | Record<string, number>;

/** `gender=0.5,0.5`, `gender=male:0.5,female:0.5` or `gender=uniform`. */
export function parseBias(texts: readonly string[]): Record<string, Target> {
  return Object.fromEntries(
    texts.map((text): [string, Target] => {
      const [attribute = '', shares = '', extra] = text.split('=');
      const refuse = (): BiolensError =>
        new BiolensError(
          'usage',
          `--bias expected ATTRIBUTE=uniform, ATTRIBUTE=SHARE,SHARE or ATTRIBUTE=CLASS:SHARE,CLASS:SHARE, got "${text}"`,
        );
      if (attribute === '' || shares === '' || extra !== undefined) throw refuse();
      if (shares === 'uniform') return [attribute, 'uniform'];
      const parts = shares.split(',').map(part => part.split(':'));
      const share = (value: string | undefined): number => {
        const number = value === undefined || value.trim() === '' ? Number.NaN : Number(value);
        if (!(number >= 0 && number <= 1)) throw refuse();
        return number;
      };
      if (parts.every(part => part.length === 1)) return [attribute, parts.map(([value]) => share(value))];
      if (parts.some(part => part.length !== 2 || part[0] === '')) throw refuse();
      return [attribute, Object.fromEntries(parts.map(([name = '', value]) => [name, share(value)]))];
    }),
  );
}

async function mitigate(options: MitigateOptions, io: CliIo): Promise<void> {
  const gates = options.failOn.map(parseGate);
  const bias = parseBias(options.bias);
  const [{ METHODS, mitigationRun }, { followMitigation }] = await Promise.all([
    import('../../../jobs/mitigation/index.ts'),
    import('../mitigation-work.ts'),
  ]);
  const compare = (options.compare ?? []).map(text => {
    const method = METHODS.find(name => name === text);
    if (method === undefined)
      throw new BiolensError('usage', `--compare expected ${METHODS.join(', ')}, got "${text}"`);
    return method;
  });
  const { train, labels, reward, wholeImage, runsDir, name, json, blur, failOn: _, ...settings } = options;
  const configuration = {
    ...settings,
    training: train,
    ...(labels === undefined ? {} : { trainingLabels: labels }),
    bias,
    rewards: [...reward],
    compare,
    ...(wholeImage ? { noFace: 'whole' as const } : {}),
  };
  await followMitigation(signal => mitigationRun(configuration, { runsDir, name, signal }), io, {
    json: json ?? false,
    blur: blur ?? false,
    gates,
  });
}

function addGoals(command: Command): Command {
  return command
    .option('--replication', 'mend copying: no sample may resemble a training picture too much')
    .option(
      '--bias <shares>',
      'mend the mix of an attribute: gender=0.5,0.5 in the order of the classes, gender=male:0.5,female:0.5 or skinTone=uniform; may be repeated',
      collect,
      [],
    )
    .option(
      '--reward <model>',
      'ONNX model with a card whose one number is a reward, or model.onnx#attribute=class; may be repeated',
      collect,
      [],
    )
    .option('--copied <share>', 'share of copies from which copying counts as mended (default: 0.01)', numberIn(0, 1))
    .option(
      '--tolerance <share>',
      'distance from its target that both ends of an interval must keep (default: 0.05)',
      numberIn(1e-6, 0.999),
    )
    .option(
      '--quality-floor <factor>',
      'stop when the Fréchet distance exceeds this times that before; 0: never (default: 1.1)',
      numberIn(0, 1000),
    );
}

function addTuning(command: Command): Command {
  return command
    .option('--rounds <n>', 'most rounds of tuning (default: 8)', wholeNumber(0, 1000))
    .option('--samples <n>', 'samples of a round (default: 512)', wholeNumber(16, 1_000_000))
    .option('--audit-samples <n>', 'samples of the audits before and after (default: 1024)', wholeNumber(16, 1_000_000))
    .option(
      '--gamma <weight>',
      'weight of the training pictures beside the samples: more keeps quality and brings copies back (default: 0.1)',
      numberIn(0, 1000),
    )
    .addOption(
      new Option('--reading <reading>', 'reading of the bias reward: A powers, B products (default: A)').choices([
        'A',
        'B',
      ]),
    )
    .option(
      '--integral <gain>',
      'aim beyond a target by this times what the rounds so far missed it by, summed (default: 0)',
      numberIn(0, 10),
    )
    .addOption(
      new Option('--combination <how>', 'how rewards of several goals become one (default: product)').choices([
        'product',
        'mean',
      ]),
    )
    .addOption(
      new Option('--degree <how>', 'how the degree of replication is read off a similarity (default: cosine)').choices([
        'cosine',
        'calibrated',
      ]),
    )
    .option('--reject-copies', 'give samples that are called copies the reward 0')
    .option('--normalise', 'bring the rewards of each round to a mean of 1')
    .addOption(
      new Option(
        '--regulariser <which>',
        'training pictures of the regulariser: all alike, duplicates once, or weighted to the targets too (default: all)',
      ).choices(['all', 'unique', 'balanced']),
    )
    .option('--steps <n>', 'steps of gradient descent a round (default: 150)', wholeNumber(1, 1_000_000))
    .option('--batch <n>', 'pictures of a step (default: 32)', wholeNumber(2, 4096))
    .option('--learning-rate <rate>', 'of Adam (default: 0.0005)', numberIn(1e-12, 0.999))
    .option('--average <decay>', 'moving average of the weights; 0: none (default: 0.98)', numberIn(0, 0.99999))
    .addOption(
      new Option('--sampler <method>', 'how samples are drawn (default: dpm-solver++)').choices([
        'ddim',
        'ddpm',
        'dpm-solver++',
      ]),
    )
    .option('--sampling-steps <n>', 'network evaluations a sample (default: 20)', wholeNumber(1, 1000));
}

/** `biolens mitigate` */
export function registerMitigate(program: Command, io: CliIo): void {
  const command = program
    .command('mitigate')
    .description('mend a face generator that copies its training faces or skews their mix')
    .requiredOption('--model <dir>', 'diffusion model: a folder of diffusers')
    .requiredOption('--train <dir>', 'folder of the pictures that it was trained on')
    .option('--heldout <dir>', 'folder of real faces that it never saw: makes every answer surer')
    .option('--labels <csv>', 'labels of the training pictures (default: labels.csv in the folder)')
    .option('--heldout-labels <csv>', 'labels of the held-out pictures (default: labels.csv in the folder)')
    .option('-o, --output <dir>', 'folder that gets the mended model, beside the one in the run');
  addTuning(addGoals(command))
    .option('--embedder <model>', '"built-in", "appearance" for small or drawn pictures, or an ONNX model with a card')
    .option('--classifier <model>', 'ONNX classifier with its card, or "built-in" (default: built-in)')
    .option('--whole-image', 'embed the whole picture where no face is found, instead of leaving it out')
    .option('--permutations <n>', 'relabellings in the permutation test (default: 999)', wholeNumber(19, 1_000_000))
    .option('--compare <methods>', 'measure other methods too: rejection, guidance', text => text.split(','))
    .option('--blur', 'make a report in which no face can be recognised')
    .addOption(gateOption('after.replication.copied>0.01'))
    .option('--runs-dir <dir>', 'where the run goes', DEFAULT_RUNS_DIR)
    .option('--name <name>', "end of the run's name (default: that of the model's folder)");
  addExamples(
    addSeedOption(addCommonOptions(command)),
    'biolens mitigate --model faces-model --train portraits --heldout others --replication --bias gender=uniform -o mended',
    "biolens mitigate --model m --train t --bias gender=0.5,0.5 --json --fail-on 'after.replication.copied>0.01'",
  ).action((options: MitigateOptions) => mitigate(options, io));
}
