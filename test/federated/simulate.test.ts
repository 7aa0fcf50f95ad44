import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FederateReport } from '../../src/ground/contracts/index.ts';
import { resumeSimulation, simulateFederation, simulationJob } from '../../src/jobs/federated/job.ts';
import type { SimulationConfigurationInput } from '../../src/jobs/federated/simulate/configuration.ts';
import { spentOf } from '../../src/kit/privacy/index.ts';
import { readLedger } from '../../src/kit/privacy/node.ts';
import { readSafetensors } from '../../src/kit/tensor/index.ts';
import { makeDigits } from './small-digits.ts';

let data = '';
let runsDir = '';
beforeAll(() => {
  data = makeDigits();
  runsDir = mkdtempSync(join(tmpdir(), 'biolens-federate-'));
});
afterAll(() => {
  for (const folder of [data, runsDir]) rmSync(folder, { recursive: true, force: true });
});

interface Played {
  readonly report: FederateReport;
  readonly path: string;
  readonly notes: string[];
}

async function play(given: Partial<SimulationConfigurationInput>): Promise<Played> {
  const input = { task: 'mnist', data, clients: 12, fraction: 0.5, rounds: 2, workers: 1, ...given } as const;
  const notes: string[] = [];
  let played: Played | undefined;
  for await (const event of simulateFederation(input, { runsDir })) {
    if (event.type === 'round') notes.push(event.text);
    if (event.type === 'result') played = { report: event.report, path: event.path, notes };
  }
  if (played === undefined) throw new Error('no result');
  return played;
}

const digests = ({ report }: Played) => report.rounds.map(({ digest }) => digest);

describe('the sum of a round', () => {
  let plain: Played;
  beforeAll(async () => {
    plain = await play({ drop: 0.34, partition: 'shards', clients: 13 });
  });

  test('secure, with two servers and in clear are the same model, bit for bit', async () => {
    const secure = await play({ drop: 0.34, partition: 'shards', clients: 13, secure: true });
    const two = await play({ drop: 0.34, partition: 'shards', clients: 13, secure: true, aggregators: 'two' });
    expect(digests(secure)).toEqual(digests(plain));
    expect(digests(two)).toEqual(digests(plain));
    expect(secure.report.digest).toBe(plain.report.digest);
    expect(secure.report.rounds.map(({ clients, dropped }) => [clients, dropped])).toEqual(
      plain.report.rounds.map(({ clients, dropped }) => [clients, dropped]),
    );
    expect(secure.report.aggregation.cohort).toMatchObject({ neighbours: 6, mayDrop: 2 });
    // The masked vectors cost more bits than the updates alone, and the protocol a little more.
    expect(secure.report.rounds[0]!.bytesUp).toBeGreaterThan(plain.report.rounds[0]!.bytesUp);
  });

  test('its clients are those whose vectors came; the bytes are those of 16 bits an entry', () => {
    const [first] = plain.report.rounds;
    expect(first!.clients + first!.dropped).toBe(7);
    expect(first!.dropped).toBeLessThanOrEqual(2);
    // 16 bits times weights of up to 19 examples, and an entry for the weight itself.
    const bits = 16 + Math.ceil(Math.log2(19));
    expect(first!.bytesUp).toBe(first!.clients * 4 * Math.ceil((199_211 * bits) / 32));
    expect(first!.bytesDown).toBe(7 * 4 * 199_210);
  });

  test('the report’s model is the one of its digest', async () => {
    const { path, report } = plain;
    const { tensors } = readSafetensors(readFileSync(join(path, 'artifacts', report.model.file)), { file: 'model' });
    expect(tensors['hidden1.weight']?.shape).toEqual([200, 784]);
    expect(simulationJob.describe(report)).toContain('The server saw each update.');
    expect(simulationJob.report.parse(JSON.parse(readFileSync(join(path, 'report.json'), 'utf8')))).toEqual(report);
  });
});

test('a simulation that was broken off goes on to the same model', async () => {
  const given = { server: 'adam', algorithm: 'scaffold', rounds: 3 } as const;
  const whole = await play(given);
  const stop = new AbortController();
  let path = '';
  const going = (async () => {
    const input = { task: 'mnist', data, clients: 12, fraction: 0.5, workers: 1, ...given } as const;
    for await (const event of simulateFederation(input, { runsDir, signal: stop.signal })) {
      if (event.type === 'run') path = event.path;
      if (event.type === 'round') stop.abort();
    }
  })();
  await expect(going).rejects.toThrow(/interrupted/);
  let report: FederateReport | undefined;
  for await (const event of resumeSimulation(path)) if (event.type === 'result') report = event.report;
  expect(report?.digest).toBe(whole.report.digest);
  expect(report?.rounds.map(({ digest }) => digest)).toEqual(digests(whole));
});

