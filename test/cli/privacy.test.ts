import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { privacyAccountSchema, privacyReleaseSchema } from '../../src/ground/contracts/index.ts';
import { openLedger } from '../../src/kit/privacy/node.ts';
import { temporaryFolder } from '../faces/models.ts';
import { auditReport } from '../web/fixtures.ts';
import { biolens } from './biolens.ts';

const account = async (...args: string[]) => {
  const { code, out, err } = await biolens('privacy', 'account', '--json', ...args);
  expect(err).toBe('');
  expect(code).toBe(0);
  return privacyAccountSchema.parse(JSON.parse(out));
};

describe('biolens privacy account', () => {
  test('what noise costs, as dp-accounting has it', async () => {
    const line = '--noise 1.1 --sampling-rate 0.00426666667 --steps 3515 --delta 1e-5';
    const { epsilon, order } = await account(...line.split(' '));
    expect(epsilon.rdp).toBeCloseTo(1.281144, 5);
    expect(epsilon.pld! / 1.133745 - 1).toBeLessThan(0.005);
    expect(order).toBe(12);
    const { out } = await biolens('privacy', 'account', ...line.split(' '));
    expect(out).toContain('1.134 by privacy loss distributions, 1.281 by Rényi orders');
    for (const row of out.split('\n')) expect([...row].length).toBeLessThanOrEqual(80);
  });

  test('the noise for an ε, which costs that ε', async () => {
    const plan = '--sampling-rate 0.02 --steps 200 --delta 1e-6'.split(' ');
    const { leastNoise, noise, epsilon } = await account('--epsilon', '1.5', ...plan);
    expect(epsilon.pld).toBeLessThanOrEqual(1.5);
    expect(epsilon.pld).toBeGreaterThan(1.499);
    expect(noise).toBe(leastNoise?.pld);
    expect(leastNoise!.rdp).toBeGreaterThan(noise!);
    expect((await account('--noise', String(leastNoise!.rdp), ...plan)).epsilon.rdp).toBeLessThanOrEqual(1.5);
  });

  test('a subset without replacement, a fixed cohort', async () => {
    const plan = '--noise 2 --sampling-rate 0.02 --steps 50 --delta 1e-6'.split(' ');
    const subset = await account(...plan, '--sampling', 'without-replacement');
    expect(subset).toMatchObject({ neighbours: 'replace-one', epsilon: { pld: null } });
    expect(subset.reason).toContain('Rényi bound alone');
    const everybody = await account('--noise', '2', '--steps', '50', '--delta', '1e-6');
    expect(everybody.epsilon.rdp).toBeGreaterThan(5 * subset.epsilon.rdp!);
  });

  test('a ledger, with what each release cost alone', async () => {
    await using folder = await temporaryFolder();
    const path = join(folder.path, 'ledger.jsonl');
    {
      await using ledger = await openLedger(path);
      const about = { unit: 'client', to: 'server' } as const;
      for (let round = 0; round < 3; round++) {
        await ledger.append({
          ...about,
          round,
          mechanism: 'gaussian',
          purpose: 'update',
          released: 'sum of updates',
          noiseStdDev: 6,
          sensitivity: 1,
        });
        await ledger.append({
          ...about,
          round,
          mechanism: 'discrete-laplace',
          purpose: 'metric',
          released: 'accuracy',
          scale: 20,
          sensitivity: 1,
        });
      }
    }
    const found = await account('--ledger', path, '--delta', '1e-5');
    expect(found).toMatchObject({ events: 6, steps: 6, unit: 'client', inClear: 0 });
    expect(found.releases!.map(({ released, steps }) => [released, steps])).toEqual([
      ['sum of updates', 3],
      ['accuracy', 3],
    ]);
    for (const { epsilon } of found.releases!) expect(epsilon.pld).toBeLessThan(found.epsilon.pld!);
    const { out } = await biolens('privacy', 'account', '--ledger', path, '--delta', '1e-5');
    expect(out).toMatch(/accuracy\s+server\s+discrete-laplace\s+3/);
    {
      await using ledger = await openLedger(path);
      await ledger.append({ unit: 'client', to: 'server', mechanism: 'none', purpose: 'metric', released: 'loss' });
    }
    const clear = await account('--ledger', path, '--delta', '1e-5');
    expect(clear).toMatchObject({ epsilon: { rdp: null, pld: null }, reason: '1 release in clear', order: null });
    const gated = await biolens('privacy', 'account', '--ledger', path, '--delta', '1e-5', '--fail-on', 'inClear>0');
    expect(gated).toMatchObject({ code: 1, err: 'biolens: --fail-on inClear>0: it is 1\n' });
    expect(gated.out).toContain('no ε bounds this: 1 release in clear');
  });

  test.each([
    ['', "required option '--delta <delta>' not specified"],
    ['--delta 1e-5', 'expected one of --noise, --epsilon and --ledger'],
    ['--delta 1e-5 --noise 1 --epsilon 2', 'expected one of --noise, --epsilon and --ledger'],
    ['--delta 1e-5 --noise 0', '--noise expected a number from 0.05 to 1000000, got "0"'],
    ['--delta 1 --noise 1', '--delta expected a number from 1e-12 to 0.999, got "1"'],
    ['--delta 1e-5 --noise 1 --steps 1.5', '--steps expected a whole number'],
    ['--delta 1e-5 --noise 1 --sampling-rate 0', '--sampling-rate expected a number'],
    [
      '--delta 1e-5 --noise 1 --sampling none --sampling-rate 0.1',
      '--sampling-rate 0.1: expected 1 with --sampling none',
    ],
    ['--delta 1e-5 --ledger nowhere.jsonl', 'nowhere.jsonl: no such ledger, or one without an event'],
    ['--delta 1e-5 --ledger nowhere.jsonl --steps 3', '--steps: a ledger says it itself'],
    ['--delta 1e-5 --noise 1 --fail-on epsilon.foo>1', '"epsilon" has no "foo"'],
  ])('refuses "%s"', async (line, message) => {
    const { code, out, err } = await biolens('privacy', 'account', ...line.split(' ').filter(word => word !== ''));
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
    expect(err.split('\n')).toHaveLength(2);
  });
});

