import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { expect } from 'vitest';
import { biolens } from '../cli/biolens.ts';
import { startCluster } from '../templates/gallery/cluster.ts';

const bin = join(import.meta.dirname, '../../bin/biolens.js');

/** A command in a process of its own. */
export interface Started {
  readonly child: ChildProcess;
  /** Its exit code and all that it said. */
  readonly ended: Promise<{ readonly code: number | null; readonly text: string }>;
}

export type Harness = Awaited<ReturnType<typeof openHarness>>;

/** A PostgreSQL of its own and a folder for runs, with commands in processes of their own that know both. */
export async function openHarness() {
  const root = mkdtempSync(join(tmpdir(), 'biolens-queue-'));
  const cluster = await startCluster();
  const children: ChildProcess[] = [];
  const at = (...names: string[]): string => join(root, ...names);

  const start = (...args: string[]): Started => {
    const env = { ...process.env, BIOLENS_QUEUE: cluster.url };
    const child = spawn(process.execPath, [bin, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', chunk => {
        text += chunk;
      });
    return { child, ended: once(child, 'close').then(([code]) => ({ code, text })) };
  };

  const plan = async (runsDir: string, command: readonly string[], shards: number): Promise<string> => {
    const { code, out, err } = await biolens(...command, '--plan', String(shards), '--runs-dir', at(runsDir), '--json');
    expect(code, err).toBe(0);
    return JSON.parse(out).path;
  };

  const ask = async (text: string): Promise<readonly Readonly<Record<string, unknown>>[]> => {
    const client = new pg.Client({ connectionString: cluster.url });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return (await client.query(text)).rows;
    } catch {
      return [];
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  const itemsNow = async (): Promise<number> =>
    Number((await ask('SELECT count(*)::integer AS n FROM biolens_queue.items'))[0]?.n ?? 0);

  return {
    at,
    cluster,
    start,
    plan,
    ask,
    itemsNow,
    /** Ends every command that still runs. */
    killAll: () => {
      for (const child of children.splice(0)) child.kill('SIGKILL');
    },
    close: async () => {
      await cluster.stop();
      rmSync(root, { recursive: true, force: true });
    },
  };
}

/**
 * A run by two workers of which the first is killed when so many items are made, and the server with it, which comes back.
 *
 * @returns the run's folder, how many items were made when the worker died, and the lines that the other one made of each shard
 */
export async function playDisaster(
  { plan, start, itemsNow, cluster }: Harness,
  {
    command,
    shards,
    after,
    workers = 1,
  }: { command: readonly string[]; shards: number; after: number; workers?: number },
) {
  const path = await plan('runs', command, shards);
  const served = start('queue', 'serve', 'latest', '--runs-dir', join(path, '..'));
  const first = start('worker');
  const others = Array.from({ length: workers - 1 }, () => start('worker'));
  while ((await itemsNow()) < after) {
    expect([served.child.exitCode, first.child.exitCode]).toEqual([null, null]);
    await sleep(20);
  }
  first.child.kill('SIGKILL');
  await first.ended;
  const made = await itemsNow();
  await cluster.kill();
  await sleep(1000);
  await cluster.start();
  if (workers === 1) others.push(start('worker'));
  // A worker ends by itself only where something went wrong, and the run would never be whole.
  const { code, text } = await Promise.race([served.ended, ...others.map(({ ended }) => ended)]);
  expect(code, text).toBe(0);
  let told = '';
  for (const { child, ended } of others) {
    child.kill('SIGINT');
    told += (await ended).text;
  }
  const lines = [...told.matchAll(/shard \d+ is made, (\d+) items/g)].map(found => Number(found[1]));
  return { path, made, lines };
}
