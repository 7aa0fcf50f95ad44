import { copyFile, mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type SelectionReport, type SelectionSide, selectionReportSchema } from '../../ground/contracts/index.ts';
import { fileError } from '../../ground/disk.ts';
import { throwIfAborted } from '../../ground/errors.ts';
import {
  foldIn,
  type Matrix,
  openStream,
  proportionMetric,
  type RandomKey,
  randomKey,
  row,
} from '../../ground/math/index.ts';
import type { Run } from '../../kit/runs/index.ts';
import { openRuntime } from '../../kit/tensor/node.ts';
import {
  type AttributeLabels,
  type AuditProgress,
  auditEmbeddings,
  countConfusion,
  type EmbeddedSets,
  enginePairwise,
  type GatheredSets,
  GIVEN_LABELS,
  gatherSets,
  nearestSimilarities,
  type ReadEvent,
  SAMPLED,
  type SamplingStep,
} from '../audit/index.ts';
import { confusionOfKept, type KeptCounts, type ResolvedTarget } from '../mitigation/index.ts';
import type { Prepared } from './prepare.ts';
import { type Candidate, ratesBefore, type Selected, selectCandidates } from './select.ts';
import { writeVerdict } from './verdict.ts';

/** What a selection says between its beginning and its result. */
export type SelectionStep =
  | ReadEvent
  | SamplingStep
  | (AuditProgress & { readonly side: 'before' | 'after' })
  | { readonly type: 'selecting'; readonly done: number; readonly total: number };

/** Folder of the kept images within the run's. */
export const KEPT = 'artifacts/kept';
const COPIED_AT_A_TIME = 16;

/** The samples of some rows, audited. */
interface AuditedRows {
  readonly side: 'before' | 'after';
  readonly rows: readonly number[];
  readonly labels: ReadonlyMap<string, AttributeLabels>;
}

/** What all audits of a selection share. */
interface Shop {
  readonly prepared: Prepared;
  readonly gathered: GatheredSets;
  readonly runtime: Awaited<ReturnType<typeof openRuntime>>;
  readonly signal: AbortSignal | undefined;
}

function takeRows(matrix: Matrix, rows: readonly number[]): Matrix {
  const data = new Float32Array(rows.length * matrix.cols);
  rows.forEach((from, i) => {
    data.set(row(matrix, from), i * matrix.cols);
  });
  return { rows: rows.length, cols: matrix.cols, data };
}

function withRows({ generated, ...sets }: EmbeddedSets, rows: readonly number[]): EmbeddedSets {
  return {
    ...sets,
    generated: {
      rows: takeRows(generated.rows, rows),
      id: i => generated.id(rows[i]!),
      content: i => generated.content?.(rows[i]!),
    },
  };
}

async function* auditRows(
  { prepared: { configuration }, gathered: { sets, summaries, skipped, embedder }, runtime, signal }: Shop,
  { side, rows, labels }: AuditedRows,
): AsyncGenerator<SelectionStep, SelectionSide> {
  const attributes = new Map(
    [...labels].map(([name, { generated, ...rest }]): [string, AttributeLabels] => [
      name,
      { ...rest, generated: { source: generated.source, labels: rows.map(at => generated.labels[at] ?? null) } },
    ]),
  );
  const { permutations, seed, training, heldout } = configuration;
  const folder = side === 'before' ? SAMPLED : KEPT;
  const work = auditEmbeddings(withRows(sets, rows), {
    runtime,
    embedder,
    attributes,
    permutations,
    seed,
    reading: { sets: summaries, skipped, labels: [], unanswered: [] },
    names: { training, generated: folder, heldout: heldout ?? 'held-out set' },
    signal,
  });
  let step = await work.next();
  while (!step.done) {
    yield { ...step.value, side };
    step = await work.next();
  }
  const { replication, bias, quality, verdict } = step.value;
  return { n: rows.length, folder, replication, bias, quality, verdict };
}

