import type { z } from 'zod';
import {
  type AuditReport,
  auditReportSchema,
  type Metric,
  missingMetric,
  type Pair,
  type ReportPage,
  reportPageSchema,
  runRecordSchema,
} from '../../src/ground/contracts/index.ts';

/** A small, steady source of numbers for drawing fixtures (Park and Miller's minimal standard). */
export function lehmer(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
}

/** A metric with a symmetric interval; no interval when `halfWidth` is left out. */
export function metric(value: number, n: number, halfWidth?: number): Metric {
  if (halfWidth === undefined) return { value, n, interval: null };
  return {
    value,
    n,
    interval: { low: value - halfWidth, high: value + halfWidth, confidence: 0.95, method: 'bootstrap' },
  };
}

/** A share with its Wilson interval. */
export function share(count: number, n: number): Metric {
  const z = 1.96;
  const p = count / n;
  const middle = (p + (z * z) / (2 * n)) / (1 + (z * z) / n);
  const half = (z / (1 + (z * z) / n)) * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  return {
    value: p,
    n,
    interval: { low: Math.max(0, middle - half), high: Math.min(1, middle + half), confidence: 0.95, method: 'wilson' },
  };
}

const number = (i: number): string => String(i).padStart(6, '0');

/** Pairs most similar first: `copies` near 0.95, the rest around 0.45. */
export function makePairs(count: number, copies: number): Pair[] {
  const draw = lehmer(7);
  const normal = (): number => draw() + draw() + draw() + draw() - 2;
  const similarity = Array.from({ length: count }, (_, i) =>
    Math.fround(i < copies ? 0.95 + 0.03 * normal() : 0.45 + 0.12 * normal()),
  ).sort((a, b) => b - a);
  return similarity.map((value, i) => {
    const copy = i < copies;
    const p = copy ? 1e-6 : Math.min(1, (i - copies + 1) / (count - copies));
    return {
      generated: `generated/${number(Math.floor(draw() * 9e5))}-${i}.png`,
      training: `portraits/${number(Math.floor(draw() * 9e5))}.jpg`,
      similarity: value,
      pValue: p,
      qValue: copy ? 1e-4 : Math.min(1, p * 1.2),
      copy,
    };
  });
}

function bell(centre: number, width: number, tail = 0): number[] {
  const edges = histogramEdges();
  const raw = edges.slice(0, -1).map((edge, i) => {
    const x = (edge + edges[i + 1]!) / 2;
    return Math.exp(-((x - centre) ** 2) / (2 * width ** 2)) + tail * Math.exp(-((x - 0.95) ** 2) / (2 * 0.018 ** 2));
  });
  const sum = raw.reduce((total, value) => total + value, 0);
  return raw.map(value => (value / sum < 1e-5 ? 0 : value / sum));
}

function histogramEdges(): number[] {
  return Array.from({ length: 101 }, (_, i) => Math.round((-1 + i / 50) * 1000) / 1000);
}

const summary = (mean: number, n: number, spread = 0.1) => ({
  mean: metric(mean, n, 0.008),
  p75: metric(mean + 0.7 * spread, n, 0.01),
  p90: metric(mean + 1.3 * spread, n, 0.014),
  p95: metric(mean + 1.7 * spread, n, 0.02),
});

const discrepancy = (totalVariation: number, n: number) => ({
  parityGap: metric(2 * totalVariation, n, 0.05),
  fairnessDiscrepancy: metric(1.41 * totalVariation, n, 0.04),
  totalVariation: metric(totalVariation, n, 0.03),
  kl: metric(2.1 * totalVariation ** 2, n, 0.02),
  jensenShannon: metric(0.7 * totalVariation, n, 0.02),
  chiSquare: metric(totalVariation ** 2, n, 0.02),
  normalisedEntropy: metric(1 - totalVariation ** 2, n, 0.02),
});

type AuditInput = z.input<typeof auditReportSchema>;

