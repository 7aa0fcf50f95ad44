import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { renderFaces } from '../src/kit/drawing/index.ts';
import { noPostgres, startCluster } from '../test/templates/gallery/cluster.ts';
import type { BenchResult } from './bench-result.ts';

const IMAGES = 160;
const SHARDS = 4;
const TURNS = 2;
const bin = resolve(import.meta.dirname, '../bin/biolens.js');

const least = (values: readonly number[]): number => Math.min(...values);

/** An audit by the face networks: as one process, and by one and two workers of a queue; every process on one core. */
export async function bench(): Promise<BenchResult> {
  if (noPostgres !== null) throw new Error(noPostgres);
  const folder = mkdtempSync(join(tmpdir(), 'biolens-queue-bench-'));
  const cluster = await startCluster();
  const on = (core: number, ...args: string[]) => {
    const child = spawn('taskset', ['-c', String(core), process.execPath, bin, ...args], {
      env: { ...process.env, BIOLENS_QUEUE: cluster.url },
      stdio: 'ignore',
    });
    return { child, ended: once(child, 'close').then(([code]) => code as number | null) };
  };
  const succeed = async ({ ended }: ReturnType<typeof on>): Promise<void> => {
    if ((await ended) !== 0) throw new Error('a command failed');
  };
  try {
    for (const [name, seed] of [
      ['training', 1],
      ['generated', 2],
    ] as const)
      for await (const _ of renderFaces(join(folder, name), { n: IMAGES / 2, size: 192, seed }));
    const audit = (runsDir: string): string[] => [
      ...['audit', '--train', join(folder, 'training'), '--generated', join(folder, 'generated'), '--no-cache'],
      ...['--whole-image', '--permutations', '99', '--runs-dir', join(folder, runsDir)],
    ];
    let turn = 0;
    const clock = async (work: () => Promise<void>): Promise<number> => {
      const start = performance.now();
      await work();
      return (performance.now() - start) / 1000;
    };
    const alone = () => clock(() => succeed(on(0, ...audit(`runs-${turn++}`))));
    const queued = async (cores: readonly number[]): Promise<number> => {
      const runsDir = `runs-${turn++}`;
      await succeed(on(1, ...audit(runsDir), '--plan', String(SHARDS)));
      return clock(async () => {
        const workers = cores.map(core => on(core, 'worker'));
        await succeed(on(1, 'queue', 'serve', 'latest', '--runs-dir', join(folder, runsDir)));
        for (const { child, ended } of workers) {
          child.kill('SIGINT');
          await ended;
        }
      });
    };
    const times = { alone: [] as number[], one: [] as number[], two: [] as number[] };
    for (let i = 0; i < TURNS; i++) {
      times.alone.push(await alone());
      times.one.push(await queued([0]));
      times.two.push(await queued([0, 1]));
    }
    const [process_, one, two] = [least(times.alone), least(times.one), least(times.two)];
    return {
      title: `Workers of a queue in PostgreSQL: an audit of ${IMAGES} images of 192 pixels by the face networks`,
      columns: ['who', 'seconds by the clock', 'to one process', 'to one worker'],
      rows: [
        ['one process, no queue', process_.toFixed(1), 1, ''],
        [`one worker, ${SHARDS} shards`, one.toFixed(1), (one / process_).toFixed(2), 1],
        [`two workers, ${SHARDS} shards`, two.toFixed(1), (two / process_).toFixed(2), (two / one).toFixed(2)],
      ],
      notes: [
        `From the start of the workers to the report; the least of ${TURNS} turns taken alternately. Each process has one core; serving and making the report share the second worker's.`,
        'Each worker starts, opens the face networks and asks the queue once a second: all that counts more here, with shards of seconds, than with shards of minutes.',
      ],
    };
  } finally {
    await cluster.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
