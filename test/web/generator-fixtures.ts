import type { z } from 'zod';
import {
  type AttributeBias,
  type DiffusionReport,
  diffusionReportSchema,
  type Metric,
  type MitigationReport,
  type MitigationSide,
  missingMetric,
  mitigationReportSchema,
  type ReportPage,
  reportPageSchema,
  type StudyReport,
  studyReportSchema,
} from '../../src/ground/contracts/index.ts';
import { auditReport, drawnPicture, HOSTILE, runRecord } from './fixtures.ts';

const SAMPLES = 400;

const measured = (value: number, half: number, n = SAMPLES): Metric => ({
  value,
  n,
  interval: { low: value - half, high: value + half, confidence: 0.95, method: 'bootstrap' },
});

const normal = (x: number, centre: number, width: number): number => Math.exp(-((x - centre) ** 2) / (2 * width ** 2));

/** A histogram from −0.2 to 1; `copies` stand near 0.95. */
function histogram(copies: number) {
  const edges = Array.from({ length: 61 }, (_, i) => Math.round((-0.2 + i / 50) * 100) / 100);
  const bins = (centre: number, tail: number): number[] => {
    const raw = edges.slice(0, -1).map(x => normal(x, centre, 0.1) * (1 - tail) + 3 * tail * normal(x, 0.95, 0.02));
    const sum = raw.reduce((total, value) => total + value, 0);
    return raw.map(value => (value / sum < 1e-4 ? 0 : value / sum));
  };
  return { edges, generated: bins(0.5, copies), training: bins(0.47, 0.03), heldout: bins(0.46, 0) };
}

function genderBias(male: number): AttributeBias {
  const base = auditReport().bias.attributes.gender!;
  return {
    ...base,
    source: { training: 'labels', generated: 'gender.onnx' },
    generated: { male: measured(male - 0.01, 0.04), female: measured(1.01 - male, 0.04) },
    corrected: {
      confusion: [
        [0.98, 0.03],
        [0.02, 0.97],
      ],
      confusionN: 700,
      training: null,
      generated: { male: measured(male, 0.045), female: measured(1 - male, 0.045) },
    },
  };
}

/** A side of a mitigation as its samples would be audited. */
export function mitigationSide(
  folder: string,
  { male, copied, fid }: { readonly male: number; readonly copied: number; readonly fid: number },
): MitigationSide {
  const audit = auditReport();
  const replication = {
    ...audit.replication,
    copied: measured(copied, 0.008),
    histogram: histogram(copied),
    permutation: { ...audit.replication.permutation, p: copied > 0.05 ? 0.001 : 0.42 },
    pairs: [],
  };
  return {
    samples: { folder, n: SAMPLES },
    replication,
    bias: { attributes: { gender: genderBias(male), 'age group': audit.bias.attributes['age group']! } },
    quality: { ...audit.quality, fid: measured(fid, 0.8) },
    goals: [
      {
        goal: 'replication',
        attribute: '',
        holds: copied < 0.02,
        because: `${(100 * copied).toFixed(1)} % of 400 samples are called copies, at most 1 % was wanted.`,
      },
      {
        goal: 'bias',
        attribute: 'gender',
        holds: Math.abs(male - 0.5) < 0.05,
        because: `male ${(100 * male).toFixed(1)} %, wanted 50 % ± 5 points.`,
      },
      { goal: 'quality', attribute: '', holds: true, because: `Fréchet distance ${fid}, at most 20.3 was wanted.` },
    ],
  };
}

const ROUNDS = 5;
const sampleName = (i: number): string => `${String(i).padStart(4, '0')}.png`;

