import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { leftOf, type PrivacyEvent, privacyEvent, spentOf, wouldExceed } from '../../src/kit/privacy/index.ts';
import { openLedger, readLedger } from '../../src/kit/privacy/node.ts';
import { sampledEvent } from './vectors.ts';

const round = sampledEvent({ noise: 1, rate: 0.01, steps: 1 });
const about = { unit: 'client', purpose: 'metric', released: 'accuracy', to: 'server' } as const;

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'biolens-ledger-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('events', () => {
  test('have defaults, and say what is wrong with them', () => {
    expect(privacyEvent({ ...about, mechanism: 'discrete-laplace', scale: 2, sensitivity: 1 })).toMatchObject({
      schema: 'biolens/privacy-event@1',
      neighbours: 'add-remove',
      steps: 1,
    });
    const gaussian = { ...about, mechanism: 'gaussian', noiseStdDev: 1, sensitivity: 1 } as const;
    expect(() => privacyEvent({ ...gaussian, noiseStdDev: 0 })).toThrow('"noiseStdDev"');
    expect(() => privacyEvent({ ...gaussian, samplingRate: 0.1 })).toThrow('"samplingRate"');
    expect(() => privacyEvent({ ...gaussian, sampling: 'without-replacement', samplingRate: 0.1 })).toThrow(
      '"neighbours"',
    );
    expect(() => privacyEvent({ ...gaussian, sampling: 'poisson', samplingRate: 1.1 })).toThrow('"samplingRate"');
    expect(() => privacyEvent({ ...gaussian, epsilon: 1 } as never)).toThrow('epsilon');
    expect(() => privacyEvent({ ...gaussian, steps: 0.5 })).toThrow('"steps"');
  });
});

describe('what was spent', () => {
  test('nothing costs nothing, and a value in clear has no ε', () => {
    expect(spentOf([], { delta: 1e-5 })).toMatchObject({ epsilon: { rdp: 0, pld: 0 }, order: null, steps: 0 });
    const clear = privacyEvent({ ...about, unit: 'example', mechanism: 'none' });
    expect(spentOf([round, clear], { delta: 1e-5 })).toMatchObject({
      epsilon: { rdp: Number.POSITIVE_INFINITY, pld: Number.POSITIVE_INFINITY },
      inClear: 1,
    });
  });

  test('one pure guarantee costs what it says, and many less than their sum', () => {
    const one = privacyEvent({ ...about, mechanism: 'discrete-laplace', scale: 4, sensitivity: 1 });
    expect(spentOf([one], { delta: 1e-6 }).epsilon).toEqual({ rdp: 0.25, pld: 0.25 });
    const many = spentOf([{ ...one, steps: 400 } as PrivacyEvent], { delta: 1e-6 }).epsilon;
    expect(many.pld!).toBeLessThan(50);
    expect(many.pld!).toBeLessThan(many.rdp);
  });

  test('a fixed cohort is not amplified, whatever share of the members it is', () => {
    const fixed = sampledEvent({ noise: 2, rate: 1, steps: 100 });
    const sampled = sampledEvent({ noise: 2, rate: 0.01, steps: 100 });
    expect(spentOf([fixed], { delta: 1e-5 }).epsilon.rdp).toBeGreaterThan(
      20 * spentOf([sampled], { delta: 1e-5 }).epsilon.rdp,
    );
  });

  test('metrics and clipping quantiles count as the updates do', () => {
    const update = privacyEvent({ ...about, purpose: 'update', mechanism: 'gaussian', noiseStdDev: 4, sensitivity: 1 });
    const quantile = privacyEvent({
      ...about,
      purpose: 'clipping-quantile',
      mechanism: 'gaussian',
      noiseStdDev: 20,
      sensitivity: 1,
    });
    const metric = privacyEvent({ ...about, mechanism: 'discrete-laplace', scale: 10, sensitivity: 1 });
    const alone = spentOf([update], { delta: 1e-5 }).epsilon;
    const all = spentOf([update, quantile, metric], { delta: 1e-5 }).epsilon;
    expect(all.rdp).toBeGreaterThan(alone.rdp);
    expect(all.pld!).toBeGreaterThan(alone.pld!);
  });

  test('where a release has a Rényi bound alone, the tight one is absent with its reason', () => {
    const discrete = privacyEvent({
      ...about,
      mechanism: 'distributed-discrete-gaussian',
      noiseStdDev: 4,
      contributors: 80,
      sensitivity: 30,
      dimension: 1000,
    });
    const spent = spentOf([discrete], { delta: 1e-5 });
    expect(spent.epsilon.pld).toBeNull();
    expect(spent.pldReason).toContain('Rényi bound alone');
    // The continuous Gaussian of the same variance.
    const continuous = { ...about, mechanism: 'gaussian', noiseStdDev: 4 * Math.sqrt(80), sensitivity: 30 } as const;
    expect(spent.epsilon.rdp / spentOf([privacyEvent(continuous)], { delta: 1e-5 }).epsilon.rdp).toBeCloseTo(1, 9);
    // Twenty clients that leave take their noise with them.
    const fewer = spentOf([{ ...discrete, contributors: 60 } as PrivacyEvent], { delta: 1e-5 });
    expect(fewer.epsilon.rdp).toBeGreaterThan(spent.epsilon.rdp);
  });

  test('promises of different kinds do not add up', () => {
    const client: PrivacyEvent = { ...round, unit: 'client' };
    expect(() => spentOf([round, client], { delta: 1e-5 })).toThrow(
      '"unit" expected example as in the first event, got client',
    );
    const exchanged: PrivacyEvent = { ...sampledEvent({ noise: 1, rate: 1, steps: 1 }), neighbours: 'replace-one' };
    expect(() => spentOf([round, exchanged], { delta: 1e-5 })).toThrow('"neighbours"');
  });
});

