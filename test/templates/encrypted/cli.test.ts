import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { runCli } from '../../../src/app/cli/main.ts';
import type { Matrix } from '../../../src/ground/math/index.ts';
import { float32, writeNpy } from '../../../src/kit/tensor/index.ts';
import { randomRows } from './matching.ts';

const resultSchema = z.object({
  results: z.array(
    z.object({ probe: z.string(), matches: z.array(z.strictObject({ identity: z.string(), accepted: z.boolean() })) }),
  ),
  threshold: z.object({ cosine: z.number(), source: z.string() }),
});

let folder = '';
const people = randomRows(6, 32, 1);

function write(name: string, matrix: Matrix, labels: readonly string[] | null): string {
  const path = join(folder, `${name}.npy`);
  writeFileSync(path, writeNpy(float32(matrix.data, [matrix.rows, matrix.cols])));
  if (labels !== null) writeFileSync(join(folder, `${name}.labels.csv`), `identity\n${labels.join('\n')}\n`);
  return path;
}

/** People as they look today: each a little different. */
const seenAgain = (seed: number): Matrix => {
  const change = randomRows(6, 32, seed).data;
  return { ...people, data: people.data.map((value, i) => value + 0.2 * change[i]!) };
};

async function run(...args: string[]) {
  const [out, err]: string[][] = [[], []];
  const io = {
    out: (text: string) => void out!.push(text),
    err: (text: string) => void err!.push(text),
    ...{ interactive: false, columns: 80, env: {} },
  };
  const code = await runCli(['template', 'match', ...args], io);
  return { code, out: out!.join(''), err: err!.join('') };
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'biolens-match-'));
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('biolens template match', () => {
  test.each([['encrypted-gallery'], ['encrypted-probe'], ['both-encrypted', '--scheme', 'ckks']])(
    '--mode %s %s %s',
    async (...mode) => {
      const gallery = write('gallery', seenAgain(2), ['a', 'b', 'c', 'd', 'e', 'f']);
      const again = seenAgain(3);
      // The last is a stranger.
      again.data.set(randomRows(1, 32, 9).data, 5 * 32);
      const probes = write('probes', again, ['a', 'b', 'c', 'd', 'e', 'x']);
      const { code, out } = await run('--gallery', gallery, '--probes', probes, '--mode', ...mode, '--json');
      expect(code).toBe(0);
      const { results, threshold } = resultSchema.parse(JSON.parse(out));
      expect(threshold.source).toBe('gallery');
      const accepted = results.map(({ matches }) => matches.filter(one => one.accepted).map(one => one.identity));
      expect(accepted).toEqual([['a'], ['b'], ['c'], ['d'], ['e'], []]);
      expect(results[0]!.matches).toHaveLength(5);
    },
  );

  test.each([
    [[], "required option '--mode <mode>' not specified"],
    [['--mode', 'clear'], 'Allowed choices are encrypted-gallery'],
    [['--mode', 'encrypted-gallery', '--scheme', 'ckks'], '"scheme" expected bfv in mode encrypted-gallery'],
    [['--mode', 'encrypted-gallery', '--scale', '9000'], '"scale" 9000 cannot be proved for 32 dimensions'],
  ])('%j is refused', async (args, message) => {
    const gallery = write('gallery', people, ['a', 'b', 'c', 'd', 'e', 'f']);
    const { code, err } = await run('--gallery', gallery, '--probes', gallery, ...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  test('files that do not fit are refused by name', async () => {
    const gallery = write('gallery', people, ['a', 'b', 'c', 'd', 'e', 'f']);
    const at = (probes: string) => run('--gallery', gallery, '--probes', probes, '--mode', 'encrypted-gallery');
    expect((await at(write('wide', randomRows(2, 33, 1), ['a', 'b']))).err).toContain(
      'wide.npy: embeddings are 33 wide',
    );
    expect((await at(write('alone', people, null))).err).toContain('alone.npy: no labels beside it');
    expect((await at(write('short', people, ['a']))).err).toContain('short.labels.csv: 1 rows, expected 6');
    const broken = { ...people, data: people.data.slice() };
    broken.data[40] = Number.NaN;
    expect((await at(write('broken', broken, ['a', 'b', 'c', 'd', 'e', 'f']))).err).toContain('number 8 is NaN');
    const named = write('long', people, ['a', 'b', 'c', 'd', 'e', 'x'.repeat(1e6)]);
    expect((await at(named)).err).toContain('is longer than 200 characters');
    const lonely = write('lonely', { ...people, rows: 1, data: people.data.slice(0, 32) }, ['a']);
    const { err, code } = await run('--gallery', lonely, '--probes', lonely, '--mode', 'encrypted-gallery');
    expect([code, err]).toEqual([2, expect.stringContaining('a threshold cannot be set on one person; give one')]);
  });
});
