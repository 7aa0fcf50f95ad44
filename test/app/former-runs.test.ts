import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildBenchmark } from '../../src/jobs/bench/index.ts';
import { renderFaces } from '../../src/kit/drawing/index.ts';
import { biolens } from '../cli/biolens.ts';

// Run folders that commit 1a60878 wrote, in /old: some done, some stopped by SIGINT or SIGKILL in the middle of their work.
const fixtures = join(import.meta.dirname, 'fixtures/runs-of-1a60878');
const root = mkdtempSync(join(tmpdir(), 'biolens-former-'));
const runs = join(root, 'runs');
const ids = readdirSync(join(fixtures, 'runs'));

async function drain(events: AsyncIterable<unknown>): Promise<void> {
  for await (const _ of events);
}

beforeAll(async () => {
  cpSync(join(fixtures, 'runs'), runs, { recursive: true });
  cpSync(join(fixtures, 'files'), root, { recursive: true });
  for (const id of ids) {
    for (const name of ['run.json', 'items.jsonl', 'report.json']) {
      if (!readdirSync(join(runs, id)).includes(name)) continue;
      const file = join(runs, id, name);
      writeFileSync(file, readFileSync(file, 'utf8').replaceAll('"/old/', `"${root}/`));
    }
  }
  // The same options draw the same bytes, and build the same questions, as they did then.
  await drain(renderFaces(join(root, 'drawn'), { n: 40, size: 32, seed: 1 }));
  await drain(renderFaces(join(root, 'others'), { n: 40, size: 32, seed: 2 }));
  await drain(renderFaces(join(root, 'samples'), { n: 30, size: 32, seed: 3 }));
  const people = join(root, 'people');
  await drain(renderFaces(people, { n: 60, identities: 15, size: 64, seed: 4, masks: join(root, 'people-masks') }));
  await drain(buildBenchmark({ from: people, to: join(root, 'quiz'), perTask: 1 }));
}, 120_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe('runs of commit 1a60878', () => {
  test('are there, done and stopped, of every kind', () => {
    const kinds = new Set(ids.map(id => id.split('-').slice(5).join(' ')));
    expect([...kinds].sort()).toEqual([
      'audit done',
      'audit stopped',
      'bench done',
      'bench stopped',
      'diffusion done',
      'diffusion gan',
      'diffusion stopped',
      'mitigate done',
      'mitigate stopped',
      'study done',
      'study stopped',
    ]);
  });

  test.each(ids)('%s is shown', async id => {
    const { code, out, err } = await biolens('runs', 'show', id, '--runs-dir', runs);
    expect(code, err).toBe(0);
    expect(out).toContain(id);
  });

  test.each(ids.filter(id => id.endsWith('-stopped')))(
    '%s is resumed to its end',
    async id => {
      const { code, err } = await biolens('runs', 'resume', id, '--runs-dir', runs, '--json');
      expect(code, err).toBe(0);
      expect(readdirSync(join(runs, id))).toEqual(expect.arrayContaining(['report.json', 'report.html']));
    },
    240_000,
  );

  test.each(['audit-done', 'bench-done'])(
    '%s is repeated to the same result',
    async name => {
      const id = ids.find(one => one.endsWith(name))!;
      const again = join(root, `again-${name}`);
      cpSync(join(runs, id), join(again, id), { recursive: true });
      const { code, err } = await biolens('runs', 'rerun', id, '--runs-dir', again, '--json');
      expect(code, err).toBe(0);
      const other = readdirSync(again).find(one => one !== id && !one.startsWith('.'))!;
      // Another order of the same sums gives other last digits.
      const rounded = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(6)) : value);
      const read = (folder: string) => JSON.parse(readFileSync(join(again, folder, 'report.json'), 'utf8'), rounded);
      const { items: first = [], ...before } = read(id);
      const { items: second = [], ...after } = read(other);
      expect(second).toHaveLength(first.length);
      // Later versions say it in other words, and speak of a target only where one was given.
      const timeless = ({ scores, verdict: _, ...rest }: Record<string, unknown>) =>
        scores === undefined ? rest : { benchmark: rest.benchmark };
      // Fields that later versions add are no difference.
      expect(timeless(after)).toMatchObject(timeless(before));
    },
    240_000,
  );
});