/** Labels of the wanted attributes, with what is known of the classifier's errors: on labelled training images, else by its card. */
function labelsOf({ labels }: GatheredSets, { targets, cardConfusions }: Prepared): Map<string, AttributeLabels> {
  return new Map(
    targets.flatMap(({ attribute, classes, shares }): [string, AttributeLabels][] => {
      const found = labels.get(attribute);
      if (found === undefined) return [];
      const { training } = found;
      const confusion =
        training.source === GIVEN_LABELS && training.predicted !== undefined
          ? countConfusion(classes, training.predicted, training.labels)
          : cardConfusions[attribute];
      const target = Object.fromEntries(classes.map((name, i) => [name, shares[i]!]));
      return [[attribute, { ...found, target, ...(confusion === undefined ? {} : { confusion }) }]];
    }),
  );
}

/** The labels with the errors that the classifier makes on what was kept by its own answers. */
function labelsOfKept(
  labels: ReadonlyMap<string, AttributeLabels>,
  counts: KeptCounts,
): ReadonlyMap<string, AttributeLabels> {
  return new Map(
    [...labels].map(([name, own]) => {
      const { classes, confusion } = own;
      const kept = confusion && confusionOfKept(confusion, counts.ratesOf(name, classes));
      return [name, { ...own, ...(kept === undefined ? {} : { confusion: kept }) }];
    }),
  );
}

/** Similarity from which a candidate is rejected: where held-out images, or other training images, are seldom, and never above what would be called a copy. */
function limitOf({ replication: { callable, threshold, top1 } }: SelectionSide): number | null {
  const unrelated = (top1.heldout ?? top1.training).p95.value;
  const least = Math.max(threshold ?? Number.NEGATIVE_INFINITY, unrelated ?? Number.NEGATIVE_INFINITY);
  const limit = Math.min(callable ?? Number.POSITIVE_INFINITY, least);
  return Number.isFinite(limit) ? limit : null;
}

/**
 * Rows of the samples that are audited as they come, and of the candidates. Which are which, and the order of the candidates, is by chance: a generator may
 * make one class after the other.
 */
function splitRows(
  { sources, sets }: GatheredSets,
  { samples, key }: { readonly samples: number; readonly key: RandomKey },
): { readonly first: number[]; readonly rest: number[] } {
  const generated = sources.find(({ set }) => set === 'generated');
  const files = generated?.kind === 'images' ? generated.files.map(({ file }) => file) : [];
  const rowOf = new Map(Array.from({ length: sets.generated.rows.rows }, (_, i) => [sets.generated.id(i), i]));
  const rows = openStream(key)
    .shuffle(files)
    .map(file => rowOf.get(file));
  const read = (row: number | undefined): row is number => row !== undefined;
  return { first: rows.slice(0, samples).filter(read), rest: rows.slice(samples).filter(read) };
}

async function candidatesOf(
  { gathered: { sets }, runtime, signal }: Shop,
  { rows, labels }: { readonly rows: readonly number[]; readonly labels: ReadonlyMap<string, AttributeLabels> },
): Promise<Candidate[]> {
  const items = takeRows(sets.generated.rows, rows);
  const near = await nearestSimilarities(items, sets, { pairwise: enginePairwise(runtime), signal });
  return rows.map((at, i) => ({
    file: sets.generated.id(at),
    row: at,
    content: sets.generated.content?.(at),
    attributes: Object.fromEntries(
      [...labels].flatMap(([name, { generated }]) => {
        const label = generated.labels[at] ?? null;
        return label === null ? [] : [[name, label]];
      }),
    ),
    toTraining: near.training[i]!,
    toHeldout: near.heldout?.[i] ?? null,
  }));
}

