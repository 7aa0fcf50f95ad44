import { expect, test } from 'vitest';
import { auditReportSchema } from '../../src/ground/contracts/index.ts';
import { randomKey } from '../../src/ground/math/index.ts';
import { auditEmbeddings } from '../../src/jobs/audit/audit.ts';
import { GIVEN_LABELS } from '../../src/jobs/audit/bias.ts';
import { checkSets, type EmbeddedSets } from '../../src/jobs/audit/embedded-sets.ts';
import { sourceOf } from '../../src/kit/tensor/index.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';
import { drawSets, finish } from './simulated-sets.ts';
import { matrixOf } from './vectors.ts';

const key = randomKey(4);
const sizes = { training: 120, generated: 70, heldout: 80, copies: 8 };
const attributes = new Map([
  [
    'gender',
    {
      classes: ['male', 'female'],
      training: {
        source: GIVEN_LABELS,
        labels: Array.from({ length: 120 }, (_, i) => (i % 3 === 0 ? 'female' : 'male')),
      },
      generated: {
        source: GIVEN_LABELS,
        labels: Array.from({ length: 70 }, (_, i) => (i % 9 === 0 ? 'female' : 'male')),
      },
    },
  ],
]);

function setsOf(training: number[][], generated: number[][], heldout: number[][] | null = null): EmbeddedSets {
  const id = (row: number): string => `${row}`;
  return {
    training: { rows: sourceOf(matrixOf(training)), id },
    generated: { rows: matrixOf(generated), id },
    heldout: heldout && { rows: matrixOf(heldout), id },
  };
}

const names = { training: 'a.npy', generated: 'b.npy', heldout: 'c.npy' };

test('findings make a report that fits the contract, as JSON too', async () => {
  const { events, result } = await finish(
    auditEmbeddings(drawSets(key, sizes), { attributes, permutations: 99, seed: 5 }),
  );
  const set = { source: 'x', kind: 'embeddings', n: 1, embedded: 1 };
  const sets = { training: set, generated: set, heldout: set };
  const report = { schema: 'biolens/audit@1', sets, ...result, skipped: [] };
  expect(auditReportSchema.parse(JSON.parse(JSON.stringify(report)))).toEqual(report);
  expect(new Set(events.map(event => event.part))).toEqual(new Set(['replication', 'bias', 'quality']));
  expect(result.quality.reference).toBe('heldout');
  for (const metric of Object.values(result.quality).filter(value => typeof value !== 'string')) {
    expect(metric.value).not.toBeNull();
    expect(metric.interval?.low).toBeLessThanOrEqual(metric.value ?? 0);
    expect(metric.interval?.high).toBeGreaterThanOrEqual(metric.value ?? 0);
  }
});

test('without a held-out set what needs one says so', async () => {
  const { result } = await finish(auditEmbeddings(drawSets(key, { ...sizes, heldout: 0 }), { permutations: 19 }));
  expect(result.quality).toMatchObject({ reference: 'training', fld: { value: null, reason: 'needs a held-out set' } });
  expect(result.replication.ct).toMatchObject({ value: null, reason: 'needs a held-out set' });
  expect(result.replication.identityLeakage.heldout.value).toBeNull();
  expect(result.bias.attributes).toEqual({});
});

test('the engine and plain loops give the same report to rounding', async () => {
  const runtime = await openRuntime({ device: 'cpu', threads: 1 });
  try {
    const plain = (await finish(auditEmbeddings(drawSets(key, sizes), { permutations: 99 }))).result;
    const engine = (await finish(auditEmbeddings(drawSets(key, sizes), { permutations: 99, runtime }))).result;
    const rounded = (value: unknown): unknown =>
      JSON.parse(
        JSON.stringify(value, (_, entry) => (typeof entry === 'number' ? Number(entry.toPrecision(3)) : entry)),
      );
    expect(engine.replication.pairs.map(pair => [pair.generated, pair.training, pair.copy])).toEqual(
      plain.replication.pairs.map(pair => [pair.generated, pair.training, pair.copy]),
    );
    expect(rounded(engine.replication.top1)).toEqual(rounded(plain.replication.top1));
    expect(engine.replication.permutation.p).toBe(plain.replication.permutation.p);
    for (const name of ['fid', 'kid', 'precision', 'recall', 'density', 'coverage', 'vendi', 'fld', 'fldGap'] as const)
      expect(engine.quality[name].value, name).toBeCloseTo(plain.quality[name].value ?? Number.NaN, 3);
  } finally {
    await runtime.close();
  }
});

