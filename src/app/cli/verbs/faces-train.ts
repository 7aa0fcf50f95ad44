import type { Command } from 'commander';
import type { TrainedClassifier } from '../../../kit/face-training/index.ts';
import { printable } from '../../../kit/text/printable.ts';
import { formatTable } from '../../../kit/text/table.ts';
import type { CliIo } from '../io.ts';
import { addCommonOptions, addExamples, addSeedOption, type CommonOptions, numberIn, wholeNumber } from '../options.ts';
import { printJson, work } from '../work.ts';

interface TrainOptions extends CommonOptions {
  readonly attribute: readonly string[];
  readonly output: string;
  readonly labels?: string;
  readonly size: number;
  readonly steps: number;
  readonly heldOut: number;
  readonly seed: number;
}

/** `gender,ageGroup`, or the option given several times. */
function collectNames(text: string, before: readonly string[] = []): readonly string[] {
  return [...before, ...text.split(',').flatMap(name => (name.trim() === '' ? [] : [name.trim()]))];
}

/** The confusion matrix of an attribute, a row a predicted class, a column a true one. */
function describeAttribute({ attributes, evaluation }: TrainedClassifier, name: string): string {
  const classes = attributes.find(attribute => attribute.name === name)?.classes ?? [];
  const { accuracy, confusion } = evaluation.attributes[name]!;
  const percent = (share: number) => (100 * share).toFixed(1);
  const interval = accuracy.interval && ` [${percent(accuracy.interval.low)}, ${percent(accuracy.interval.high)}]`;
  const title =
    accuracy.value === null
      ? `${printable(name)}: ${accuracy.reason}`
      : `${printable(name)}: correct in ${percent(accuracy.value)} %${interval ?? ''} of ${accuracy.n} held-out images`;
  const columns = [
    { title: 'says', maxWidth: 16 },
    ...classes.map(title => ({ title: printable(title), align: 'right' as const, maxWidth: 12 })),
  ];
  return `${title}\n${formatTable(
    columns,
    confusion.map((row, i) => [printable(classes[i] ?? ''), ...row.map(String)]),
  )}`;
}

async function train(directory: string, options: TrainOptions, io: CliIo): Promise<void> {
  const { trainClassifier } = await import('../../../kit/face-training/index.ts');
  const { attribute: attributes, output, labels, size, steps, heldOut, seed, device } = options;
  const result = await work(io, async ({ signal, progress }) => {
    const events = trainClassifier(directory, {
      attributes,
      output,
      labels,
      size,
      steps,
      heldOut,
      seed,
      device,
      signal,
    });
    let step = await events.next();
    while (!step.done) {
      const event = step.value;
      if (event.type !== 'result')
        progress.update({ stage: event.type === 'read' ? 'reading images' : 'training', ...event });
      step = await events.next();
    }
    return step.value;
  });
  if (options.json) return printJson(io, { schema: 'biolens/faces-train@1', ...result });
  for (const { name } of result.attributes) io.out(`${describeAttribute(result, name)}\n`);
  io.out(
    `${printable(output)}: trained on ${result.pictures.training} images; model card in ${printable(result.card)}\n`,
  );
  if (result.skipped.length > 0) {
    const [first] = result.skipped;
    io.err(`${result.skipped.length} skipped, such as ${printable(first!.file)}: ${printable(first!.reason)}\n`);
  }
}

/** `biolens faces train` */
export function registerTrain(faces: Command, io: CliIo): void {
  const command = faces
    .command('train <dir>')
    .description('train a small classifier of whole images on a labelled folder, and measure its errors')
    .requiredOption(
      '--attribute <names>',
      'columns of the labels to learn, such as gender,skinTone; may be repeated',
      collectNames,
    )
    .requiredOption('-o, --output <file>', 'the .onnx file to write; its model card goes beside it, in .json')
    .option('--labels <csv>', 'labels of the images (default: labels.csv in the folder, or a folder per class)')
    .option('--size <pixels>', 'side that images are resized to: 16, 32, 64 or 128', wholeNumber(16, 128), 32)
    .option('--steps <n>', 'batches of 32 images to train on', wholeNumber(1, 1_000_000), 1000)
    .option('--held-out <share>', 'share of the images kept to measure by, at most 0.5', numberIn(0.01, 0.5), 0.2);
  addExamples(
    addSeedOption(addCommonOptions(command)),
    'biolens faces render -n 2000 --size 32 -o drawn',
    'biolens faces train drawn --attribute gender -o gender.onnx',
    'biolens audit --train drawn --generated samples --embedder appearance --classifier gender.onnx',
  ).action((directory: string, options: TrainOptions) => train(directory, options, io));
}
