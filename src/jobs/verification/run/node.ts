import { z } from 'zod';
import { type VerificationReport, verificationReportSchema } from '../../../ground/contracts/index.ts';
import { readJsonFile } from '../../../ground/disk.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { randomKey } from '../../../ground/math/index.ts';
import {
  filesOf,
  type OpenedSets,
  openSets,
  readSets,
  readTextFile,
  recordFiles,
} from '../../../kit/face-sets/index.ts';
import type { OpenContext, OpenedJob } from '../../../kit/job/index.ts';
import type { Run } from '../../../kit/runs/index.ts';
import type { VerificationConfiguration } from '../configuration.ts';
import type { VerificationStep } from '../events.ts';
import { type PairList, parsePairList } from '../lfw.ts';
import { parseScores } from '../score-files.ts';
import { writeVerificationVerdict } from '../verdict.ts';
import { type FrozenThreshold, type MeasureOptions, measureComparisons } from './measure.ts';
import { planFaces } from './plan.ts';
import { GIVEN, measureFaces } from './verify-faces.ts';

const MOST_LIST_BYTES = 200 * 2 ** 20;
/** A text longer than this is no string in today's engines. */
const MOST_SCORE_BYTES = 400 * 2 ** 20;
const MOST_REPORT_BYTES = 64 * 2 ** 20;

/** What a verification takes of another one's report. */
const thresholdsSchema = z.object({
  schema: z.literal('biolens/verification@1'),
  scores: z.enum(['similarity', 'distance']),
  embedder: z.string().nullable(),
  eerThreshold: z.number().nullable(),
  points: z.array(z.object({ target: z.number(), threshold: z.number().nullable() })).max(100),
});

async function readThresholds(
  path: string,
  { scores, embedder }: Pick<VerificationReport, 'scores' | 'embedder'>,
): Promise<{ readonly source: string; readonly points: readonly FrozenThreshold[] }> {
  const parsed = thresholdsSchema.safeParse(await readJsonFile(path, { mostBytes: MOST_REPORT_BYTES }));
  if (!parsed.success)
    throw new BiolensError('input', `${path}: expected report.json of a verification`, { details: { file: path } });
  const { eerThreshold, points, scores: theirs } = parsed.data;
  if (theirs !== scores)
    throw new BiolensError('input', `${path}: its thresholds are of a ${theirs}, the scores here are of a ${scores}`);
  if (parsed.data.embedder !== embedder)
    throw new BiolensError(
      'input',
      `${path}: its thresholds are of ${parsed.data.embedder ?? 'scores made elsewhere'}, here it is ${embedder ?? 'scores made elsewhere'}`,
    );
  const known = points.flatMap(({ target, threshold }) => (threshold === null ? [] : [{ target, threshold }]));
  return {
    source: path,
    points: [...(eerThreshold === null ? [] : [{ target: null, threshold: eerThreshold }]), ...known],
  };
}

const usage = (message: string): BiolensError => new BiolensError('usage', message);

/** Finds settings that contradict each other. */
function checkSettings(configuration: VerificationConfiguration): void {
  const { images, embeddings, scores, scoreKind, pairs, template, quality, weighted, group, labels, centre } =
    configuration;
  const sources = [images, embeddings, scores].filter(source => source !== undefined);
  if (sources.length !== 1)
    throw usage(
      `expected a folder of images, --embeddings or --scores, got ${sources.length === 0 ? 'none' : 'more than one'}`,
    );
  if (scores !== undefined && scoreKind === undefined)
    throw usage('--scores needs --score-kind similarity or distance: it cannot be told from the numbers');
  if (scores === undefined && scoreKind !== undefined) throw usage('--score-kind is for --scores');
  if (scores !== undefined) {
    const odd = Object.entries({ pairs, template, quality, group, labels, centre }).find(
      ([, value]) => value !== undefined,
    );
    if (odd !== undefined) throw usage(`--scores and --${odd[0]} exclude each other: scores are compared already`);
  }
  if (pairs !== undefined && (images === undefined || template !== undefined))
    throw usage(`--pairs is for a folder of images${template === undefined ? '' : ', without --template'}`);
  for (const [flag, value] of Object.entries({ template, group }))
    if (value !== undefined && labels === undefined) throw usage(`--${flag} names a column of --labels`);
  if (quality !== undefined && quality !== 'norm' && labels === undefined)
    throw usage('--quality expected "norm", or a column of --labels');
  if (weighted && (template === undefined || quality === undefined))
    throw usage('--weighted needs --template and --quality');
  if (centre !== undefined && (centre === images || centre === embeddings))
    throw usage('--centre expected other people than those who are compared: their own mean would flatter them');
}

interface Inputs {
  /** Null for scores. */
  readonly opened: OpenedSets | null;
  readonly list: PairList | null;
  readonly frozen: MeasureOptions['frozen'];
}

