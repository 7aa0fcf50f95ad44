import { copyFile, mkdir, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { fileError } from '../../ground/disk.ts';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import { runCommand, splitCommand } from '../../kit/commands/index.ts';
import { contactSheet, encodePng, type Image, listImages, mapImages, resizeImage } from '../../kit/images/index.ts';
import { callSampleCommand, parseSampleCommand, type SampleCommand, writeSamples } from '../generators/index.ts';
import type { StudyConfiguration } from './configuration.ts';
import type { StudyStage } from './events.ts';
import { SAMPLING } from './generators.ts';
import { nameOf } from './items.ts';
import { LABELLED_AT_ONCE, type Said } from './labeller.ts';
import { pictureAt } from './pictures.ts';
import { orderOf, SHEET_COLUMNS, type StudyContext } from './work.ts';

/** A generator that the study does not know, with what trains it and what samples it. */
export interface OutsideCommands {
  readonly train: readonly string[];
  /** Null where a model that this project reads is trained. */
  readonly sample: SampleCommand | null;
}

const KIND = 'command';

/**
 * Reads the commands of a study; null where none of its kinds is trained by one.
 *
 * @throws {BiolensError} `usage` where one is missing, has not the places that it needs, or would do nothing
 */
export function parseOutside({
  kinds,
  trainWith,
  sampleWith,
}: Pick<StudyConfiguration, 'kinds' | 'trainWith' | 'sampleWith'>): OutsideCommands | null {
  const wanted = kinds.includes(KIND);
  if (wanted && trainWith === undefined)
    throw new BiolensError('usage', '"kinds" has "command", which wants --train-with (field "trainWith") beside it');
  if (!wanted && (trainWith ?? sampleWith) !== undefined)
    throw new BiolensError('usage', '--train-with and --sample-with are of use with "command" among --kinds');
  if (trainWith === undefined) return null;
  const train = splitCommand(trainWith);
  for (const [place, what] of [
    ['{images}', 'the folder of training images'],
    ['{model}', 'the folder that the model goes to'],
  ] as const)
    if (!train.some(word => word.includes(place)))
      throw new BiolensError('usage', `--train-with: ${place}, ${what}, is missing in ${JSON.stringify(trainWith)}`);
  const sample = sampleWith === undefined ? null : parseSampleCommand(sampleWith);
  if (sample !== null && !sample.words.some(word => word.includes('{model}')))
    throw new BiolensError(
      'usage',
      `--sample-with: {model}, the folder of the model, is missing in ${JSON.stringify(sampleWith)}`,
    );
  return { train, sample };
}

/** Words of a command with its places filled; nothing within a value is taken for a place. */
const filled = (words: readonly string[], values: Readonly<Record<string, string>>): string[] =>
  words.map(word => word.replace(/\{(?:images|model|size|seed)\}/g, place => values[place] ?? place));

/** Puts the images of a subset into a folder of their own, as they are, under numbers: names of files and folders are labels often. */
async function writeSubset(context: StudyContext, folder: string, size: number): Promise<void> {
  const { prepared, pictures, signal } = context;
  const byName = new Map(prepared.folder.files.map(file => [file.file, file]));
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true, mode: 0o700 });
  for (const [place, index] of orderOf(context).slice(0, size).entries()) {
    throwIfAborted(signal);
    const found = byName.get(pictures.files[index] ?? '');
    if (found === undefined) continue;
    const target = join(folder, `${String(place).padStart(6, '0')}${extname(found.file)}`);
    const source = found.load === undefined ? found.path : await found.load();
    if (typeof source === 'string') await copyFile(source, target);
    else await writeFile(target, source);
  }
}

