import { basename } from 'node:path';
import type { StudyReport } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import {
  carryOut,
  createRun,
  digestFile,
  digestFiles,
  openRun,
  type Run,
  readRunRecord,
} from '../../kit/runs/index.ts';
import { openRuntime } from '../../kit/tensor/node.ts';
import type { StudyConfigurationInput } from './configuration.ts';
import type { StudyEvent } from './events.ts';
import { collectProgress, studyItemSchema } from './items.ts';
import { readPictures } from './pictures.ts';
import { chooseSizes, type Prepared, parseStudyConfiguration, prepareStudy } from './prepare.ts';
import { buildStudyReport } from './report.ts';
import { labelPictures, type StudyContext, sampleGenerator, trainGenerator } from './work.ts';

export interface StudyRunOptions {
  /** Where runs go; `runs` in the current folder by default. */
  readonly runsDir?: string | undefined;
  /** Ends the name of the run's folder; by default the name of the folder of images. */
  readonly name?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Checks that the folder of a resumed run is still the one that it began with, or notes what it is. */
async function checkFolder(run: Run, prepared: Prepared, signal: AbortSignal | undefined): Promise<void> {
  const { folder, configuration } = prepared;
  const images = await digestFiles(folder.files, signal);
  const { folder: known } = await collectProgress(run.items(studyItemSchema));
  if (known === null) await run.append({ type: 'folder', n: folder.files.length, digest: images });
  else if (known.digest !== images)
    throw new BiolensError('input', `${configuration.images}: its images have changed since the study began`);
  const table = configuration.labels ?? folder.labels.source;
  await run.note({ digests: { images, labels: await digestFile(table) } });
}

async function* work(
  run: Run,
  prepared: Prepared,
  signal: AbortSignal | undefined,
): AsyncGenerator<StudyEvent, StudyReport> {
  const { configuration, folder } = prepared;
  await checkFolder(run, prepared, signal);
  const reading = readPictures(folder, { side: configuration.imageSize, signal });
  let read = await reading.next();
  for (; !read.done; read = await reading.next()) yield { type: 'progress', stage: 'reading pictures', ...read.value };
  const pictures = read.value;
  // Images that could not be decoded are known only now.
  const chosen = chooseSizes(configuration.sizes, { n: pictures.files.length, source: configuration.images });
  for (const { size, reason } of chosen.refused) yield { type: 'refused', size, reason };
  const runtime = await openRuntime({ device: configuration.device, signal });
  try {
    await run.note({ engine: runtime.engine, device: runtime.device });
    const progress = await collectProgress(run.items(studyItemSchema));
    const context: StudyContext = { run, prepared: { ...prepared, ...chosen }, pictures, progress, runtime, signal };
    yield* labelPictures(context);
    for (const size of chosen.sizes)
      for (const kind of configuration.kinds) {
        yield* trainGenerator(context, { kind, size });
        yield* sampleGenerator(context, { kind, size });
      }
    return buildStudyReport(context);
  } finally {
    await runtime.close();
  }
}

/** Does the work of a run and ends it: as done, as interrupted, or as failed with the reason. */
async function* workOn(
  run: Run,
  prepared: Prepared,
  signal: AbortSignal | undefined,
): AsyncGenerator<StudyEvent, StudyReport> {
  const report = yield* carryOut(run, () => work(run, prepared, signal));
  yield { type: 'result', id: run.id, path: run.path, report };
  return report;
}

/**
 * Studies how the mix of an attribute depends on the size of the training set, as a run that can be killed at any instant and resumed: for
 * each size a nested random subset, for each kind of generator a model trained on it, its samples labelled by a classifier whose errors
 * are measured on the folder's own labels and taken out of the shares.
 *
 * @param input what to study and how; defaults are those of `studyConfigurationSchema`
 * @returns events, and at the end the report, which is in the run's `report.json` too
 * @throws {BiolensError} `usage` or `input` naming the field or file; `interrupted` when the signal is aborted, with the run left to be
 *   resumed
 */
export async function* studyRun(
  input: StudyConfigurationInput,
  options: StudyRunOptions = {},
): AsyncGenerator<StudyEvent, StudyReport> {
  const { runsDir, signal } = options;
  const configuration = parseStudyConfiguration(input);
  const prepared = await prepareStudy(configuration, { signal });
  try {
    const run = await createRun({
      kind: 'study',
      name: options.name ?? basename(configuration.images),
      configuration,
      seed: configuration.seed,
      ...(runsDir === undefined ? {} : { runsDir }),
    });
    return yield* workOn(run, prepared, signal);
  } finally {
    await prepared.labeller.close();
  }
}

/**
 * Goes on with a study that was interrupted or killed: generators that are trained are not trained again, one in training goes on from its
 * last checkpoint, and the result is the same.
 *
 * @param path the run's folder
 * @throws {BiolensError} `usage` when the run is done, is not a study or is worked on by another process; otherwise as `studyRun`
 */
export async function* resumeStudy(
  path: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<StudyEvent, StudyReport> {
  const { signal } = options;
  const record = await readRunRecord(path);
  if (record.kind !== 'study')
    throw new BiolensError('usage', `${path}: expected a study, got a run of ${record.kind}`);
  const prepared = await prepareStudy(parseStudyConfiguration(record.configuration), { signal });
  try {
    return yield* workOn(await openRun(path), prepared, signal);
  } finally {
    await prepared.labeller.close();
  }
}
