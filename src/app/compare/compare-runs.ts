import {
  type ComparedMetric,
  type Metric,
  MOST_COMPARED,
  type RunComparison,
  runComparisonSchema,
} from '../../ground/contracts/index.ts';
import { BiolensError, messageOf } from '../../ground/errors.ts';
import { benjaminiHochberg } from '../../ground/math/index.ts';
import { type Finished, type Headline, type Job, type JobComparison, resultOf } from '../../kit/job/index.ts';
import type { FoundRun } from '../../kit/runs/index.ts';
import { findJob } from '../jobs.ts';
import { readFinished } from '../pages/index.ts';
import { independentDifference, type UntestedDifference } from './differences.ts';
import { metricsOf, type PlacedMetric } from './metrics.ts';
import { cautionsOn, differingSettings, digestsOf } from './settings.ts';

const SHOWN_IMAGES = 12;
const IMAGE_LIMITS = { pairs: SHOWN_IMAGES / 2, clusters: 0, clusterFiles: 0, samples: SHOWN_IMAGES };

const HEADLINE = 'headline';

interface Compared {
  readonly found: FoundRun;
  readonly finished: Finished<unknown>;
  /** By their keys; the headline has the key `headline`, wherever it stands in the result. */
  readonly metrics: ReadonlyMap<string, PlacedMetric>;
  readonly headline: Headline;
}

/** A report without a result, such as of a benchmark of which nothing was asked, has its headline alone. */
function resultOrNothing(job: Job, finished: Finished<unknown>): unknown {
  try {
    return resultOf(job, finished);
  } catch {
    return {};
  }
}

async function open(job: Job, found: FoundRun): Promise<Compared> {
  const finished = await readFinished(job, found);
  const headline = job.headline(finished.report);
  const placed = metricsOf(resultOrNothing(job, finished));
  const own = placed.find(({ source }) => source === headline.metric);
  const { path, of } = own ?? { path: headline.label, of: '' };
  const first: PlacedMetric = { key: HEADLINE, path, of, metric: headline.metric, source: headline.metric };
  const metrics = new Map([first, ...placed.filter(metric => metric !== own)].map(metric => [metric.key, metric]));
  return { found, finished, metrics, headline };
}

const SHARES = /^(?:wilson|clopper-pearson|agresti)/;

/** A share has the interval of one and lies within 0 and 1; some published measures are percentages. */
const isShare = (metric: Metric | null): boolean =>
  SHARES.test(metric?.interval?.method ?? '') && (metric?.interval?.high ?? 2) <= 1;

const unitOf = (values: readonly (Metric | null)[]): 'share' | 'number' => (values.some(isShare) ? 'share' : 'number');

/** Differences between the first run and each later one, before they are adjusted for how many there are. */
interface Row extends Omit<ComparedMetric, 'differences'> {
  readonly differences: readonly (UntestedDifference | null)[];
}

function rowOf(key: string, runs: readonly Compared[], pairs: JobComparison['pairs']): Row {
  const placed = runs.map(({ metrics }) => metrics.get(key) ?? null);
  const known = placed.find(metric => metric !== null);
  const values = placed.map(metric => metric?.metric ?? null);
  const path = known?.path ?? key;
  const [first = null, ...later] = values;
  return {
    path,
    of: known?.of ?? '',
    unit: key === HEADLINE ? (runs[0]?.headline.unit ?? 'number') : unitOf(values),
    values,
    differences: later.map((metric, i) => {
      if (first === null || metric === null) return null;
      const pair = pairs?.find(one => one.run === i + 1 && one.path === path);
      if (pair === undefined) return independentDifference(first, metric);
      const { difference, p, test } = pair;
      return { difference, p, test, paired: true };
    }),
  };
}

const isEqual = ({ values }: Row): boolean => new Set(values.map(value => JSON.stringify(value))).size === 1;

/** Adjusts the p-values of all differences together. */
function adjust(rows: readonly Row[]): ComparedMetric[] {
  const tested = rows.flatMap(({ differences }) => differences.flatMap(one => one?.p ?? []));
  const adjusted = benjaminiHochberg(tested).values();
  return rows.map(row => ({
    ...row,
    differences: row.differences.map(one =>
      one === null ? null : { ...one, q: one.p === null ? null : (adjusted.next().value ?? null) },
    ),
  }));
}

