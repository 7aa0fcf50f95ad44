import type { z } from 'zod';
import {
  type AttributeBias,
  type Metric,
  type MitigationReport,
  type MitigationSide,
  missingMetric,
  mitigationReportSchema,
  type ReportPage,
  reportPageSchema,
} from '../../src/contracts/index.ts';
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
