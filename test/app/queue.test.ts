import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { renderFaces } from '../../src/kit/drawing/index.ts';
import { biolens } from '../cli/biolens.ts';
import { type Cluster, noPostgres, startCluster } from '../templates/gallery/cluster.ts';

const bin = join(import.meta.dirname, '../../bin/biolens.js');

test('addresses that are none, or that nobody answers at, are refused without repeating them', async () => {
  const worker = (...args: string[]) => biolens('worker', ...args);
  expect(await worker()).toMatchObject({ code: 2, err: expect.stringContaining('--plan DIR --shard I, or --queue') });
  const wrong = await worker('--queue', 'mysql://me:secret@localhost/x');
  expect(wrong).toMatchObject({ code: 2, err: expect.stringContaining('"--queue" expected an address such as') });
  const silent = await worker('--queue', 'postgres://me:secret@127.0.0.1:9/x');
  expect(silent).toMatchObject({ code: 3, err: expect.stringContaining('the queue: ') });
  for (const { out, err } of [wrong, silent]) expect(out + err).not.toContain('secret');
});

describe.skipIf(noPostgres !== null)(
  `a queue in PostgreSQL${noPostgres === null ? '' : ` (skipped: ${noPostgres})`}`,
  () => {
    const root = mkdtempSync(join(tmpdir(), 'biolens-queue-'));
    const at = (name: string): string => join(root, name);
    const children: ChildProcess[] = [];
    let cluster: Cluster;

    beforeAll(async () => {
      cluster = await startCluster();
      for await (const _ of renderFaces(at('training'), { n: 160, size: 64, seed: 1 }));
      for await (const _ of renderFaces(at('generated'), { n: 120, size: 64, seed: 2 }));
    }, 120_000);
    afterEach(() => {
      for (const child of children.splice(0)) child.kill('SIGKILL');
    });
    afterAll(async () => {
      await cluster.stop();
      rmSync(root, { recursive: true, force: true });
    });

    const AUDIT = (generated = 'generated') =>
      `audit --train ${at('training')} --generated ${at(generated)} --embedder appearance --permutations 99`.split(' ');

    /** A command in a process of its own. */
    function start(...args: string[]) {
      const env = { ...process.env, BIOLENS_QUEUE: cluster.url };
      const child = spawn(process.execPath, [bin, ...args], { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
      children.push(child);
      let text = '';
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', chunk => {
          text += chunk;
        });
      const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, text }));
      return { child, ended };
    }

    async function plan(runsDir: string, command: readonly string[], shards: number): Promise<string> {
      const { code, out, err } = await biolens(
        ...command,
        '--plan',
        String(shards),
        '--runs-dir',
        at(runsDir),
        '--json',
      );
      expect(code, err).toBe(0);
      return JSON.parse(out).path;
    }

    async function ask(text: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
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
    }

    const itemsNow = async (): Promise<number> =>
      Number((await ask('SELECT count(*)::integer AS n FROM biolens_queue.items'))[0]?.n ?? 0);

    test('a worker killed and the server stopped in the middle: the report of one process, each item once', {
      timeout: 240_000,
    }, async () => {
      expect((await biolens(...AUDIT(), '--runs-dir', at('whole'), '--json')).code).toBe(0);
      const path = await plan('runs', AUDIT(), 3);
      const served = start('queue', 'serve', 'latest', '--runs-dir', at('runs'));
      const first = start('worker');
      while ((await itemsNow()) < 5) await sleep(20);
      first.child.kill('SIGKILL');
      await first.ended;
      const made = await itemsNow();
      await cluster.kill();
      await sleep(1000);
      await cluster.start();
      const second = start('worker');
      const { code, text } = await served.ended;
      expect(code, text).toBe(0);
      // What the dead worker had made was not made again: its shards have no line too many.
      second.child.kill('SIGINT');
      const { text: told } = await second.ended;
      const items = [...told.matchAll(/shard \d is made, (\d+) items/g)].map(found => Number(found[1]));
      expect(items.sort()).toEqual([93, 93, 94]);
      const whole = at(join('whole', readdirSync(at('whole')).find(name => !name.startsWith('.'))!));
      expect(readFileSync(join(path, 'report.json'), 'utf8')).toBe(readFileSync(join(whole, 'report.json'), 'utf8'));
      const keys = readFileSync(join(path, 'items.jsonl'), 'utf8')
        .trimEnd()
        .split('\n')
        .map(line => {
          const { set, file } = JSON.parse(line);
          return `${set}/${file}`;
        });
      expect([keys.length, new Set(keys).size]).toEqual([280, 280]);
      expect(made).toBeLessThan(94);
      // Nothing of it stays in the database.
      for (const table of ['runs', 'items', 'done', 'artifacts'])
        expect(await ask(`SELECT 1 FROM biolens_queue.${table}`)).toEqual([]);
    });

    test('a shard that cannot be made is given up, and the reason told', { timeout: 120_000 }, async () => {
      for await (const _ of renderFaces(at('lost'), { n: 8, size: 32, seed: 3 }));
      await plan('lost-runs', AUDIT('lost'), 1);
      rmSync(at('lost/000003.png'));
      const served = start('queue', 'serve', 'latest', '--runs-dir', at('lost-runs'));
      const worker = start('worker', '--idle', '4');
      const { code, text } = await served.ended;
      expect(code).toBe(3);
      expect(text).toContain('1 of 1 shards were given up, shard 0 because the inputs are not those that were planned');
      await worker.ended;
    });
  },
);
