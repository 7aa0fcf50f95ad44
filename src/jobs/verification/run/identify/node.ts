import { type IdentificationReport, identificationReportSchema } from '../../../../ground/contracts/index.ts';
import { type Matrix, randomKey } from '../../../../ground/math/index.ts';
import {
  collectSet,
  filesOf,
  type OpenedSets,
  openSets,
  type ReadSet,
  readSets,
  recordFiles,
} from '../../../../kit/face-sets/index.ts';
import type { OpenContext, OpenedJob } from '../../../../kit/job/index.ts';
import type { Run } from '../../../../kit/runs/index.ts';
import type { IdentificationConfiguration } from '../../configuration.ts';
import { meanFace, meanTemplates, numberPersons, unitRows } from '../../embeddings.ts';
import type { VerificationStep } from '../../events.ts';
import { type GalleryOf, measureIdentification, searchGallery } from '../../identification.ts';
import { identificationFinding } from '../../verdict.ts';
import { planFaces } from '../plan.ts';

/** Items of a set as templates: one each, or one a person. */
function templatesOf(rows: Matrix, person: Uint32Array, of: 'person' | 'image'): GalleryOf {
  if (of === 'image') return { rows, person };
  const groups = new Map<number, number[]>();
  person.forEach((who, i) => {
    groups.set(who, [...(groups.get(who) ?? []), i]);
  });
  return { rows: meanTemplates(rows, [...groups.values()]), person: [...groups.keys()] };
}

/** Rows of the items whose person is known. */
function identified({ items, matrix }: ReadSet, centre: Float64Array | null): { rows: Matrix; names: string[] } {
  const kept = items.flatMap(({ identity }, i) => (identity === null ? [] : [i]));
  const unit = unitRows(matrix, centre);
  const data = new Float32Array(kept.length * unit.cols);
  kept.forEach((i, k) => {
    data.set(unit.data.subarray(i * unit.cols, (i + 1) * unit.cols), k * unit.cols);
  });
  return { rows: { rows: kept.length, cols: unit.cols, data }, names: kept.map(i => items[i]!.identity!) };
}

async function measure(
  run: Run,
  { sets, embedder }: OpenedSets,
  configuration: IdentificationConfiguration,
): Promise<IdentificationReport> {
  const read = await Promise.all(sets.map(set => collectSet(run, set)));
  const [gallery, probes, others] = read;
  const centre = others === undefined ? null : meanFace(others.matrix);
  const [enrolled, searched] = [identified(gallery!, centre), identified(probes!, centre)];
  const persons = numberPersons([...enrolled.names, ...searched.names]);
  const split = enrolled.names.length;
  const inGallery = templatesOf(enrolled.rows, persons.of.subarray(0, split), configuration.templates);
  const asProbes = templatesOf(searched.rows, persons.of.subarray(split), configuration.probeTemplates);
  const searches = searchGallery(inGallery, asProbes);
  const rates = measureIdentification(searches, {
    people: persons.names.length,
    key: randomKey(configuration.seed),
  });
  const failed = (set: ReadSet | undefined): number => set?.skipped.length ?? 0;
  const part = {
    gallery: {
      source: gallery!.source,
      people: new Set(enrolled.names).size,
      templates: inGallery.rows.rows,
      images: sets[0]!.items.length,
      failures: failed(gallery),
    },
    probes: {
      source: probes!.source,
      people: new Set(searched.names).size,
      searches: searches.length,
      ...rates.probes,
      failures: failed(probes),
    },
    ranks: rates.ranks,
    cmc: [...rates.cmc],
    dir: rates.dir,
    dirThresholds: rates.dirThresholds,
  };
  return identificationReportSchema.parse({
    schema: 'biolens/identification@1',
    ...part,
    embedder: embedder?.name ?? null,
    centring: others === undefined ? null : { source: others.source, n: others.matrix.rows },
    verdict: [identificationFinding(part)],
    skipped: [gallery, probes].flatMap(set => set?.skipped ?? []),
  });
}

async function* work(
  run: Run,
  {
    opened,
    configuration,
    signal,
  }: {
    readonly opened: OpenedSets;
    readonly configuration: IdentificationConfiguration;
    readonly signal: AbortSignal | undefined;
  },
): AsyncGenerator<VerificationStep, IdentificationReport> {
  const { embedder } = opened;
  await recordFiles(run, filesOf(opened.sets, embedder === null ? null : configuration.embedder));
  if (embedder !== null)
    for await (const { done, total } of readSets(run, opened.sets, { embedder, settings: configuration, signal }))
      yield { type: 'progress', stage: 'reading faces', done, total };
  yield { type: 'progress', stage: 'searching', done: 0, total: 1 };
  return await measure(run, opened, configuration);
}

/** Opens the sets and networks of an identification; see `identificationJob`. */
export async function* openIdentification(
  configuration: IdentificationConfiguration,
  { signal }: OpenContext,
): AsyncGenerator<VerificationStep, OpenedJob<IdentificationConfiguration, VerificationStep, IdentificationReport>> {
  const { gallery, probes, galleryLabels, probeLabels, identity, centre } = configuration;
  const opened = await openSets(
    [
      { set: 'gallery', source: gallery, labels: galleryLabels, identity, named: true },
      { set: 'probes', source: probes, labels: probeLabels, identity, named: true },
      ...(centre === undefined ? [] : [{ set: 'centre', source: centre, named: false }]),
    ],
    { ...configuration, signal },
  );
  return {
    configuration,
    plan: planFaces(opened.sets, { width: opened.width, comparisons: 0, files: [] }),
    work: run => work(run, { opened, configuration, signal }),
    [Symbol.asyncDispose]: opened.close,
  };
}
