import { rm } from 'node:fs/promises';
import type { Command } from 'commander';
import type { LabelReport, Skipped } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { printable } from '../../../kit/text/printable.ts';
import { formatTable } from '../../../kit/text/table.ts';
import { groupOf } from '../groups.ts';
import type { CliIo } from '../io.ts';
import { addCommonOptions, addExamples, type CommonOptions, numberIn } from '../options.ts';
import { printJson, work } from '../work.ts';
import { registerCheckCard } from './faces-check-card.ts';
import { registerRender } from './faces-render.ts';
import { registerTrain } from './faces-train.ts';
import { registerWhiten } from './faces-whiten.ts';

interface FacesOptions extends CommonOptions {
  readonly minScore: number;
}

interface ModelOptions extends FacesOptions {
  readonly model: string;
}

interface EmbedOptions extends ModelOptions {
  readonly output: string;
  readonly wholeImage?: boolean;
}

function addScoreOption(command: Command): Command {
  return command.option(
    '--min-score <share>',
    'lowest confidence of a face, above 0 and below 1',
    numberIn(0.01, 0.99),
    0.5,
  );
}

function requireItems(count: number, directory: string, skipped: readonly Skipped[]): void {
  const [first] = skipped;
  if (count > 0 || first === undefined) return;
  throw new BiolensError(
    'input',
    `${directory}: none of its ${skipped.length} images could be used (${first.file}: ${first.reason})`,
  );
}

