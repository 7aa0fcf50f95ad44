import type { VerificationReport } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { foldIn, type Matrix, openStream, randomKey, row } from '../../../ground/math/index.ts';
import { collectSet, type OpenedSets, type ReadSet } from '../../../kit/face-sets/index.ts';
import type { Run } from '../../../kit/runs/index.ts';
import type { Comparisons } from '../comparisons.ts';
import type { VerificationConfiguration } from '../configuration.ts';
import { cosineScores, meanFace, meanTemplates, numberPersons, type Persons, unitRows } from '../embeddings.ts';
import { measureCurve } from '../intervals.ts';
import { bestThreshold, foldAccuracy, imageStem, type PairList } from '../lfw.ts';
import { equalErrorRate } from '../rate-curve.ts';
import { countPairs } from '../rates.ts';
import {
  compareItems,
  failureToEnrol,
  identifyWithin,
  type MeasureOptions,
  measureComparisons,
  type NamedComparisons,
} from './measure.ts';

type Measured = Omit<VerificationReport, 'schema' | 'verdict'>;

export interface VerifyOptions {
  readonly configuration: VerificationConfiguration;
  readonly list: PairList | null;
  readonly frozen: MeasureOptions['frozen'];
}

/** What a report calls embeddings that were made elsewhere. */
export const GIVEN = 'given embeddings';

/** Items whose person is known, and why the others are left out. */
function named({ items, matrix, skipped, source }: ReadSet): ReadSet {
  const kept = items.flatMap(({ identity }, i) => (identity === null ? [] : [i]));
  if (kept.length === items.length) return { items, matrix, skipped, source };
  const data = new Float32Array(kept.length * matrix.cols);
  kept.forEach((i, k) => {
    data.set(row(matrix, i), k * matrix.cols);
  });
  const aside = items
    .filter(({ identity }) => identity === null)
    .map(({ name }) => ({ file: name, reason: 'nothing says whose face it is' }));
  return {
    source,
    items: kept.map(i => items[i]!),
    matrix: { rows: kept.length, cols: matrix.cols, data },
    skipped: [...skipped, ...aside],
  };
}

/** The quality of each item: the length of its embedding, or a column of the labels. */
function qualityOf({ items, matrix }: ReadSet, { quality, labels }: VerificationConfiguration): Float64Array | null {
  if (quality === undefined) return null;
  if (quality === 'norm')
    return Float64Array.from(items, (_, i) => Math.sqrt(row(matrix, i).reduce((sum, value) => sum + value * value, 0)));
  return Float64Array.from(items, ({ name, attributes }) => {
    const text = attributes[quality] ?? '';
    const value = text.trim() === '' ? Number.NaN : Number(text);
    if (!Number.isFinite(value))
      throw new BiolensError('input', `${labels}: "${name}" has the ${quality} "${text}", expected a number`);
    return value;
  });
}

/** The value of a column that most items of a person have; null where none has one. */
function groupsOfPersons({ items }: ReadSet, persons: Persons, column: string): (string | null)[] {
  const counts = persons.names.map(() => new Map<string, number>());
  items.forEach(({ attributes }, i) => {
    const value = attributes[column] ?? null;
    if (value === null) return;
    const own = counts[persons.of[i]!]!;
    own.set(value, (own.get(value) ?? 0) + 1);
  });
  return counts.map(own => [...own].sort((a, b) => b[1] - a[1])[0]?.[0] ?? null);
}

/** Images joined to templates, each an item. */
function joinTemplates(
  set: ReadSet,
  unit: Matrix,
  { template, weighted }: VerificationConfiguration,
  quality: Float64Array | null,
) {
  const groups = new Map<string, number[]>();
  set.items.forEach(({ identity, attributes, name }, i) => {
    const id = attributes[template ?? ''] ?? null;
    if (id === null) throw new BiolensError('input', `"${name}" is in no ${template}`);
    const key = `${identity}\n${id}`;
    groups.set(key, [...(groups.get(key) ?? []), i]);
  });
  const members = [...groups.values()];
  if (weighted && quality?.some(value => value < 0))
    throw new BiolensError('input', 'weights are qualities of 0 or more, a quality is negative');
  return {
    rows: meanTemplates(unit, members, weighted ? quality : null),
    items: members.map(own => ({
      ...set.items[own[0]!]!,
      name: `${set.items[own[0]!]!.attributes[template ?? '']} (${set.items[own[0]!]!.identity})`,
    })),
    quality: quality && Float64Array.from(members, own => own.reduce((sum, i) => sum + quality[i]!, 0) / own.length),
  };
}

/** Pairs of a list as items; what failed is left out and counted. */
function findPairs(list: PairList, set: ReadSet, every: readonly string[]) {
  const place = new Map(set.items.map(({ name }, i) => [stemOf(name), i]));
  const there = new Set(every.map(stemOf));
  const reference: number[] = [];
  const probe: number[] = [];
  const kept: number[] = [];
  list.pairs.forEach((pair, i) => {
    const [a, b] = [imageStem(pair.reference), imageStem(pair.probe)];
    for (const stem of [a, b])
      if (!there.has(stem))
        throw new BiolensError('input', `${set.source}: pair ${i + 1} names ${stem}, which is not there`);
    const [first, second] = [place.get(a), place.get(b)];
    if (first === undefined || second === undefined) return;
    reference.push(first);
    probe.push(second);
    kept.push(i);
  });
  return { pairs: { reference: Uint32Array.from(reference), probe: Uint32Array.from(probe) }, kept };
}