async function openInputs(configuration: VerificationConfiguration, signal: AbortSignal | undefined): Promise<Inputs> {
  checkSettings(configuration);
  const { images, embeddings, scores, scoreKind, pairs, thresholds, labels, identity, centre } = configuration;
  const list =
    pairs === undefined ? null : parsePairList(await readTextFile(pairs, { mostBytes: MOST_LIST_BYTES }), pairs);
  const frozenOf = async (embedder: string | null) =>
    thresholds === undefined ? null : await readThresholds(thresholds, { scores: scoreKind ?? 'similarity', embedder });
  const people = images ?? embeddings;
  if (people === undefined) {
    // Read once here, so that a wrong line is found before a run is made.
    await readScores(scores!, scoreKind!);
    return { opened: null, list, frozen: await frozenOf(null) };
  }
  const opened = await openSets(
    [
      { set: 'people', source: people, labels, identity, named: true },
      ...(centre === undefined ? [] : [{ set: 'centre', source: centre, named: false }]),
    ],
    { ...configuration, signal },
  );
  try {
    checkColumns(configuration, opened);
    return { opened, list, frozen: await frozenOf(opened.embedder?.name ?? GIVEN) };
  } catch (error) {
    await opened.close();
    throw error;
  }
}

/** Finds columns that the labels do not have before a face is read. */
function checkColumns({ template, group, quality, labels }: VerificationConfiguration, { sets }: OpenedSets): void {
  const known = Object.keys(
    sets[0]?.items.find(({ attributes }) => Object.keys(attributes).length > 0)?.attributes ?? {},
  );
  for (const name of [template, group, quality === 'norm' ? undefined : quality])
    if (name !== undefined && !known.includes(name))
      throw new BiolensError('input', `${labels}: expected a column "${name}", it has ${known.join(', ')}`, {
        details: { file: labels },
      });
}

async function readScores(path: string, meaning: 'similarity' | 'distance') {
  return parseScores(await readTextFile(path, { mostBytes: MOST_SCORE_BYTES }), { source: path, meaning });
}

function withVerdict(report: Omit<VerificationReport, 'schema' | 'verdict'>): VerificationReport {
  const whole: VerificationReport = { schema: 'biolens/verification@1', ...report, verdict: [] };
  return verificationReportSchema.parse({ ...whole, verdict: writeVerificationVerdict(whole) });
}

/** Measures scores that were made elsewhere. */
async function verifyScores(
  configuration: VerificationConfiguration,
  frozen: Inputs['frozen'],
): Promise<VerificationReport> {
  const { scores: source, scoreKind, seed, workingFmr } = configuration;
  const meaning = scoreKind!;
  const { columns, names, ...comparisons } = await readScores(source!, meaning);
  const measured = measureComparisons(
    { comparisons, pairs: null, itemNames: [], personNames: names, meaning },
    { key: randomKey(seed), workingFmr, ...(frozen === undefined ? {} : { frozen }) },
  );
  return withVerdict({
    source: source!,
    compared: 'scores',
    protocol: `scores made elsewhere, ${columns} columns`,
    scores: meaning,
    embedder: null,
    people: comparisons.people,
    images: 0,
    failures: 0,
    failureToEnrol: { value: null, n: 0, interval: null, reason: 'scores do not say who failed' },
    identification: null,
    folds: null,
    centring: null,
    skipped: [],
    ...measured,
  });
}

async function* work(
  run: Run,
  { opened, list, frozen, configuration }: Inputs & { readonly configuration: VerificationConfiguration },
  signal: AbortSignal | undefined,
): AsyncGenerator<VerificationStep, VerificationReport> {
  const { scores, pairs, thresholds, embedder } = configuration;
  await recordFiles(run, {
    scores,
    pairs,
    thresholds,
    ...filesOf(opened?.sets ?? [], opened?.embedder ? embedder : null),
  });
  if (opened === null) {
    yield { type: 'progress', stage: 'measuring scores', done: 0, total: 1 };
    return await verifyScores(configuration, frozen);
  }
  if (opened.embedder !== null)
    for await (const { done, total } of readSets(run, opened.sets, {
      embedder: opened.embedder,
      settings: configuration,
      signal,
    }))
      yield { type: 'progress', stage: 'reading faces', done, total };
  yield { type: 'progress', stage: 'comparing', done: 0, total: 1 };
  return withVerdict(await measureFaces(run, opened, { configuration, list, frozen }));
}

/** Checks the settings and opens sets and networks of a verification; see `verificationJob`. */
export async function* openVerification(
  configuration: VerificationConfiguration,
  { signal }: OpenContext,
): AsyncGenerator<VerificationStep, OpenedJob<VerificationConfiguration, VerificationStep, VerificationReport>> {
  const inputs = await openInputs(configuration, signal);
  return {
    configuration,
    plan: planFaces(inputs.opened?.sets ?? [], {
      width: inputs.opened?.width ?? 0,
      comparisons: inputs.list?.pairs.length ?? null,
      files: configuration.scores === undefined ? [] : [{ what: 'scores', path: configuration.scores }],
    }),
    work: run => work(run, { ...inputs, configuration }, signal),
    [Symbol.asyncDispose]: async () => await inputs.opened?.close(),
  };
}
