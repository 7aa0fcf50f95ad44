import { type AuditMedicalReport, auditMedicalReportSchema } from '../../ground/contracts/index.ts';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import { foldIn, proportionMetric, quantile, randomKey } from '../../ground/math/index.ts';
import type { Embedder } from '../../kit/faces/index.ts';
import { type Run, resumeItems } from '../../kit/runs/index.ts';
import { callCopies, NO_HELDOUT, noRelabelling, PairCounter, relabelLists } from '../audit/replication/index.ts';
import type { AuditMedicalConfiguration } from './configuration.ts';
import { type AuditMedicalStep, auditMedicalItemSchema } from './events.ts';
import { findNearest, type Nearest, prepare } from './measure/compare.ts';
import { embedItems, fitComponents, nearestRow, WHITEN } from './measure/embedding.ts';
import type { Size } from './measure/size.ts';
import { type CollectedItems, collectItems, IMAGE_GRID, type Item, VOLUME_GRID } from './read/collect-items.ts';
import { showSlices } from './show/show-slices.ts';
import { writeMedicalVerdict } from './verdict.ts';

type SetName = 'training' | 'generated' | 'heldout';
/** Slices of a volume that an embedder looks at, the middle one among them. */
const EMBEDDED_SLICES = 9;
const SETS: Readonly<Record<SetName, string>> = { training: 'training', generated: 'generated', heldout: 'held-out' };

const at = (stage: string, done = 0, total: number | null = null): AuditMedicalStep => ({
  type: 'progress',
  stage,
  done,
  total,
});

async function* read(
  set: SetName,
  path: string,
  options: {
    readonly compare: 'auto' | 'slices';
    readonly pictures: number;
    readonly signal: AbortSignal | undefined;
  },
): AsyncGenerator<AuditMedicalStep, CollectedItems> {
  const collecting = collectItems(path, options);
  for (;;) {
    const { value, done } = await collecting.next();
    if (done) {
      const [first] = value.notes;
      if (value.items.length < 2)
        throw new BiolensError(
          'input',
          `${path}: ${value.items.length} images can be read, expected 2 or more${first === undefined ? '' : ` (${first.item}: ${first.reason})`}`,
          { details: { file: path } },
        );
      return value;
    }
    yield at(`reading ${SETS[set]} images`, value.done, value.total);
  }
}

/** Volumes where most training items are; items of the other kind are noted and left out. */
function keepKind(set: SetName, { items, notes }: CollectedItems, volumes: boolean) {
  const kept = items.filter(({ volume }) => volume === volumes);
  const left = items.filter(({ volume }) => volume !== volumes);
  const reason = volumes ? 'an image among volumes' : 'a volume among images';
  return {
    kept,
    notes: [...notes, ...left.map(({ name }) => ({ item: name, reason }))].map(note => ({ set, ...note })),
  };
}

interface Measure {
  readonly told: Pick<AuditMedicalReport['replication'], 'similarity' | 'embedder'>;
  /** The item of a set that is most like an item of one; within one set, itself does not count. */
  readonly nearest: (of: SetName, item: number, among: SetName) => Nearest;
}