/** A file's name as LFW's lists have it: without its ending, spaces as underscores. */
const stemOf = (file: string): string => file.replace(/\.[A-Za-z0-9]{1,5}$/, '').replaceAll(' ', '_');

/** The protocol of LFW: accuracy over folds, or for the one list of development that of its best threshold. */
function measureFolds(
  list: PairList,
  { comparisons, kept }: { readonly comparisons: Comparisons; readonly kept: readonly number[] },
): Measured['folds'] {
  const scores = new Float64Array(list.pairs.length).fill(Number.NEGATIVE_INFINITY);
  kept.forEach((pair, i) => {
    scores[pair] = comparisons.scores[i]!;
  });
  const mated = list.pairs.map(pair => (pair.mated ? 1 : 0));
  const failedPairs = list.pairs.length - kept.length;
  if (list.folds === 1) {
    const { threshold, accuracy } = bestThreshold(scores, mated);
    return {
      accuracy: { value: accuracy, n: mated.length, interval: null },
      standardError: null,
      folds: [{ threshold, accuracy }],
      failedPairs,
    };
  }
  const { folds, ...rest } = foldAccuracy({ scores, mated, fold: list.pairs.map(({ fold }) => fold) });
  return { ...rest, folds: [...folds], failedPairs };
}

/** Compares the faces of a run and measures the comparisons. */
export async function measureFaces(
  run: Run,
  { sets, embedder }: OpenedSets,
  options: VerifyOptions,
): Promise<Measured> {
  const { configuration, list, frozen } = options;
  const key = randomKey(configuration.seed);
  const [people, others] = sets;
  const set = named(await collectSet(run, people!));
  const centreSet = others === undefined ? null : await collectSet(run, others);
  const centre = centreSet === null ? null : meanFace(centreSet.matrix);
  const unit = unitRows(set.matrix, centre);
  const quality = qualityOf(set, configuration);
  const joined =
    configuration.template === undefined
      ? { rows: unit, items: set.items, quality }
      : joinTemplates(set, unit, configuration, quality);
  const persons = numberPersons(joined.items.map(({ identity }) => identity ?? ''));
  const itemNames = joined.items.map(({ name }) => name);
  const found =
    list === null
      ? null
      : findPairs(
          list,
          set,
          people!.items.map(({ name }) => name),
        );
  const compared = compareItems(joined.rows, { persons, itemNames, ...(found === null ? {} : { pairs: found.pairs }) });
  const failures = people!.items.length - set.items.length - unnamed(set);
  const rate = failureToEnrol(failures, people!.items.length);
  const measured = measureComparisons(compared, {
    key,
    workingFmr: configuration.workingFmr,
    group:
      configuration.group === undefined
        ? null
        : {
            attribute: configuration.group,
            of: groupsOfPersons({ ...set, items: joined.items }, persons, configuration.group),
            leastPeople: configuration.groupPeople,
          },
    quality: joined.quality && { name: configuration.quality!, of: joined.quality },
    failureRate: configuration.countFailures ? rate.value : null,
    ...(frozen === undefined ? {} : { frozen }),
  });
  return {
    source: set.source,
    compared: list !== null ? 'listed-pairs' : configuration.template !== undefined ? 'templates' : 'all-pairs',
    protocol: protocolOf(list, configuration),
    scores: 'similarity',
    embedder: embedder?.name ?? GIVEN,
    people: persons.names.length,
    images: people!.items.length,
    failures,
    failureToEnrol: rate,
    identification: list === null ? identifyWithin(joined.rows, persons, { key }) : null,
    folds:
      list === null || found === null
        ? null
        : measureFolds(list, { comparisons: compared.comparisons, kept: found.kept }),
    centring:
      centreSet === null
        ? null
        : {
            source: centreSet.source,
            n: centreSet.matrix.rows,
            eerWithout: eerUncentred(set, { compared, configuration, joined: joined.items.length }),
          },
    skipped: [...set.skipped],
    ...measured,
  };
}

const unnamed = ({ skipped }: ReadSet): number =>
  skipped.filter(({ reason }) => reason === 'nothing says whose face it is').length;

/** What the equal error rate would be without centring, on the same pairs. */
function eerUncentred(
  set: ReadSet,
  {
    compared,
    configuration,
    joined,
  }: {
    readonly compared: NamedComparisons & {
      readonly pairs: { readonly reference: Uint32Array; readonly probe: Uint32Array };
    };
    readonly configuration: VerificationConfiguration;
    readonly joined: number;
  },
): Measured['eer'] {
  const plain = unitRows(set.matrix);
  const rows =
    joined === plain.rows && configuration.template === undefined
      ? plain
      : joinTemplates(set, plain, configuration, qualityOf(set, configuration)).rows;
  const comparisons = { ...compared.comparisons, scores: cosineScores(rows, rows, compared.pairs) };
  const { genuine, impostor } = countPairs(comparisons);
  const stream = openStream(foldIn(randomKey(configuration.seed), 'uncentred'));
  const [eer] = measureCurve(comparisons, [{ of: curve => equalErrorRate(curve).value, n: genuine + impostor }], {
    stream,
  });
  return eer!;
}

function protocolOf(list: PairList | null, { template }: VerificationConfiguration): string {
  if (list === null) return template === undefined ? 'all pairs' : `all pairs of templates (${template})`;
  return list.folds === 1
    ? `list of ${list.pairs.length} pairs (LFW view 1, development)`
    : `${list.folds} folds of ${2 * list.perFold} pairs (LFW view 2, unrestricted with outside data)`;
}