/** A report like that of a real audit, with planted copies and a stronger skew; parts can be replaced. */
export function auditReport(overrides: Partial<AuditInput> = {}): AuditReport {
  const n = 500;
  const trained = 1000;
  const pairs = makePairs(n, 38);
  const report: AuditInput = {
    schema: 'biolens/audit@1',
    sets: {
      training: { source: '/data/portraits/training', kind: 'images', n: trained, embedded: 998 },
      generated: { source: '/data/portraits/generated', kind: 'images', n, embedded: n },
      heldout: { source: '/data/portraits/heldout', kind: 'images', n: 400, embedded: 400 },
    },
    verdict: [
      {
        subject: 'copies',
        level: 'bad',
        headline: '38 of 500 generated images look like copies of training images.',
        certainty:
          '7.6 % of generated images (95 % interval 5.6 % to 10 %); about 5 % of called copies are expected to be false. Relabelling training against held-out images gives p = 0.001 over 999 relabellings.',
      },
      {
        subject: 'duplicates',
        level: 'warning',
        headline: 'The training set holds 3 groups of duplicates, which generators copy most readily.',
        certainty: '0.8 % of 998 images searched have a duplicate (95 % interval 0.4 % to 1.6 %).',
      },
      {
        subject: 'gender',
        level: 'bad',
        headline:
          'The generator makes the skew in gender worse: 86 % of generated images are male, where 50 % is the target.',
        certainty:
          "1.6 times the training set's distance from the target (1.4 to 1.9). Distance from the target 0.36 (0.33 to 0.39), training set 0.22; generated against training p = 1e-7 (chi-square).",
      },
      {
        subject: 'age group',
        level: 'good',
        headline: 'No evidence of a marked skew in age group.',
        certainty: 'Distance from the target 0.04 (0.01 to 0.08), training set 0.03; p = 0.41 (chi-square).',
      },
      {
        subject: 'quality',
        level: 'unknown',
        headline: 'How realistic and varied the images are cannot be determined.',
        certainty: 'Too few images.',
      },
    ],
    replication: {
      embedder: { name: 'built-in face embedding', width: 128 },
      similarity: 'centred-cosine',
      threshold: 0.782,
      falseMatchRate: 1e-5,
      calibration: { source: 'heldout-to-training', pairs: 399_200, method: 'tail-fit' },
      control: 'held-out images next to the training set, and generated images next to held-out ones',
      copied: share(38, n),
      callable: 0.86,
      falseDiscoveryRate: 0.05,
      aboveThreshold: { generated: share(41, n), training: share(6, 998), heldout: share(1, 400) },
      top1: { generated: summary(0.49, n, 0.2), training: summary(0.44, 998), heldout: summary(0.43, 400) },
      histogram: {
        edges: histogramEdges(),
        generated: bell(0.46, 0.09, 0.4),
        training: bell(0.44, 0.085, 0.02),
        heldout: bell(0.43, 0.08),
      },
      permutation: { p: 0.001, statistic: 'mean top-1 similarity', observed: 0.4912, permutations: 999 },
      splitProduct: { chunks: 4, mean: metric(0.212, n, 0.004), p95: metric(0.31, n, 0.012) },
      carlini: { k: 50, alpha: 0.5, cutoff: 1.4, median: metric(1.71, n, 0.02), flagged: share(57, n) },
      authPct: metric(43.2, n, 4.3),
      ct: metric(-4.12, n, 0.9),
      identityLeakage: { generated: metric(8.4e-5, 499_000, 2e-5), heldout: metric(1.1e-5, 399_200, 0.9e-5) },
      heldoutOverlap: share(0, 400),
      duplicates: {
        threshold: 0.94,
        share: share(8, 998),
        clusters: [
          { files: ['portraits/000011.jpg', 'portraits/000211.jpg', 'portraits/000312.jpg'], minSimilarity: 0.971 },
          { files: ['portraits/000101.jpg', 'portraits/000402.jpg', 'portraits/000633.jpg'], minSimilarity: 0.962 },
          { files: ['portraits/000007.jpg', 'portraits/000700.jpg'], minSimilarity: 0.988 },
        ],
      },
      pairs,
    },
    bias: {
      attributes: {
        gender: {
          classes: ['male', 'female'],
          source: { training: 'labels', generated: 'built-in' },
          target: { male: 0.5, female: 0.5 },
          training: { male: share(718, 998), female: share(280, 998) },
          generated: { male: share(421, n), female: share(79, n) },
          corrected: {
            confusion: [
              [0.985, 0.04],
              [0.015, 0.96],
            ],
            confusionN: 998,
            training: null,
            generated: { male: metric(0.86, n, 0.033), female: metric(0.14, n, 0.033) },
          },
          discrepancy: {
            training: discrepancy(0.22, 998),
            generated: discrepancy(0.36, n),
            between: discrepancy(0.14, n),
          },
          amplification: { ...metric(1.62, n, 0.24), p: 1e-7, test: 'chi-square' },
        },
        'age group': {
          classes: ['under 20', '20 to 39', '40 to 59', '60 and over'],
          source: { training: 'built-in', generated: 'built-in' },
          target: { 'under 20': 0.02, '20 to 39': 0.18, '40 to 59': 0.5, '60 and over': 0.3 },
          training: {
            'under 20': share(14, 998),
            '20 to 39': share(190, 998),
            '40 to 59': share(498, 998),
            '60 and over': share(296, 998),
          },
          generated: {
            'under 20': share(9, n),
            '20 to 39': share(104, n),
            '40 to 59': share(261, n),
            '60 and over': share(126, n),
          },
          corrected: null,
          discrepancy: {
            training: discrepancy(0.03, 998),
            generated: discrepancy(0.04, n),
            between: discrepancy(0.05, n),
          },
          amplification: {
            ...missingMetric('the training set is exactly on target: there is no skew to amplify'),
            p: 0.41,
            test: 'chi-square',
          },
        },
      },
    },
    quality: {
      reference: 'heldout',
      fid: metric(18.42, n, 1.3),
      kid: metric(0.0123, n, 0.004),
      precision: share(402, n),
      recall: share(231, 400),
      density: metric(0.93, n, 0.05),
      coverage: share(301, 400),
      vendi: metric(61.3, n, 4.2),
      fld: missingMetric('needs 200 held-out items or more', 120),
      fldGap: metric(-21.4, n, 6.1),
    },
    skipped: [
      { set: 'training', file: 'portraits/000999.jpg', reason: 'a truncated JPEG' },
      { set: 'training', file: 'portraits/notes.png', reason: 'not an image (JPEG, PNG, WebP, AVIF, TIFF, GIF)' },
    ],
    ...overrides,
  };
  return auditReportSchema.parse(report);
}