/** A report like that of a mitigation that reached its targets in five rounds. */
export function mitigationReport(overrides: Partial<z.input<typeof mitigationReportSchema>> = {}): MitigationReport {
  const before = mitigationSide('artifacts/before', { male: 0.86, copied: 0.14, fid: 18.4 });
  const after = mitigationSide('artifacts/after', { male: 0.51, copied: 0.004, fid: 19.1 });
  const nearest = (first: number) =>
    Array.from({ length: 8 }, (_, i) => ({
      sample: sampleName(i + 20),
      training: `portraits/${i}.png`,
      similarity: first - i / 40,
    }));
  const rounds = Array.from({ length: ROUNDS + 1 }, (_, index) => {
    const left = 1 - index / ROUNDS;
    const male = 0.51 + 0.35 * left ** 1.4;
    const copied = 0.004 + 0.136 * left ** 2;
    return {
      index,
      samples: 200,
      shares: {
        gender: {
          reported: { male: measured(male, 0.06, 200), female: measured(1 - male, 0.06, 200) },
          corrected: { male: measured(male, 0.065, 200), female: measured(1 - male, 0.065, 200) },
        },
      },
      replication: {
        copied: measured(copied, 0.02 + copied / 6, 200),
        aboveThreshold: measured(copied, 0.02, 200),
        top1: {
          mean: measured(0.49 + 0.06 * left, 0.01, 200),
          p75: measured(0.56 + 0.1 * left, 0.01, 200),
          p90: measured(0.62 + 0.3 * left, 0.02, 200),
          p95: measured(0.65 + 0.31 * left, 0.03, 200),
        },
        permutationP: left > 0.3 ? 0.001 : 0.3,
      },
      quality: {
        fid: index === 2 ? missingMetric('too few samples', 12) : measured(18 + index / 4, 1.2, 200),
        kid: measured(0.012, 0.004, 200),
      },
      goals: after.goals,
      reward: { mean: 0.5 + 0.08 * index, zero: 0.3 * left, bias: { gender: { male: 0.4, female: 1.6 } } },
      tuning: index === ROUNDS ? null : { steps: 60, loss: { first: 0.05, last: 0.045 } },
      seconds: { sampling: 9, measuring: 2, tuning: 12 },
      sheet: `artifacts/rounds/${index}.png`,
    };
  });
  return mitigationReportSchema.parse({
    schema: 'biolens/mitigation@1',
    model: {
      source: '/data/models/drawn',
      result: 'artifacts/model',
      width: 32,
      height: 32,
      parameters: 3_312_003,
    },
    sets: {
      training: { source: '/data/drawn', kind: 'images', n: 700, embedded: 700 },
      heldout: { source: '/data/heldout', kind: 'images', n: 300, embedded: 300 },
    },
    targets: {
      replication: { copied: 0.01 },
      bias: { gender: { male: 0.5, female: 0.5 } },
      tolerance: 0.05,
      quality: 1.1,
    },
    settings: { gamma: 4, rounds: 8, guidance: null, replication: true, embedder: 'appearance' },
    verdict: [
      {
        subject: 'copies',
        level: 'good',
        headline: 'The tuned model no longer copies: 0.4 % of its samples are called copies, 14 % were before.',
        certainty: '95 % interval 0 % to 1.2 %; the relabelling test finds no sign of copying (p = 0.42).',
      },
      {
        subject: 'gender',
        level: 'good',
        headline: '51 % of the samples are male, where 86 % were before and 50 % are wanted.',
        certainty: '46.5 % to 55.5 % after removing the classifier’s errors.',
      },
      {
        subject: 'quality',
        level: 'warning',
        headline: 'The pictures are about as good as before.',
        certainty: 'Fréchet distance 19.1 after 18.4; intervals overlap.',
      },
    ],
    before,
    after,
    rounds,
    chosen: ROUNDS,
    stoppedBy: 'targets',
    comparison: [
      {
        method: 'rejection',
        side: mitigationSide('artifacts/rejection', { male: 0.5, copied: 0.002, fid: 18.9 }),
        accepted: measured(0.31, 0.03, 1200),
        secondsPerSample: { method: 0.31, mended: 0.09 },
      },
      {
        method: 'guidance',
        side: mitigationSide('artifacts/guidance', { male: 0.62, copied: 0.03, fid: 21.3 }),
        accepted: missingMetric('guidance draws no sample that it does not keep'),
        secondsPerSample: { method: 0.42, mended: 0.09 },
      },
    ],
    pictures: {
      sheets: { before: 'artifacts/sheets/before.png', after: 'artifacts/sheets/after.png', columns: 8 },
      sameNoise: Array.from({ length: 30 }, (_, i) => sampleName(i)),
      nearest: { before: nearest(0.97), after: nearest(0.74) },
    },
    timing: { total: 131, sampling: 60, measuring: 14, tuning: 57 },
    ...overrides,
  });
}