test('the seed decides what is random, and nothing else', async () => {
  const run = async (seed: number) =>
    (await finish(auditEmbeddings(drawSets(key, sizes), { attributes, permutations: 99, seed }))).result;
  expect(await run(1)).toEqual(await run(1));
  const [one, two] = [await run(1), await run(2)];
  expect(one.replication.pairs).toEqual(two.replication.pairs);
  expect(one.bias.attributes.gender?.discrepancy.training.kl.interval).not.toEqual(
    two.bias.attributes.gender?.discrepancy.training.kl.interval,
  );
});

test.each([
  {
    name: 'two widths',
    sets: setsOf(
      [
        [1, 2],
        [2, 1],
      ],
      [
        [1, 2, 3],
        [3, 2, 1],
      ],
    ),
    message: 'b.npy: embeddings are 3 wide, those of a.npy are 2',
  },
  {
    name: 'one row',
    sets: setsOf(
      [
        [1, 2],
        [2, 1],
      ],
      [[1, 2]],
    ),
    message: 'b.npy: one image only, an audit needs 2 or more',
  },
  {
    name: 'NaN',
    sets: setsOf(
      [
        [1, 2],
        [2, Number.NaN],
      ],
      [
        [1, 2],
        [2, 1],
      ],
    ),
    message: 'a.npy: row 1 holds NaN',
  },
  {
    name: 'infinity',
    sets: setsOf(
      [
        [1, 2],
        [2, 1],
      ],
      [
        [1, 2],
        [2, 1],
      ],
      [
        [1, 2],
        [Number.POSITIVE_INFINITY, 1],
      ],
    ),
    message: 'c.npy: row 1 holds Infinity',
  },
  {
    name: 'numbers whose products single precision cannot hold',
    sets: setsOf(
      [
        [1, 2],
        [2, 1],
      ],
      [
        [3.4e38, -3.4e38],
        [2, 1],
      ],
    ),
    message: 'b.npy: row 0 has a length of 4.81e+38, expected 1e-15 to 1e18; scale the embeddings',
  },
  {
    name: 'numbers whose products single precision takes for zero',
    sets: setsOf(
      [
        [1e-30, 2e-30],
        [2, 1],
      ],
      [
        [1, 2],
        [2, 1],
      ],
    ),
    message: 'a.npy: row 0 has a length of 2.24e-30',
  },
  {
    name: 'zeros',
    sets: setsOf(
      [
        [1, 2],
        [2, 1],
      ],
      [
        [0, 0],
        [2, 1],
      ],
    ),
    message: 'b.npy: row 0 is all zeros',
  },
])('refuses $name, naming the file', async ({ sets, message }) => {
  await expect(checkSets(sets, { names })).rejects.toThrow(message);
  await expect(checkSets(sets, { names })).rejects.toMatchObject({ code: 'input' });
  await expect(finish(auditEmbeddings(sets, { names }))).rejects.toThrow(message);
});

test('two rows in each set are enough to get an honest report', async () => {
  const sets = setsOf(
    [
      [1, 2, 0],
      [2, 1, 1],
    ],
    [
      [1, 2, 1],
      [2, 1, 0],
    ],
  );
  const { result } = await finish(auditEmbeddings(sets));
  expect(result.replication.copied.value).toBeNull();
  expect(result.verdict[0]).toMatchObject({ level: 'unknown' });
});

test('training items that are all one point do not break it', async () => {
  const same = Array.from({ length: 20 }, () => [1, 2, 3]);
  const sets = setsOf(same, [
    [1, 2, 3],
    [3, 2, 1],
    [1, 0, 0],
  ]);
  const { result } = await finish(auditEmbeddings(sets, { centre: false }));
  expect(JSON.stringify(result)).not.toMatch(/null,"n":\d+,"interval":null}/);
  expect(result.replication.pairs[0]?.similarity).toBeCloseTo(1, 5);
});