describe('the budget', () => {
  const budget = { epsilon: 2, delta: 1e-5 };

  test('stops before the round that would exceed it, and not one earlier', () => {
    const epoch = sampledEvent({ noise: 1, rate: 0.01, steps: 100 });
    const events: PrivacyEvent[] = [];
    while (!wouldExceed(events, epoch, budget)) events.push(epoch);
    // dp-accounting's loss distributions: 1.9982 after 1200 steps, 2.0787 after 1300. The Rényi bound is above 2 from 890 on.
    expect(events).toHaveLength(12);
    const spent = spentOf(events, budget).epsilon;
    const after = spentOf([...events, epoch], budget).epsilon;
    expect(Math.min(spent.rdp, spent.pld!)).toBeLessThanOrEqual(2);
    expect(Math.min(after.rdp, after.pld!)).toBeGreaterThan(2);
    expect(leftOf(events, budget)).toBeCloseTo(2 - spent.pld!, 12);
  });

  test('counts all that a round releases, and never lets a value out in clear', () => {
    const events = [sampledEvent({ noise: 1, rate: 0.01, steps: 1000 })];
    const metric = sampledEvent({ noise: 2.5, rate: 1, steps: 1 }, { released: 'accuracy' });
    expect(wouldExceed(events, round, budget)).toBe(false);
    expect(wouldExceed(events, [round, metric], budget)).toBe(true);
    expect(wouldExceed([], privacyEvent({ ...about, mechanism: 'none' }), { epsilon: 1e6, delta: 0.5 })).toBe(true);
    expect(wouldExceed([], [], budget)).toBe(false);
    expect(() => wouldExceed([], round, { epsilon: 0, delta: 1e-5 })).toThrow('privacy budget: "epsilon"');
  });
});

describe('the file', () => {
  test('holds an event a line, keeps none of ε, and is read again as it was written', async () => {
    const path = join(folder, 'ledger.jsonl');
    expect(await readLedger(path)).toEqual([]);
    {
      await using ledger = await openLedger(path);
      await ledger.append(round);
      await ledger.append({ ...about, unit: 'example', mechanism: 'discrete-laplace', scale: 8, sensitivity: 1 });
      expect(ledger.events).toHaveLength(2);
    }
    const text = await readFile(path, 'utf8');
    expect(text.split('\n')).toHaveLength(3);
    expect(text).not.toMatch(/epsilon/i);
    const [first, second] = await readLedger(path);
    expect(first).toEqual(round);
    expect(second).toMatchObject({ mechanism: 'discrete-laplace', scale: 8 });
  });

  test('a torn last line was never released; a changed one is refused by its number', async () => {
    const path = join(folder, 'torn.jsonl');
    {
      await using ledger = await openLedger(path);
      await ledger.append(round);
      await ledger.append(round);
    }
    await appendFile(path, '{"mechanism":"gauss');
    expect(await readLedger(path)).toHaveLength(2);
    const text = await readFile(path, 'utf8');
    await writeFile(path, text.replace('"noiseStdDev":1', '"noiseStdDev":9'));
    await expect(readLedger(path)).rejects.toThrow('torn.jsonl: line 1 is not as it was written');
  });

  test('lines that are no events are refused by name', async () => {
    const path = join(folder, 'wrong.jsonl');
    await writeFile(path, '{"mechanism":"magic"}\n');
    await expect(readLedger(path)).rejects.toThrow('wrong.jsonl: line 1');
    await writeFile(path, '{"mechanism":"gaussian","noiseStdDev":-1}\n');
    await expect(readLedger(path)).rejects.toThrow('wrong.jsonl: line 1');
    await expect(readLedger(folder)).rejects.toThrow('not a plain file');
    await using ledger = await openLedger(join(folder, 'new.jsonl'));
    await expect(ledger.append({ ...round, steps: -1 } as never)).rejects.toThrow('"steps"');
    expect(ledger.events).toEqual([]);
  });
});