/** One line for people on what was left out. */
function noteSkipped(io: CliIo, skipped: readonly Skipped[]): void {
  if (skipped.length === 0) return;
  io.err(`${skipped.length} skipped:\n`);
  for (const { file, reason } of skipped.slice(0, 10)) io.err(`  ${printable(file)}: ${printable(reason)}\n`);
  if (skipped.length > 10) io.err(`  … and ${skipped.length - 10} more (--json lists them)\n`);
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;

async function label(directory: string, options: FacesOptions, io: CliIo): Promise<void> {
  const { labelFolder, openFaceAnalyser } = await import('../../../kit/faces/index.ts');
  const items: LabelReport['items'][number][] = [];
  const skipped: Skipped[] = [];
  await work(io, async ({ signal, progress }) => {
    await using analyser = await openFaceAnalyser({ device: options.device, minScore: options.minScore });
    for await (const event of labelFolder(directory, { analyser, signal })) {
      if (event.type === 'item') items.push({ file: event.file, faces: [...event.faces] });
      if (event.type === 'skipped') skipped.push({ file: event.file, reason: event.reason });
      if ('done' in event) progress.update({ stage: 'labelling', done: event.done, total: event.total });
    }
  });
  requireItems(items.length, directory, skipped);
  const report: LabelReport = { schema: 'biolens/faces-label@1', items, skipped };
  if (options.json) return printJson(io, report);
  const rows = items.flatMap(({ file, faces }) =>
    faces.length === 0
      ? [[file, '', '', '', 'no face']]
      : faces.map(face => [file, face.gender, percent(face.genderProbability), face.age.toFixed(0), face.expression]),
  );
  io.out(
    formatTable(
      [
        { title: 'file', maxWidth: 40 },
        { title: 'gender' },
        { title: 'sure', align: 'right' },
        { title: 'age', align: 'right' },
        { title: 'expression' },
      ],
      rows,
    ),
  );
  noteSkipped(io, skipped);
}

async function detect(directory: string, options: ModelOptions, io: CliIo): Promise<void> {
  const { detectFolder, openDetector } = await import('../../../kit/faces/index.ts');
  const items: {
    file: string;
    faces: readonly { box: { x: number; y: number; width: number; height: number }; score: number }[];
  }[] = [];
  const skipped: Skipped[] = [];
  await work(io, async ({ signal, progress }) => {
    await using detector = await openDetector(options.model, { device: options.device, minScore: options.minScore });
    for await (const event of detectFolder(directory, { detector, signal })) {
      if (event.type === 'item') items.push({ file: event.file, faces: event.faces });
      if (event.type === 'skipped') skipped.push({ file: event.file, reason: event.reason });
      if ('done' in event) progress.update({ stage: 'detecting', done: event.done, total: event.total });
    }
  });
  requireItems(items.length, directory, skipped);
  if (options.json) return printJson(io, { schema: 'biolens/faces-detect@1', items, skipped });
  const rows = items.flatMap(({ file, faces }) =>
    faces.length === 0
      ? [[file, '', '', '', '', 'no face']]
      : faces.map(({ box, score }) => [
          file,
          ...[box.x, box.y, box.width, box.height].map(value => value.toFixed(0)),
          percent(score),
        ]),
  );
  const right = (title: string) => ({ title, align: 'right' as const });
  io.out(
    formatTable(
      [{ title: 'file', maxWidth: 40 }, right('x'), right('y'), right('width'), right('height'), right('score')],
      rows,
    ),
  );
  noteSkipped(io, skipped);
}

async function embed(directory: string, options: EmbedOptions, io: CliIo): Promise<void> {
  const [{ collectEmbeddings, embedFolder, openEmbedder }, { writeNpy, float32 }, { writeCsv }, { writeAtomically }] =
    await Promise.all([
      import('../../../kit/faces/index.ts'),
      import('../../../kit/tensor/index.ts'),
      import('../../../kit/images/index.ts'),
      import('../../../ground/disk.ts'),
    ]);
  if (!options.output.endsWith('.npy'))
    throw new BiolensError('usage', `--output expected a name ending in .npy, got "${options.output}"`);
  const { files, matrix, skipped } = await work(io, async ({ signal, progress }) => {
    await using embedder = await openEmbedder(options.model, { device: options.device, minScore: options.minScore });
    const events = embedFolder(directory, { embedder, signal, noFace: options.wholeImage ? 'whole' : 'skip' });
    return await collectEmbeddings(events, event => {
      if ('done' in event) progress.update({ stage: 'embedding', done: event.done, total: event.total });
    });
  });
  requireItems(files.length, directory, skipped);
  const namesPath = options.output.replace(/\.npy$/, '.files.csv');
  await writeAtomically(options.output, writeNpy(float32(matrix.data, [matrix.rows, matrix.cols])));
  try {
    await writeCsv(namesPath, { columns: ['file'], rows: files.map(file => [file]) });
  } catch (error) {
    // Rows without their names are of no use.
    await rm(options.output, { force: true });
    throw error;
  }
  const result = {
    schema: 'biolens/faces-embed@1',
    output: options.output,
    names: namesPath,
    rows: matrix.rows,
    width: matrix.cols,
    files,
    skipped,
  };
  if (options.json) return printJson(io, result);
  io.out(`${options.output}: ${matrix.rows} embeddings of ${matrix.cols} numbers; file names in ${namesPath}\n`);
  noteSkipped(io, skipped);
}

/** `biolens faces …` */
export function registerFaces(program: Command, io: CliIo): void {
  const faces = groupOf(program, 'faces');
  const model = (kind: string) => `"built-in", or an ONNX ${kind} with its model card beside it`;

  addExamples(
    addScoreOption(
      addCommonOptions(
        faces.command('label <dir>').description('age, gender and expression of every face in a folder of images'),
      ),
    ),
    'biolens faces label portraits --json > labels.json',
  ).action((directory: string, options: FacesOptions) => label(directory, options, io));

  addExamples(
    addScoreOption(
      addCommonOptions(faces.command('detect <dir>').description('where the faces are in each image of a folder')),
    ).option('--model <path>', model('detector'), 'built-in'),
    'biolens faces detect portraits',
  ).action((directory: string, options: ModelOptions) => detect(directory, options, io));

  addExamples(
    addScoreOption(
      addCommonOptions(
        faces.command('embed <dir>').description('an embedding of the largest face of each image, as a .npy file'),
      ),
    )
      .requiredOption('-o, --output <file>', 'the .npy file to write; file names go beside it, in .files.csv')
      .option(
        '--embedder, --model <path>',
        '"built-in" (faces), "appearance" (whole images), or an ONNX embedder with its model card beside it',
        'built-in',
      )
      .option('--whole-image', 'embed the whole image where no face is found, instead of skipping it'),
    'biolens faces embed portraits -o portraits.npy',
  ).action((directory: string, options: EmbedOptions) => embed(directory, options, io));

  registerCheckCard(faces, io);
  registerRender(faces, io);
  registerTrain(faces, io);
  registerWhiten(faces, io);
}