/** Names alone: whether an image may be shown is for whoever serves it to say. */
function imagesOf(job: Job, { report }: Finished<unknown>): RunComparison['images'][number] {
  const { images } = job;
  if (images === undefined) return [];
  return (
    images
      .list(report, IMAGE_LIMITS)
      // The questions of a benchmark are the same for all who are asked, and a file of embeddings has no images.
      .filter(({ set }) => set === 'run' || (set !== 'questions' && images.sourceOf(report, set) !== null))
      .slice(0, SHOWN_IMAGES)
      .map(({ set, file, sheet = false }) => ({ set, file, sheet }))
  );
}

/** The job's own comparison; one that cannot be made says why, and takes nothing from the rest. */
async function ownComparison(
  job: Job,
  finished: readonly Finished<unknown>[],
): Promise<{ readonly compared: JobComparison | null; readonly problem: string | null }> {
  try {
    return { compared: (await job.compare?.(finished)) ?? null, problem: null };
  } catch (error) {
    return { compared: null, problem: `Items could not be paired: ${messageOf(error)}.` };
  }
}

/**
 * Sets finished runs of one kind side by side: metrics with differences from the first run, settings, data and images.
 *
 * @param found 2 to 8 runs; the first is what the others are compared with
 * @throws {BiolensError} `usage` for too few, too many or the same run twice; `input` for runs of different kinds, or one that is not done
 */
export async function compareRuns(found: readonly FoundRun[], jobs?: readonly Job[]): Promise<RunComparison> {
  const ids = found.map(({ record }) => record.id);
  if (found.length < 2 || found.length > MOST_COMPARED)
    throw new BiolensError('usage', `"runs" expected 2 to ${MOST_COMPARED} runs, got ${found.length}`);
  const twice = ids.find((id, i) => ids.indexOf(id) !== i);
  if (twice !== undefined) throw new BiolensError('usage', `"runs" names ${twice} twice`);
  const [first] = found as [FoundRun, ...FoundRun[]];
  const other = found.find(({ record }) => record.kind !== first.record.kind);
  if (other !== undefined)
    throw new BiolensError(
      'input',
      `runs of one kind can be compared: ${first.record.id} is a run of ${first.record.kind}, ${other.record.id} of ${other.record.kind}`,
    );
  const job = findJob(first.record.kind, jobs);
  const runs: Compared[] = [];
  for (const run of found) runs.push(await open(job, run));
  const finished = runs.map(run => run.finished);
  const records = found.map(({ record }) => record);
  const { compared, problem } = await ownComparison(job, finished);
  const keys = [...new Set(runs.flatMap(({ metrics }) => [...metrics.keys()]))];
  const rows = keys.map(key => rowOf(key, runs, compared?.pairs));
  const [headline, ...rest] = rows;
  const different = rest.filter(row => !isEqual(row));
  const digests = digestsOf(records);
  return runComparisonSchema.parse({
    schema: 'biolens/run-comparison@1',
    kind: job.kind,
    noun: job.noun,
    runs: runs.map(run => describeRun(job, run)),
    cautions: [...cautionsOn(records, digests), ...(compared?.cautions ?? []), ...(problem === null ? [] : [problem])],
    metrics: adjust(headline === undefined ? different : [headline, ...different]),
    equalMetrics: rest.length - different.length,
    configuration: differingSettings(records),
    digests,
    images: finished.map(run => imagesOf(job, run)),
    text: compared?.text ?? null,
  } satisfies RunComparison);
}

function describeRun(job: Job, { found: { record }, headline }: Compared): RunComparison['runs'][number] {
  const { startedAt, endedAt } = record.provenance;
  return {
    id: record.id,
    title: job.titleOf?.(record.configuration) ?? record.id,
    startedAt,
    seconds: endedAt === null ? null : (Date.parse(endedAt) - Date.parse(startedAt)) / 1000,
    headline,
  };
}