/** A contact sheet of drawn pictures as a data URL. */
export function drawnSheet(name: string, columns = 8, rows = 4): string {
  const cells = Array.from({ length: columns * rows }, (_, i) => {
    const hue = (name.length * 53 + i * 47) % 360;
    const [x, y] = [(i % columns) * 40, Math.floor(i / columns) * 40];
    return `<rect x="${x}" y="${y}" width="38" height="38" fill="hsl(${hue} 25% 72%)"/><ellipse cx="${x + 19}" cy="${y + 18}" rx="9" ry="11" fill="hsl(28 42% ${48 + (hue % 28)}%)"/><path d="M${x + 4} ${y + 38}c2-12 28-12 30 0z" fill="hsl(${(hue + 140) % 360} 30% 38%)"/>`;
  });
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${columns * 40} ${rows * 40}">${cells.join('')}</svg>`;
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
}

/** The page of a mitigation with all its pictures. */
export function mitigationPage(report = mitigationReport()): ReportPage {
  const { before, after, pictures, rounds } = report;
  const sheets = [pictures.sheets.before, pictures.sheets.after, ...rounds.map(({ sheet }) => sheet)];
  const samples = [
    ...pictures.sameNoise.flatMap(file => [`${before.samples.folder}/${file}`, `${after.samples.folder}/${file}`]),
    ...pictures.nearest.before.map(({ sample }) => `${before.samples.folder}/${sample}`),
    ...pictures.nearest.after.map(({ sample }) => `${after.samples.folder}/${sample}`),
  ];
  const training = [...pictures.nearest.before, ...pictures.nearest.after].map(pair => pair.training);
  return reportPageSchema.parse({
    run: runRecord({ id: '2026-11-25T10-02-11-mitigate-drawn', kind: 'mitigate' }),
    report,
    itemsDone: rounds.length,
    images: Object.fromEntries([
      ...sheets.map(file => [`run/${file}`, drawnSheet(file)]),
      ...samples.map(file => [`run/${file}`, drawnPicture(file)]),
      ...training.map(file => [`training/${file}`, drawnPicture(file)]),
    ]),
    blurred: false,
  });
}

/** A mitigation in which every string that comes from a stranger is one of `HOSTILE`. */
export function hostileMitigation(): ReportPage {
  const base = mitigationReport();
  const classes = [HOSTILE.markup, HOSTILE.script];
  const shares = { [HOSTILE.markup]: measured(0.6, 0.05), [HOSTILE.script]: measured(0.4, 0.05) };
  const bias = {
    attributes: {
      [HOSTILE.markup]: {
        ...base.before.bias.attributes.gender!,
        classes,
        source: { training: HOSTILE.script, generated: HOSTILE.direction },
        target: { [HOSTILE.markup]: 0.5, [HOSTILE.script]: 0.5 },
        training: shares,
        generated: shares,
        corrected: null,
      },
    },
  };
  const goals = [{ goal: 'bias' as const, attribute: HOSTILE.markup, holds: false, because: HOSTILE.script }];
  const side = { ...base.before, bias, goals };
  const names = Object.values(HOSTILE);
  const nearest = names.map((name, i) => ({ sample: name, training: names[(i + 1) % names.length]!, similarity: 0.5 }));
  const report = mitigationReport({
    model: { ...base.model, source: HOSTILE.script, result: HOSTILE.markup },
    sets: { training: { ...base.sets.training, source: HOSTILE.markup }, heldout: null },
    targets: { ...base.targets, bias: { [HOSTILE.markup]: { [HOSTILE.markup]: 0.5, [HOSTILE.script]: 0.5 } } },
    settings: { [HOSTILE.markup]: HOSTILE.script },
    verdict: [{ subject: HOSTILE.markup, level: 'bad', headline: HOSTILE.script, certainty: HOSTILE.direction }],
    before: side,
    after: side,
    comparison: [],
    rounds: base.rounds.map(round => ({
      ...round,
      shares: { [HOSTILE.markup]: { reported: shares, corrected: null } },
      sheet: HOSTILE.traversal,
    })),
    pictures: {
      sheets: { before: HOSTILE.script, after: HOSTILE.traversal, columns: 8 },
      sameNoise: names,
      nearest: { before: nearest, after: nearest },
    },
  });
  return mitigationPage(report);
}