/** A small drawn picture as a data URL, different for every name; the same share of the hue for alike names. */
export function drawnPicture(name: string): string {
  let hash = 0;
  for (const character of name) hash = (hash * 31 + character.charCodeAt(0)) % 360;
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 80 80"><rect width="80" height="80" fill="hsl(${hash} 25% 72%)"/><path d="M8 80c4-24 60-24 64 0z" fill="hsl(${(hash + 140) % 360} 30% 38%)"/><ellipse cx="40" cy="36" rx="18" ry="23" fill="hsl(28 42% ${48 + (hash % 28)}%)"/><path d="M21 32c0-28 38-28 38 0-9-12-29-12-38 0z" fill="hsl(24 30% ${14 + (hash % 20)}%)"/><circle cx="33" cy="36" r="2"/><circle cx="47" cy="36" r="2"/><path d="M33 47q7 5 14 0" fill="none" stroke="#733" stroke-width="2"/></svg>`;
  return `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
}

/** Pictures of the first pairs and of the duplicates. */
export function drawnPictures(report: AuditReport, pairs = 60): Record<string, string> {
  const files = [
    ...report.replication.pairs.slice(0, pairs).flatMap(pair => [
      { key: `generated/${pair.generated}`, look: pair.copy ? pair.training : pair.generated },
      { key: `training/${pair.training}`, look: pair.training },
    ]),
    ...report.replication.duplicates.clusters.flatMap(({ files: [first = '', ...rest] }) =>
      [first, ...rest].map(file => ({ key: `training/${file}`, look: first })),
    ),
  ];
  return Object.fromEntries(files.map(({ key, look }) => [key, drawnPicture(look)]));
}

export function runRecord(overrides: Partial<z.input<typeof runRecordSchema>> = {}): ReportPage['run'] {
  return runRecordSchema.parse({
    schema: 'biolens/run@1',
    id: '2026-11-24T10-02-11-audit-portraits',
    kind: 'audit',
    status: 'done',
    configuration: {
      train: '/data/portraits/training',
      generated: '/data/portraits/generated',
      heldout: '/data/portraits/heldout',
      falseMatchRate: 1e-5,
    },
    provenance: {
      biolens: '0.1.0',
      commit: 'eecb98926a2f',
      seed: 42,
      digests: {
        training: 'b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9',
        generated: '2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae',
      },
      host: {
        platform: 'linux x64',
        cpu: 'Example CPU at 3 GHz',
        cores: 2,
        memoryBytes: 16 * 2 ** 30,
        node: '24.21.0',
        runtime: 'onnxruntime-node 1.30.0',
        device: 'cpu',
      },
      startedAt: '2026-11-24T10:02:11.000Z',
      endedAt: '2026-11-24T10:03:40.000Z',
    },
    ...overrides,
  });
}

export function reportPage(overrides: Partial<z.input<typeof reportPageSchema>> = {}): ReportPage {
  const report = auditReport();
  return reportPageSchema.parse({
    run: runRecord(),
    report,
    itemsDone: 500,
    images: drawnPictures(report),
    blurred: false,
    ...overrides,
  });
}

/** Names and labels that try everything: markup, script, direction, terminal control, length. */
export const HOSTILE = {
  markup: '<img src=x onerror="window.hacked=1">.png',
  script: '</script><script>window.hacked=2</script>.png',
  comment: '<!--<script>.png',
  direction: 'invoice\u202egnp.exe.png',
  terminal: '\u001b[31mred\u001b[0m\u0007.png',
  separators: 'line\u2028and\u2029paragraph.png',
  formula: '=HYPERLINK("http://evil.example","x").png',
  traversal: '../../../../etc/passwd',
  long: `${'very-long-name-'.repeat(300)}.png`,
  surrogate: 'half\ud83d.png',
} as const;

/** A report in which every string that comes from a stranger is one of `HOSTILE`. */
export function hostilePage(): ReportPage {
  const names = Object.values(HOSTILE);
  const base = auditReport();
  const gender = base.bias.attributes.gender!;
  const classes = [HOSTILE.markup, HOSTILE.script];
  const shares = { [HOSTILE.markup]: share(400, 500), [HOSTILE.script]: share(100, 500) };
  const report = auditReport({
    verdict: [{ subject: HOSTILE.markup, level: 'bad', headline: HOSTILE.script, certainty: HOSTILE.direction }],
    sets: {
      ...base.sets,
      training: { ...base.sets.training, source: `/data/${HOSTILE.script}` },
      generated: { ...base.sets.generated, source: `/data/${HOSTILE.direction}` },
    },
    replication: {
      ...base.replication,
      embedder: { name: HOSTILE.markup, width: 128 },
      control: HOSTILE.script,
      pairs: names.map((name, i) => ({
        generated: name,
        training: names[(i + 1) % names.length]!,
        similarity: 0.9 - i / 100,
        pValue: 0.001,
        qValue: 0.01,
        copy: i < 4,
      })),
      duplicates: { ...base.replication.duplicates, clusters: [{ files: [...names], minSimilarity: 0.97 }] },
    },
    bias: {
      attributes: {
        [HOSTILE.markup]: {
          ...gender,
          classes,
          source: { training: HOSTILE.script, generated: HOSTILE.terminal },
          target: { [HOSTILE.markup]: 0.5, [HOSTILE.script]: 0.5 },
          training: shares,
          generated: shares,
          corrected: null,
        },
      },
    },
    skipped: names.map(file => ({ set: 'training', file, reason: `${file}: ${HOSTILE.markup}` })),
  });
  return reportPage({
    run: runRecord({ id: 'hostile', configuration: { train: HOSTILE.script, [HOSTILE.markup]: HOSTILE.terminal } }),
    report,
    images: { [`generated/${HOSTILE.markup}`]: drawnPicture('a'), [`training/${HOSTILE.script}`]: drawnPicture('b') },
  });
}

/** A report with as many pairs as asked for. */
export function largePage(pairs: number): ReportPage {
  const base = auditReport();
  const report = auditReport({
    sets: { ...base.sets, generated: { ...base.sets.generated, n: pairs, embedded: pairs } },
    replication: { ...base.replication, pairs: makePairs(pairs, Math.round(pairs * 0.02)) },
  });
  return reportPage({ report, images: drawnPictures(report, 20), itemsDone: pairs });
}
