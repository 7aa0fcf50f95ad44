import { type AuditMedicalReport, auditMedicalReportSchema } from '../../ground/contracts/index.ts';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import { foldIn, proportionMetric, quantile, randomKey } from '../../ground/math/index.ts';
import { type Run, resumeItems } from '../../kit/runs/index.ts';
import { callCopies, NO_HELDOUT, noRelabelling, PairCounter, relabelLists } from '../audit/replication/index.ts';
import type { AuditMedicalConfiguration } from './configuration.ts';
import { type AuditMedicalStep, auditMedicalItemSchema } from './events.ts';
import { findNearest, type Nearest, type Prepared, prepare } from './measure/compare.ts';
import { type CollectedItems, collectItems, IMAGE_GRID, VOLUME_GRID } from './read/collect-items.ts';
import { showSlices } from './show/show-slices.ts';
import { writeMedicalVerdict } from './verdict.ts';

type SetName = 'training' | 'generated' | 'heldout';
const STAGES: Readonly<Record<SetName, string>> = {
  training: 'reading training images',
  generated: 'reading generated images',
  heldout: 'reading held-out images',
};

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
    readonly pictures: boolean;
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
    yield at(STAGES[set], value.done, value.total);
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

/**
 * Compares generated medical images with training ones: Pearson's correlation within the body over flips, shifts and turns, called by the procedure of the audit of
 * stills, with the rule of a percentile beside it (Akbar, Wang and Eklund, Machine Learning: Science and Technology 6, 2025).
 */
export async function* auditMedical(
  run: Run,
  {
    configuration,
    signal,
  }: { readonly configuration: AuditMedicalConfiguration; readonly signal: AbortSignal | undefined },
): AsyncGenerator<AuditMedicalStep, AuditMedicalReport> {
  const { compare, page, percentile, falseDiscoveryRate, permutations, seed } = configuration;
  const options = { compare, pictures: page, signal };
  const sets = {
    training: yield* read('training', configuration.training, options),
    generated: yield* read('generated', configuration.generated, options),
    heldout: configuration.heldout === undefined ? null : yield* read('heldout', configuration.heldout, options),
  };
  const volumes = 2 * sets.training.items.filter(({ volume }) => volume).length > sets.training.items.length;
  const size = volumes ? VOLUME_GRID : IMAGE_GRID;
  const training = keepKind('training', sets.training, volumes);
  const generated = keepKind('generated', sets.generated, volumes);
  const heldout = sets.heldout && keepKind('heldout', sets.heldout, volumes);
  if (generated.kept.length === 0)
    throw new BiolensError(
      'input',
      `${configuration.generated}: there are no ${volumes ? 'volumes' : 'images'}, which the training set has`,
    );
  const prepared = {
    training: prepare(training.kept, size),
    generated: prepare(generated.kept, size),
    heldout: heldout && prepare(heldout.kept, size),
  };
  const nearestOf = async function* (
    stage: string,
    of: Prepared,
    among: Prepared,
    same = false,
  ): AsyncGenerator<AuditMedicalStep, Nearest[]> {
    const found: Nearest[] = [];
    for (let i = 0; i < of.fine.length; i++) {
      throwIfAborted(signal);
      found.push(
        findNearest({ fine: of.fine[i]!, coarse: of.coarse[i]! }, among, same ? { size, except: i } : { size }),
      );
      if (i % 8 !== 0) continue;
      yield at(stage, i, of.fine.length);
      // Signals and others get their turn between two steps of long work.
      await new Promise(resolve => setImmediate(resolve));
    }
    return found;
  };
  const top = yield* nearestOf('comparing generated images', prepared.generated, prepared.training);
  const control =
    prepared.heldout === null
      ? yield* nearestOf('comparing training images', prepared.training, prepared.training, true)
      : yield* nearestOf('comparing held-out images', prepared.heldout, prepared.training);
  const inHeldout =
    prepared.heldout === null
      ? null
      : yield* nearestOf('comparing with held-out images', prepared.generated, prepared.heldout);
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
      similarity: 'pearson' as const,
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
