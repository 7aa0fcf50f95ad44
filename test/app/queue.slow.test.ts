import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { buildBenchmark } from '../../src/jobs/bench/index.ts';
import { renderFaces } from '../../src/kit/drawing/index.ts';
import { type MockServer, startMockServer } from '../bench/ask/mock-server.ts';
import { biolens } from '../cli/biolens.ts';
import { noPostgres } from '../templates/gallery/cluster.ts';
import { type Harness, openHarness, playDisaster } from './queue-harness.ts';
import { onlyRun, readItems, reportOf } from './read-runs.ts';

const without = noPostgres === null ? '' : ` (skipped: ${noPostgres})`;
// Real work by two workers of a queue, one of which is killed in the middle, and the server with it.
describe.skipIf(noPostgres !== null)(`two workers of a queue in PostgreSQL${without}`, () => {
  let harness: Harness;
  let server: MockServer;

  beforeAll(async () => {
    harness = await openHarness();
    server = await startMockServer({ delayMs: 100 });
  }, 120_000);
  afterEach(() => harness.killAll());
  afterAll(async () => {
    await server.close();
    await harness.close();
  });

  test('2,000 images read by the face networks', async () => {
    for await (const _ of renderFaces(harness.at('training'), { n: 1000, size: 128, seed: 1 }));
    for await (const _ of renderFaces(harness.at('generated'), { n: 1000, size: 128, seed: 2 }));
    const command = [
      ...['audit', '--train', harness.at('training'), '--generated', harness.at('generated')],
      ...['--whole-image', '--permutations', '99', '--no-cache'],
    ];
    expect((await biolens(...command, '--runs-dir', harness.at('whole'), '--json')).code).toBe(0);
    const { path, lines } = await playDisaster(harness, { command, shards: 8, after: 300, workers: 2 });
    expect(readFileSync(join(path, 'report.json'), 'utf8')).toBe(
      readFileSync(join(onlyRun(harness.at('whole')), 'report.json'), 'utf8'),
    );
    const keys = readItems(path).map(({ set, file }) => `${set}/${file}`);
    expect([keys.length, new Set(keys).size]).toEqual([2000, 2000]);
    expect(lines.every(count => count === 250)).toBe(true);
  });

  test('500 questions to an endpoint', async () => {
    const people = harness.at('people');
    for await (const _ of renderFaces(people, {
      n: 120,
      identities: 30,
      size: 64,
      seed: 4,
      masks: harness.at('masks'),
    }));
    for await (const _ of buildBenchmark({ from: people, to: harness.at('quiz'), perTask: 60 }));
    const command = [
      ...['bench', 'run', '--from', harness.at('quiz'), '--model', `openai-compatible:${server.baseUrl}#mock`],
      ...['--concurrency', '4'],
    ];
    const whole = await biolens(...command, '--runs-dir', harness.at('whole-quiz'), '--json');
    expect(whole.code, whole.err).toBe(0);
    const { path } = await playDisaster(harness, { command, shards: 6, after: 60, workers: 2 });
    expect(reportOf(path)).toEqual(reportOf(onlyRun(harness.at('whole-quiz'))));
    const items = readItems(path);
    expect(new Set(items.map(({ question }) => question)).size).toBe(items.length);
    expect(items.length).toBeGreaterThanOrEqual(500);
    expect(items.length).toBe(readItems(onlyRun(harness.at('whole-quiz'))).length);
  });
});