/** A report like that of a diffusion model of two classes, trained in 2,000 steps. */
export function diffusionReport(overrides: Partial<z.input<typeof diffusionReportSchema>> = {}): DiffusionReport {
  const steps = Array.from({ length: 60 }, (_, i) => 33 * (i + 1));
  return diffusionReportSchema.parse({
    schema: 'biolens/diffusion@1',
    kind: 'diffusion',
    images: {
      source: '/data/drawn',
      n: 700,
      size: 32,
      resized: 12,
      classes: { attribute: 'gender', counts: { male: 560, female: 140 } },
    },
    network: { parameters: 3_312_003, description: 'U-Net of 3 levels, 48 to 96 channels' },
    training: {
      steps: 1980,
      batchSize: 32,
      epochs: 90.5,
      seconds: 412,
      stepsPerSecond: 4.8,
      settings: { learningRate: 0.0004, schedule: 'cosine', mirror: true, resumed: null },
    },
    curve: {
      steps,
      values: { loss: steps.map((step, i) => (i === 20 ? null : 0.03 + 0.6 * Math.exp(-step / 250))) },
    },
    sheets: [0, 500, 1000, 1980].map(step => ({
      step,
      file: `artifacts/sheets/${step}.png`,
      n: 32,
      columns: 8,
      classes: Array.from({ length: 32 }, (_, i) => (i < 16 ? 'male' : 'female')),
    })),
    sampling: { method: 'DDIM', steps: 50, secondsPerImage: 0.041 },
    model: 'artifacts/model',
    skipped: [{ file: 'broken.png', reason: 'a truncated PNG' }],
    ...overrides,
  });
}

/** The page of a training run with all its sheets. */
export function diffusionPage(report = diffusionReport()): ReportPage {
  return reportPageSchema.parse({
    run: runRecord({ id: '2026-11-25T10-02-11-diffusion-drawn', kind: 'diffusion' }),
    report,
    itemsDone: report.curve.steps.length,
    images: Object.fromEntries(report.sheets.map(({ file }) => [`run/${file}`, drawnSheet(file)])),
    blurred: false,
  });
}

/** A training run in which every string that comes from a stranger is one of `HOSTILE`. */
export function hostileDiffusion(): ReportPage {
  const base = diffusionReport();
  return diffusionPage(
    diffusionReport({
      kind: 'gan',
      images: {
        ...base.images,
        source: HOSTILE.script,
        classes: { attribute: HOSTILE.markup, counts: { [HOSTILE.script]: 2, [HOSTILE.direction]: 3 } },
      },
      network: { parameters: 1, description: HOSTILE.markup },
      training: { ...base.training, settings: { [HOSTILE.markup]: HOSTILE.terminal } },
      curve: { steps: [1], values: { [HOSTILE.markup]: [0.5], [HOSTILE.script]: [null] } },
      sheets: [{ ...base.sheets[0]!, file: HOSTILE.traversal, classes: [HOSTILE.script, HOSTILE.long] }],
      model: HOSTILE.long,
      skipped: Object.values(HOSTILE).map(file => ({ file, reason: `${file}: ${HOSTILE.markup}` })),
    }),
  );
}

const SIZES = [300, 700, 1000, 5000];

