import type { StudyReport } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import type { OpenContext, OpenedJob } from '../../kit/job/index.ts';
import { absorbShards, digestFile, digestFiles, type Run, ShareOver } from '../../kit/runs/index.ts';
import { openRuntime } from '../../kit/tensor/node.ts';
import type { StudyConfiguration } from './configuration.ts';
import type { StudyStep } from './events.ts';
import { collectProgress, nameOf, type StudyItem, studyItemSchema } from './items.ts';
import { type OutsideCommands, parseOutside, sampleOutside, trainOutside } from './outside.ts';
import { readPictures } from './pictures.ts';
import { planStudy } from './plan.ts';
import { chooseSizes, type Prepared, prepareStudy } from './prepare.ts';
import { buildStudyReport } from './report.ts';
import { labelPictures, type StudyContext, sampleGenerator, trainGenerator } from './work.ts';

/** Checks that the folder of a resumed run is still the one that it began with, or notes what it is. */
async function checkFolder(run: Run, prepared: Prepared, signal: AbortSignal | undefined): Promise<void> {
  const { folder, configuration } = prepared;
  const images = await digestFiles(folder.files, signal);
  const { folder: known } = await collectProgress(run.items(studyItemSchema));
  const before = known?.digest ?? run.record.provenance.digests.images ?? images;
  if (before !== images)
    throw new BiolensError('input', `${configuration.images}: its images have changed since the study began`);
  if (known === null) await run.append({ type: 'folder', n: folder.files.length, digest: images });
  const table = configuration.labels ?? folder.labels.source;
  await run.note({ digests: { images, labels: await digestFile(table) } });
}

/** Brings the generators of the run's shards into it. */
async function absorbGenerators(run: Run, keys: readonly string[]): Promise<void> {
  const { trained, sampled } = await collectProgress(run.items(studyItemSchema));
  const known = { trained: new Set(trained.keys()), sampled: new Set(sampled.keys()) };
  const wants = (item: StudyItem): boolean => {
    if (item.type !== 'trained' && item.type !== 'sampled') return false;
    const name = nameOf(item);
    if (known[item.type].has(name)) return false;
    known[item.type].add(name);
    return true;
  };
  await absorbShards({ run, schema: studyItemSchema, keys, wants });
}

/** Trains and samples every generator from where the run stands, and measures them. */
async function* work(
  run: Run,
  prepared: Prepared,
  { outside, signal }: { readonly outside: OutsideCommands | null; readonly signal: AbortSignal | undefined },
): AsyncGenerator<StudyStep, StudyReport> {
  const { configuration, folder } = prepared;
  await checkFolder(run, prepared, signal);
  const reading = readPictures(folder, { side: configuration.imageSize, signal });
  let read = await reading.next();
  for (; !read.done; read = await reading.next()) yield { type: 'progress', stage: 'reading images', ...read.value };
  const pictures = read.value;
  // Images that could not be decoded are known only now.
  const chosen = chooseSizes(configuration.sizes, { n: pictures.files.length, source: configuration.images });
  for (const { size, reason } of chosen.refused) yield { type: 'refused', size, reason };
  const runtime = await openRuntime({ device: configuration.device, signal });
  try {
    await run.note({ engine: runtime.engine, device: runtime.device });
    const names = chosen.sizes.flatMap(size => configuration.kinds.map(kind => ({ kind, size })));
    const mine = run.share?.take(names.map(nameOf));
    if (mine === undefined) await absorbGenerators(run, names.map(nameOf));
    const progress = await collectProgress(run.items(studyItemSchema));
    const context: StudyContext = { run, prepared: { ...prepared, ...chosen }, pictures, progress, runtime, signal };
    if (mine === undefined) yield* labelPictures(context);
    for (const { kind, size } of names) {
      if (mine?.includes(nameOf({ kind, size })) === false) continue;
      if (kind === 'command') {
        if (outside === null) continue;
        yield* trainOutside(context, outside, size);
        yield* sampleOutside(context, outside, size);
        continue;
      }
      yield* trainGenerator(context, { kind, size });
      yield* sampleGenerator(context, { kind, size });
    }
    if (mine !== undefined) throw new ShareOver(mine);
    return buildStudyReport(context);
  } finally {
    await runtime.close();
  }
}

/** Opens the labelled folder and the classifier of a study; see `studyJob`. */
export async function* openStudy(
  given: StudyConfiguration,
  { signal }: OpenContext,
): AsyncGenerator<StudyStep, OpenedJob<StudyConfiguration, StudyStep, StudyReport>> {
  // Naming an attribute or a kind twice studies it once.
  const configuration = {
    ...given,
    attributes: [...new Set(given.attributes)],
    kinds: [...new Set(given.kinds)],
  };
  const outside = parseOutside(configuration);
  const prepared = await prepareStudy(configuration, { signal });
  return {
    configuration,
    plan: planStudy(prepared),
    work: run => work(run, prepared, { outside, signal }),
    [Symbol.asyncDispose]: () => prepared.labeller.close(),
  };
}