/** What items are compared by: correlations of grids, or cosines of an embedder's rows or of components. */
async function* openMeasure(
  kept: Readonly<Record<SetName, readonly Item[]>>,
  {
    size,
    embedder,
    fitted,
    signal,
  }: {
    readonly size: Size;
    readonly embedder: Embedder | null;
    readonly fitted: readonly Item[] | null;
    readonly signal: AbortSignal | undefined;
  },
): AsyncGenerator<AuditMedicalStep, Measure> {
  const names = ['training', 'generated', 'heldout'] as const;
  const ofRows = (rows: Readonly<Record<SetName, readonly Float32Array[]>>): Measure['nearest'] => {
    return (of, item, among) => nearestRow(rows[of][item]!, rows[among], of === among ? item : -1);
  };
  if (fitted !== null) {
    const { width, embed } = fitComponents(fitted, size);
    const rows = Object.fromEntries(names.map(name => [name, kept[name].map(embed)])) as Record<
      SetName,
      Float32Array[]
    >;
    return {
      told: { similarity: 'cosine', embedder: { name: WHITEN, width, fittedTo: fitted.length } },
      nearest: ofRows(rows),
    };
  }
  if (embedder !== null) {
    const rows: Record<SetName, Float32Array[]> = { training: [], generated: [], heldout: [] };
    for (const name of names) {
      const embedding = embedItems(kept[name], embedder, { signal });
      for (;;) {
        const { value, done } = await embedding.next();
        if (done) {
          rows[name] = value;
          break;
        }
        yield at(`embedding ${SETS[name]} images`, value, kept[name].length);
      }
    }
    return {
      told: { similarity: 'cosine', embedder: { name: embedder.name, width: embedder.width, fittedTo: null } },
      nearest: ofRows(rows),
    };
  }
  const prepared = {
    training: prepare(kept.training, size),
    generated: prepare(kept.generated, size),
    heldout: prepare(kept.heldout, size),
  };
  return {
    told: { similarity: 'pearson', embedder: null },
    nearest: (of, item, among) =>
      findNearest({ fine: prepared[of].fine[item]!, coarse: prepared[of].coarse[item]! }, prepared[among], {
        size,
        ...(of === among ? { except: item } : {}),
      }),
  };
}

/**
 * Compares generated medical images with training ones: Pearson's correlation within the body over flips, shifts and turns, called by the procedure of the audit of
 * stills, with the rule of a percentile beside it (Akbar, Wang and Eklund, Machine Learning: Science and Technology 6, 2025).
 */