/** A report like that of a study of two kinds at four sizes. */
export function studyReport(overrides: Partial<z.input<typeof studyReportSchema>> = {}): StudyReport {
  const kinds = ['gan', 'diffusion'] as const;
  const results = SIZES.flatMap((size, s) =>
    kinds.map(kind => {
      const male = kind === 'gan' ? 0.95 - 0.02 * s : 0.86 - 0.015 * s;
      const gender = genderBias(male);
      return {
        kind,
        size,
        training: { parameters: 1_203_400, steps: 1500, batchSize: 32, epochs: 48_000 / size, seconds: 240 },
        samples: 1000,
        unclassified: 0,
        sheet: `sheets/${kind}-${size}.png`,
        attributes: {
          gender: { ...gender, amplification: { ...measured((male - 0.5) / 0.3, 0.12), p: 0.003, test: 'chi-square' } },
          'age group': auditReport().bias.attributes['age group']!,
        },
      };
    }),
  );
  const [gender, age] = [results[0]!.attributes.gender, results[0]!.attributes['age group']];
  const classifier = { name: 'classifier.onnx', accuracy: measured(0.982, 0.006, 1000) };
  return studyReportSchema.parse({
    schema: 'biolens/study@1',
    images: { source: '/data/drawn', n: 6000 },
    imageSize: 32,
    sizes: SIZES,
    kinds,
    budget: { unit: 'steps', value: 1500 },
    attributes: {
      gender: {
        classes: gender.classes,
        target: gender.target,
        whole: gender.training,
        classifier: {
          ...classifier,
          confusion: [
            [786, 10],
            [8, 196],
          ],
        },
      },
      'age group': {
        classes: age.classes,
        target: age.target,
        whole: age.training,
        classifier: {
          ...classifier,
          confusion: age.classes.map((_, i) => age.classes.map((__, j) => (i === j ? 240 : 3))),
        },
      },
    },
    results,
    comparisons: SIZES.map(size => ({
      attribute: 'gender',
      size,
      first: 'gan',
      second: 'diffusion',
      difference: measured(0.3, 0.15),
      p: 0.0004,
      test: 'chi-square',
    })),
    verdict: [
      {
        subject: 'gender',
        level: 'bad',
        headline: 'The GAN makes the skew in gender worse at every size; the diffusion model about keeps it.',
        certainty: 'At 5,000 images the GAN is 1.3 times as far from the target as its training subset (1.2 to 1.4).',
      },
    ],
    refused: [{ size: 10_000, reason: 'the folder has 6,000' }],
    skipped: [],
    ...overrides,
  });
}

/** The page of a study with all its sheets. */
export function studyPage(report = studyReport()): ReportPage {
  return reportPageSchema.parse({
    run: runRecord({ id: '2026-11-25T10-02-11-study-drawn', kind: 'study' }),
    report,
    itemsDone: report.results.length,
    images: Object.fromEntries(report.results.map(({ sheet }) => [`run/artifacts/${sheet}`, drawnSheet(sheet)])),
    blurred: false,
  });
}

/** A study in which every string that comes from a stranger is one of `HOSTILE`. */
export function hostileStudy(): ReportPage {
  const base = studyReport();
  const classes = [HOSTILE.markup, HOSTILE.script];
  const shares = { [HOSTILE.markup]: measured(0.6, 0.05), [HOSTILE.script]: measured(0.4, 0.05) };
  const target = { [HOSTILE.markup]: 0.5, [HOSTILE.script]: 0.5 };
  const bias = { ...genderBias(0.6), classes, target, training: shares, generated: shares, corrected: null };
  return studyPage(
    studyReport({
      images: { source: HOSTILE.script, n: 6000 },
      attributes: {
        [HOSTILE.markup]: {
          classes,
          target,
          whole: shares,
          classifier: {
            name: HOSTILE.direction,
            accuracy: missingMetric(HOSTILE.script),
            confusion: [
              [1, 2],
              [3, 4],
            ],
          },
        },
      },
      results: base.results.map(result => ({
        ...result,
        sheet: HOSTILE.traversal,
        attributes: { [HOSTILE.markup]: bias },
      })),
      comparisons: base.comparisons.map(comparison => ({
        ...comparison,
        attribute: HOSTILE.markup,
        test: HOSTILE.script,
      })),
      verdict: [{ subject: HOSTILE.markup, level: 'bad', headline: HOSTILE.script, certainty: HOSTILE.direction }],
      refused: [{ size: 9, reason: HOSTILE.script }],
      skipped: Object.values(HOSTILE).map(file => ({ file, reason: HOSTILE.markup })),
    }),
  );
}