describe('privacy', () => {
  // The smallest network: noise takes most of the time.
  const noisy = { model: 'lenet-5', noise: 1, clients: 8, clip: 0.5, rounds: 2 } as const;

  test('ε is that of the ledger, and secure and plain add the same noise', async () => {
    const plain = await play({ ...noisy, clipQuantile: 0.5 });
    const secure = await play({ ...noisy, clipQuantile: 0.5, secure: true });
    expect(digests(secure)).toEqual(digests(plain));
    const events = await readLedger(join(plain.path, plain.report.privacy!.ledger));
    const rounds = plain.report.rounds.filter(({ status }) => status === 'done').length;
    expect(events).toHaveLength(2 * rounds);
    expect(plain.report.epsilon).toBeCloseTo(spentOf(events, { delta: 1e-5 }).epsilon.rdp, 10);
    const clips = plain.report.rounds.map(({ clip }) => clip!);
    expect(new Set(clips).size).toBe(clips.length);
    expect(events[0]).toMatchObject({ unit: 'client', sampling: 'poisson', samplingRate: 0.5, dimension: 65_536 });
    for (const event of events) {
      // Noise of what survived, without the protected client's own: at least the multiplier that was asked for.
      if (event.mechanism !== 'distributed-discrete-gaussian') throw new Error(event.mechanism);
      const multiplier = (event.noiseStdDev * Math.sqrt(event.contributors)) / event.sensitivity;
      expect(multiplier).toBeGreaterThan(event.purpose === 'update' ? 0.999 : 2.999);
    }
  });

  test('the budget ends the run before the round that would exceed it', async () => {
    const free = await play(noisy);
    const [first, second] = free.report.rounds;
    const { report, path } = await play({ ...noisy, budget: (first!.epsilon! + second!.epsilon!) / 2 });
    expect(report.privacy?.stoppedAt).toBe(2);
    expect(report.rounds).toHaveLength(1);
    expect(await readLedger(join(path, report.privacy!.ledger))).toHaveLength(1);
    expect(report.epsilon).toBeLessThanOrEqual(report.privacy!.budget!);
  });
});

test('robust rules hold against attackers where the mean does not', async () => {
  const attacked = { attackers: 1, fraction: 1, clients: 6, rounds: 4, weighting: 'equal' } as const;
  const mean = await play(attacked);
  const median = await play({ ...attacked, rule: 'median', poisoned: 1 });
  const right = ({ report }: Played) => report.accuracy.value ?? 0;
  expect(right(median)).toBeGreaterThan(0.9);
  expect(right(mean)).toBeLessThan(0.5);
});

describe('bad input', () => {
  test.each<[string, Partial<SimulationConfigurationInput>, RegExp]>([
    ['a robust rule over hidden updates', { secure: true, rule: 'krum' }, /"rule": .*secure aggregation hides them/],
    ['SCAFFOLD in secret', { secure: true, algorithm: 'scaffold' }, /"algorithm": .*control variates/],
    ['example weights with noise', { noise: 1, weighting: 'examples' }, /"weighting": .*bounded influence/],
    ['example weights with a rule', { rule: 'median', weighting: 'examples' }, /"weighting": .*word on its examples/],
    [
      'more poisoned than a rule stands',
      { rule: 'krum', poisoned: 3 },
      /"poisoned": krum .* stands 1 poisoned ones, asked for 3/,
    ],
    ['two servers in clear', { aggregators: 'two' }, /"aggregators": .*add --secure/],
    ['a cohort of two', { secure: true, fraction: 0.2 }, /"fraction": a round of 2 clients/],
    ['a budget without noise', { budget: 1 }, /"budget": .*add --noise/],
    ['too many lost', { secure: true, drop: 0.49, fraction: 1 }, /cannot be summed securely/],
    [
      'more clients than examples',
      { clients: 200, partition: 'shards' },
      /"clients" expected at most 120 for 240 examples/,
    ],
    ['another folder', { data: tmpdir() }, /train-images-idx3-ubyte.gz: not there/],
  ])('%s is refused before the run begins', async (_, given, reason) => {
    await expect(play(given)).rejects.toThrow(reason);
  });

  test('files that are not MNIST are named', async () => {
    const folder = makeDigits({ training: 20, test: 10 });
    const file = join(folder, 't10k-labels-idx1-ubyte');
    const good = readFileSync(file);
    writeFileSync(file, good.subarray(0, 12));
    await expect(play({ data: folder })).rejects.toThrow(/t10k-labels-idx1-ubyte: 12 bytes, expected 18 for 10 labels/);
    writeFileSync(file, Buffer.concat([good.subarray(0, 17), Buffer.from([77])]));
    await expect(play({ data: folder })).rejects.toThrow(/label 9 is 77, expected 0 to 9/);
    writeFileSync(join(folder, 'train-images-idx3-ubyte.gz'), 'no gzip');
    await expect(play({ data: folder })).rejects.toThrow(/train-images-idx3-ubyte.gz: incorrect header check/);
    rmSync(folder, { recursive: true });
  });
});