describe('biolens privacy release', () => {
  const table = [
    'file,gender,age',
    ...Array.from(
      { length: 400 },
      (_, i) => `${i}.png,${i % 4 === 0 ? 'Male' : 'female'},${i % 3 === 0 ? 'old' : 'young'}`,
    ),
  ];
  const ask = ['--attribute', 'gender=male,female', '--attribute', 'age=young,old'];

  test('writes the ledger, then shares with intervals; a budget stops it', async () => {
    await using folder = await temporaryFolder();
    const labels = join(folder.path, 'labels.csv');
    const ledger = join(folder.path, 'ledger.jsonl');
    const output = join(folder.path, 'shares.json');
    writeFileSync(labels, table.join('\n'));
    const common = [...ask, '--epsilon', '2', '--ledger', ledger, '--budget', '5'];
    const first = await biolens('privacy', 'release', labels, ...common, '--json', '-o', output);
    expect(first).toMatchObject({ code: 0, err: '' });
    const result = privacyReleaseSchema.parse(JSON.parse(first.out));
    expect(result.attributes.gender!.male!.value).toBeCloseTo(0.25, 1);
    expect(result.attributes.gender!.male!.interval!.low).toBeLessThan(0.25);
    expect(result).toMatchObject({ epsilon: 2, delta: 0, event: { sensitivity: 2, scale: 1 }, ledger: { events: 1 } });
    expect(JSON.parse(readFileSync(output, 'utf8'))).toEqual(result);
    // The folder stands for its labels.csv; two of ε 2 cost less than 4 at a δ.
    const second = await biolens('privacy', 'release', folder.path, ...common);
    expect(second).toMatchObject({ code: 0, err: '' });
    expect(second.out).toMatch(/gender\s+share \[95 % CI with the noise\]/);
    for (const row of second.out.split('\n')) expect([...row].length).toBeLessThanOrEqual(80);
    const third = await biolens('privacy', 'release', labels, ...common);
    expect(third).toMatchObject({ code: 2, out: '' });
    expect(third.err).toContain('this release would exceed --budget 5; nothing was released');
    expect(await account('--ledger', ledger, '--delta', '1e-6')).toMatchObject({ events: 2, unit: 'person' });
  });

  test('takes the shares of an audit’s report', async () => {
    await using folder = await temporaryFolder();
    const report = join(folder.path, 'report.json');
    const base = auditReport();
    writeFileSync(report, JSON.stringify(base));
    const ledger = join(folder.path, 'ledger.jsonl');
    const attribute = Object.keys(base.bias.attributes)[0]!;
    const { classes, training } = base.bias.attributes[attribute]!;
    const { code, out, err } = await biolens(
      'privacy',
      'release',
      report,
      '--attribute',
      `${attribute}=${classes.join(',')}`,
      '--epsilon',
      '100',
      '--delta',
      '1e-6',
      '--ledger',
      ledger,
      '--json',
    );
    expect(err).toBe('');
    expect(code).toBe(0);
    const { counts } = privacyReleaseSchema.parse(JSON.parse(out));
    for (const name of classes)
      expect(Math.abs(counts[attribute]![name]! - training[name]!.value! * training[name]!.n)).toBeLessThan(4);
  });

  test.each([
    ['labels.csv --epsilon 1 --ledger l', "required option '--attribute <classes>' not specified"],
    ['labels.csv --attribute gender --epsilon 1 --ledger l', '--attribute expected an attribute and its classes'],
    ['labels.csv --attribute gender=a,a --epsilon 1 --ledger l', '--attribute expected an attribute and its classes'],
    ['labels.csv --attribute gender=a,b --epsilon 1', "required option '--ledger <file>' not specified"],
    ['labels.csv --attribute gender=a,b --epsilon 0 --ledger l', '--epsilon expected a number'],
    ['nowhere.csv --attribute gender=a,b --epsilon 1 --ledger l', 'nowhere.csv: no such file or folder'],
  ])('refuses "%s"', async (line, message) => {
    const { code, out, err } = await biolens('privacy', 'release', ...line.split(' '));
    expect([code, out]).toEqual([2, '']);
    expect(err).toContain(message);
  });

  test('names the column or class that is not there, and leaves no ledger entry', async () => {
    await using folder = await temporaryFolder();
    const labels = join(folder.path, 'labels.csv');
    writeFileSync(labels, table.join('\n'));
    const ledger = join(folder.path, 'ledger.jsonl');
    const { code, err } = await biolens(
      'privacy',
      'release',
      labels,
      '--attribute',
      'race=a,b',
      '--epsilon',
      '1',
      '--ledger',
      ledger,
    );
    expect(code).toBe(2);
    expect(err).toContain('no column "race", it has gender, age');
    expect(existsSync(ledger)).toBe(false);
  });
});