export async function* auditMedical(
  run: Run,
  {
    configuration,
    embedder,
    signal,
  }: {
    readonly configuration: AuditMedicalConfiguration;
    /** Compares embeddings; null: correlates, or the components that the configuration asks for. */
    readonly embedder: Embedder | null;
    readonly signal: AbortSignal | undefined;
  },
): AsyncGenerator<AuditMedicalStep, AuditMedicalReport> {
  const { compare, page, percentile, falseDiscoveryRate, permutations, seed } = configuration;
  const whitened = configuration.embedder === WHITEN;
  const options = { compare, pictures: embedder !== null ? EMBEDDED_SLICES : page ? 1 : 0, signal };
  const sets = {
    training: yield* read('training', configuration.training, options),
    generated: yield* read('generated', configuration.generated, options),
    heldout: configuration.heldout === undefined ? null : yield* read('heldout', configuration.heldout, options),
  };
  const volumes = 2 * sets.training.items.filter(({ volume }) => volume).length > sets.training.items.length;
  const size = volumes ? VOLUME_GRID : IMAGE_GRID;
  const training = keepKind('training', sets.training, volumes);
  const generated = keepKind('generated', sets.generated, volumes);
  const allHeldout = sets.heldout && keepKind('heldout', sets.heldout, volumes);
  // What components are fitted to is no control for them.
  const fitted = whitened && allHeldout !== null ? allHeldout.kept.filter((_, i) => i % 2 === 1) : null;
  const heldout =
    fitted === null || allHeldout === null
      ? allHeldout
      : { ...allHeldout, kept: allHeldout.kept.filter((_, i) => i % 2 === 0) };
  if (generated.kept.length === 0)
    throw new BiolensError(
      'input',
      `${configuration.generated}: there are no ${volumes ? 'volumes' : 'images'}, which the training set has`,
    );
  const kept = { training: training.kept, generated: generated.kept, heldout: heldout?.kept ?? [] };
  const measure = yield* openMeasure(kept, { size, embedder, fitted, signal });
  const nearestOf = async function* (
    stage: string,
    of: SetName,
    among: SetName,
  ): AsyncGenerator<AuditMedicalStep, Nearest[]> {
    const found: Nearest[] = [];
    for (let i = 0; i < kept[of].length; i++) {
      throwIfAborted(signal);
      found.push(measure.nearest(of, i, among));
      if (i % 8 !== 0) continue;
      yield at(stage, i, kept[of].length);
      // Signals and others get their turn between two steps of long work.
      await new Promise(resolve => setImmediate(resolve));
    }
    return found;
  };
  const top = yield* nearestOf('comparing generated images', 'generated', 'training');
  const control =
    heldout === null
      ? yield* nearestOf('comparing training images', 'training', 'training')
      : yield* nearestOf('comparing held-out images', 'heldout', 'training');
  const inHeldout =
    heldout === null ? null : yield* nearestOf('comparing with held-out images', 'generated', 'heldout');
  const similarities = (list: readonly Nearest[]): Float32Array =>
    Float32Array.from(list, ({ similarity }) => similarity);
  const controls = Float64Array.from(control, ({ similarity }) => similarity).sort();
  const threshold = quantile(controls, percentile / 100);
  const calls = callCopies(similarities(top), {
    real: {
      top1: similarities(control),
      pairs: new PairCounter(),
      training: training.kept.length,
    },
    heldout:
      inHeldout === null || heldout === null
        ? null
        : { top1: similarities(inHeldout), heldout: heldout.kept.length, training: training.kept.length },
  });
  const permutation =
    inHeldout === null || heldout === null
      ? noRelabelling(NO_HELDOUT)
      : // On what the coarse grid sees.
        relabelLists(
          top.map(({ list }, i) => ({ training: list, heldout: inHeldout[i]!.list })),
          {
            units: { training: training.kept.length, heldout: heldout.kept.length },
            permutations,
            key: foldIn(randomKey(seed), 'audit-medical'),
            signal,
          },
        );
  const matched = calls
    .called(threshold, falseDiscoveryRate)
    .map((called, i) => ({ called, at: top[i]!, generated: generated.kept[i]! }))
    .sort((a, b) => b.at.similarity - a.at.similarity);
  const pairs = matched.map(({ called, at: { index, similarity, flipped }, generated: { name } }) => ({
    generated: name,
    training: training.kept[index]!.name,
    similarity,
    ...called,
    flipped,
  }));
  const shown = page
    ? await showSlices(
        run.path,
        matched.map(({ called, at: { index }, generated: item }) => ({
          generated: item,
          training: training.kept[index]!,
          copy: called.copy,
        })),
      )
    : [];
  const lines = new Map(
    pairs.map((pair, i) => [
      `${i} ${pair.generated}`,
      { generated: `${i} ${pair.generated}`, training: pair.training, similarity: pair.similarity },
    ]),
  );
  for await (const _ of resumeItems({
    run,
    schema: auditMedicalItemSchema,
    keys: [...lines.keys()],
    keyOf: ({ generated: key }) => key,
    async *work(left) {
      yield left.map(key => lines.get(key)!);
    },
    signal,
  }));
  const setOf = (name: SetName, n: number) => {
    const source = configuration[name]!;
    const { files, mayShowPersons } = sets[name]!;
    return { source, files, n, mayShowPersons };
  };
  const above = (list: readonly Nearest[]) =>
    proportionMetric(list.filter(({ similarity }) => similarity > threshold).length, list.length);
  const told = {
    compared: volumes ? ('volumes' as const) : ('images' as const),
    sets: {
      training: setOf('training', training.kept.length),
      generated: setOf('generated', generated.kept.length),
      heldout: heldout && setOf('heldout', heldout.kept.length),
    },
    replication: {
      ...measure.told,
      rule: { percentile, threshold, generated: above(top), control: above(control) },
      control: calls.method,
      calibration: heldout === null ? ('training-to-training' as const) : ('heldout-to-training' as const),
      callable: calls.callableFrom(threshold, falseDiscoveryRate),
      copied: proportionMetric(pairs.filter(({ copy }) => copy).length, pairs.length),
      falseDiscoveryRate,
      permutation,
      pairs,
    },
    shown,
    notes: [...training.notes, ...generated.notes, ...(heldout?.notes ?? [])],
  };
  return auditMedicalReportSchema.parse({
    schema: 'biolens/audit-medical@1',
    ...told,
    verdict: writeMedicalVerdict(told),
  });
}