/** Lets a command train a generator on a subset; a folder that is there when it has ended well is the model. */
export async function* trainOutside(
  context: StudyContext,
  { train }: OutsideCommands,
  size: number,
): AsyncGenerator<StudyStage> {
  const { run, prepared, progress, signal } = context;
  const stem = nameOf({ kind: KIND, size });
  if (progress.trained.has(stem)) return;
  const stage = `training ${stem}`;
  yield { type: 'progress', stage, done: 0, total: 1 };
  const images = await run.artifactPath(join('subsets', stem));
  const model = await run.artifactPath(join('models', stem));
  const part = `${model}.part`;
  try {
    await writeSubset(context, images, size);
    await rm(part, { recursive: true, force: true });
    await mkdir(part, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw fileError(images, error, 'write');
  }
  const startedAt = performance.now();
  const seed = String(prepared.configuration.seed);
  await runCommand(filled(train, { '{images}': images, '{model}': part, '{size}': String(size), '{seed}': seed }), {
    signal,
  });
  if ((await readdir(part)).length === 0)
    throw new BiolensError('external', `${train[0]}: ended without anything in {model}`);
  await rm(model, { recursive: true, force: true });
  await rename(part, model);
  const seconds = (performance.now() - startedAt) / 1000;
  const item = { type: 'trained', kind: KIND, size, parameters: null, steps: null, seconds } as const;
  await run.append(item);
  progress.trained.set(stem, item);
  await rm(images, { recursive: true, force: true });
  yield { type: 'progress', stage, done: 1, total: 1 };
}

/** The model within a folder that a command filled: its only ONNX file, or the folder itself. */
async function modelIn(folder: string): Promise<string> {
  const models = (await readdir(folder)).filter(name => /\.onnx$/i.test(name));
  const [only, second] = models;
  if (second !== undefined)
    throw new BiolensError(
      'input',
      `${basename(folder)}: several ONNX models (${models.slice(0, 3).join(', ')}), expected one`,
    );
  return only === undefined ? folder : join(folder, only);
}

async function* makeSamples(
  context: StudyContext,
  { sample }: OutsideCommands,
  { model, folder, size }: { readonly model: string; readonly folder: string; readonly size: number },
): AsyncGenerator<{ readonly done: number }> {
  const { prepared, runtime, signal } = context;
  const { samples: n, seed } = prepared.configuration;
  if ((await stat(folder).catch(() => null)) !== null) return;
  if (sample === null) {
    const part = `${folder}.part`;
    await rm(part, { recursive: true, force: true });
    const options = { model: await modelIn(model), output: part, n, seed, sampling: SAMPLING, signal };
    for await (const event of writeSamples(runtime, options)) if (event.type === 'progress') yield event;
    await rename(part, folder);
    return;
  }
  const words = filled(sample.words, { '{model}': model, '{size}': String(size) });
  yield* callSampleCommand({ ...sample, words }, { folder, n, seed, signal });
}

/** Samples a generator of a command, keeps a sheet of the first samples, and asks the classifier about all. */
export async function* sampleOutside(
  context: StudyContext,
  commands: OutsideCommands,
  size: number,
): AsyncGenerator<StudyStage> {
  const { run, prepared, progress, signal } = context;
  const stem = nameOf({ kind: KIND, size });
  if (progress.sampled.has(stem)) return;
  const { samples: total, imageSize: side } = prepared.configuration;
  const model = await run.artifactPath(join('models', stem));
  const folder = await run.artifactPath(join('samples', stem));
  for await (const { done } of makeSamples(context, commands, { model, folder, size }))
    yield { type: 'progress', stage: `sampling ${stem}`, done, total };
  const said: Said[] = [];
  const first: Image[] = [];
  let waiting: Image[] = [];
  const ask = async (): Promise<void> => {
    if (waiting.length === 0) return;
    const pixels = new Uint8Array(waiting.length * side * side * 3);
    waiting.forEach(({ data }, i) => {
      pixels.set(data, i * side * side * 3);
    });
    const images = { side, pixels };
    const all = waiting.map((_, i) => i);
    for (const i of all) if (first.length < SHEET_COLUMNS ** 2) first.push(pictureAt(images, i));
    said.push(...(await prepared.labeller.label(images, all, { signal })));
    waiting = [];
  };
  const files = await Array.fromAsync(listImages(folder, { signal }));
  const shrink = (image: Image): Promise<Image> => resizeImage(image, { width: side, height: side, fit: 'cover' });
  for await (const read of mapImages(files, { signal }, shrink)) {
    if (!('image' in read))
      throw new BiolensError('external', `${stem}: the sample ${read.file} cannot be read: ${read.skipped}`);
    waiting.push(read.image);
    if (waiting.length < LABELLED_AT_ONCE) continue;
    await ask();
    yield { type: 'progress', stage: `labelling ${stem}`, done: said.length, total };
  }
  await ask();
  const sheet = `sheets/${stem}.png`;
  await run.writeArtifact(sheet, await encodePng(contactSheet(first, { columns: SHEET_COLUMNS })));
  const item = { type: 'sampled', kind: KIND, size, sheet, said } as const;
  await run.append(item);
  progress.sampled.set(stem, item);
  await rm(folder, { recursive: true, force: true });
  yield { type: 'progress', stage: `labelling ${stem}`, done: total, total };
}