/** Copies the kept images into the run's folder, and where it was asked for into another one. */
async function* writeKept(
  run: Run,
  files: readonly string[],
  { output, signal }: { readonly output: string | undefined; readonly signal: AbortSignal | undefined },
): AsyncGenerator<SelectionStep> {
  const folders = [await run.artifactPath('kept'), ...(output === undefined ? [] : [output])];
  const from = await run.artifactPath('generated');
  for (let start = 0; start < files.length; start += COPIED_AT_A_TIME) {
    throwIfAborted(signal);
    await Promise.all(
      files.slice(start, start + COPIED_AT_A_TIME).flatMap(file =>
        folders.map(async folder => {
          const to = join(folder, file);
          try {
            await mkdir(dirname(to), { recursive: true, mode: 0o700 });
            await copyFile(join(from, file), to);
          } catch (error) {
            throw fileError(to, error, 'write');
          }
        }),
      ),
    );
    yield { type: 'selecting', done: Math.min(files.length, start + COPIED_AT_A_TIME), total: files.length };
  }
}

function describeSelection(
  { kept, looked, rejected }: Selected,
  options: {
    readonly limit: number | null;
    readonly rates: SelectionReport['selection']['rates'];
    readonly wanted: number;
    /** Candidates in all, and those of them that could be read. */
    readonly candidates: number;
    readonly readable: number;
  },
): SelectionReport['selection'] {
  const { limit, rates, wanted, candidates, readable } = options;
  // Where all were looked at, those without a face were too.
  const unreadable = looked === readable ? candidates - readable : 0;
  return {
    candidates,
    looked: looked + unreadable,
    wanted,
    kept: kept.length,
    accepted: proportionMetric(kept.length, looked + unreadable),
    limit,
    rates,
    rejected: { unreadable, ...rejected },
    files: kept.map(({ file }) => file),
  };
}

const targetsOf = (targets: readonly ResolvedTarget[]): SelectionReport['targets']['bias'] =>
  Object.fromEntries(
    targets.map(({ attribute, classes, shares }) => [
      attribute,
      Object.fromEntries(classes.map((name, i) => [name, shares[i]!])),
    ]),
  );

/** Generates samples, audits some of them as they are, selects from the others, and audits what it kept. */
export async function* workOn(
  run: Run,
  prepared: Prepared,
  signal: AbortSignal | undefined,
): AsyncGenerator<SelectionStep, SelectionReport> {
  const { configuration, targets, maker } = prepared;
  const gathered = yield* gatherSets(run, { ...prepared.sources, configuration: prepared.audit }, signal);
  const runtime = await openRuntime({ device: configuration.device });
  try {
    await run.note({ digests: gathered.digests, engine: runtime.engine, device: runtime.device });
    const shop: Shop = { prepared, gathered, runtime, signal };
    const labels = labelsOf(gathered, prepared);
    const key = foldIn(randomKey(configuration.seed), 'selection');
    const { first, rest } = splitRows(gathered, { samples: configuration.samples, key: foldIn(key, 'order') });
    const before = yield* auditRows(shop, { side: 'before', rows: first, labels });
    const rates = ratesBefore(before, targets);
    const limit = configuration.replication ? limitOf(before) : null;
    const wanted = configuration.keep ?? configuration.samples;
    const selected = selectCandidates(await candidatesOf(shop, { rows: rest, labels }), {
      keep: wanted,
      limit,
      rates,
      key: foldIn(key, 'kept'),
    });
    const rows = selected.kept.map(candidate => candidate.row);
    yield* writeKept(
      run,
      selected.kept.map(({ file }) => file),
      { output: configuration.output, signal },
    );
    const after =
      rows.length < 2
        ? null
        : yield* auditRows(shop, { side: 'after', rows, labels: labelsOfKept(labels, selected.counts) });
    const parts = {
      targets: {
        replication: configuration.replication,
        bias: targetsOf(targets),
        tolerance: configuration.tolerance,
      },
      selection: describeSelection(selected, {
        limit,
        rates,
        wanted,
        candidates: configuration.candidates,
        readable: rest.length,
      }),
      before,
      after,
    };
    return selectionReportSchema.parse({
      schema: 'biolens/selection@1',
      generator: maker.what,
      sets: gathered.summaries,
      verdict: writeVerdict(parts),
      ...parts,
      skipped: gathered.skipped,
    });
  } finally {
    await runtime.close();
  }
}
