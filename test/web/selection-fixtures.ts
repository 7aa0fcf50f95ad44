import {
  type ReportPage,
  reportPageSchema,
  type SelectionReport,
  selectionReportSchema,
} from '../../src/ground/contracts/index.ts';
import { drawnPicture, HOSTILE, makePairs, runRecord, share } from './fixtures.ts';
import { mitigationReport, mitigationSide } from './generator-fixtures.ts';

const KEPT = 60;
const sampleName = (i: number): string => `${String(i).padStart(4, '0')}.png`;

function sideOf(folder: string, numbers: Parameters<typeof mitigationSide>[1], n: number): SelectionReport['before'] {
  const { replication, bias, quality } = mitigationSide(folder, numbers);
  return { n, folder, replication: { ...replication, pairs: makePairs(12, 4) }, bias, quality, verdict: [] };
}

/** A report like that of a selection in which a third of the candidates was kept. */
export function selectionReport(overrides: Partial<SelectionReport> = {}): SelectionReport {
  const { sets } = mitigationReport();
  return selectionReportSchema.parse({
    schema: 'biolens/selection@1',
    generator: 'python sample.py --n {n} --seed {seed} --out {dir}',
    sets: { ...sets, generated: { source: 'artifacts/generated', kind: 'images', n: 600, embedded: 590 } },
    targets: { replication: true, bias: { gender: { male: 0.5, female: 0.5 } }, tolerance: 0.05 },
    verdict: [
      {
        subject: 'copies',
        level: 'good',
        headline:
          'Mitigated: the generator copies, and the kept samples are no closer to training than to held-out images.',
        certainty: 'Relabelling test: before p = 0.001, after p = 0.42.',
      },
    ],
    selection: {
      ...{ candidates: 400, looked: 180, wanted: KEPT, kept: KEPT, accepted: share(KEPT, 180), limit: 0.81 },
      rates: { gender: { male: 0.21, female: 1 } },
      rejected: { unreadable: 0, repeated: 3, nearTraining: 25, nearHeldout: 4, shares: 88 },
      files: Array.from({ length: KEPT }, (_, i) => sampleName(i)),
    },
    before: sideOf('artifacts/generated', { male: 0.86, copied: 0.14, fid: 18.4 }, 200),
    after: sideOf('artifacts/kept', { male: 0.51, copied: 0.004, fid: 19.1 }, KEPT),
    skipped: [],
    ...overrides,
  });
}

/** The page of a selection with all its images. */
export function selectionPage(report = selectionReport()): ReportPage {
  const { before, selection } = report;
  const pairs = before.replication.pairs;
  return reportPageSchema.parse({
    run: runRecord({ id: '2026-11-28-selection-sample', kind: 'selection' }),
    report,
    itemsDone: 600,
    images: Object.fromEntries([
      ...selection.files.map(file => [`run/artifacts/kept/${file}`, drawnPicture(file)]),
      ...pairs.flatMap(({ generated, training }) => [
        [`run/${before.folder}/${generated}`, drawnPicture(generated)],
        [`training/${training}`, drawnPicture(training)],
      ]),
    ]),
    blurred: false,
  });
}

/** A selection in which every string that comes from a stranger is one of `HOSTILE`, and nothing was kept. */
export function hostileSelection(): ReportPage {
  const base = selectionReport();
  const names = Object.values(HOSTILE);
  const pairs = base.before.replication.pairs.slice(0, names.length).map((pair, i) => ({
    ...pair,
    generated: names[i]!,
    training: names[(i + 1) % names.length]!,
  }));
  const gender = base.before.bias.attributes.gender!;
  const bias = {
    attributes: {
      [HOSTILE.markup]: {
        ...gender,
        classes: [HOSTILE.script],
        source: { training: HOSTILE.script, generated: HOSTILE.direction },
        target: { [HOSTILE.script]: 1 },
        training: { [HOSTILE.script]: gender.training.male! },
        generated: { [HOSTILE.script]: gender.generated.male! },
        corrected: null,
      },
    },
  };
  return selectionPage(
    selectionReport({
      generator: HOSTILE.script,
      sets: { ...base.sets, training: { ...base.sets.training, source: HOSTILE.markup }, heldout: null },
      targets: { ...base.targets, bias: { [HOSTILE.markup]: { [HOSTILE.script]: 1 } } },
      verdict: [{ subject: HOSTILE.markup, level: 'bad', headline: HOSTILE.script, certainty: HOSTILE.direction }],
      selection: {
        ...base.selection,
        kept: names.length,
        rates: { [HOSTILE.markup]: { [HOSTILE.script]: 0.5 } },
        files: names,
      },
      before: { ...base.before, bias, replication: { ...base.before.replication, pairs } },
      after: null,
    }),
  );
}
