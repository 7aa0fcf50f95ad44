import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { BiolensError } from '../../src/ground/errors.ts';
import { foldIn, openStream, randomKey } from '../../src/ground/math/index.ts';
import { openBenchmark } from '../../src/jobs/bench/index.ts';

const FIXTURES = resolve(import.meta.dirname, 'fixtures');
const CASES = resolve(import.meta.dirname, '../../../shared/cases/hostile');
const folder = mkdtempSync(join(tmpdir(), 'biolens-parquet-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Reads all questions and their images; the message where the file is refused. */
async function readAll(path: string): Promise<string> {
  try {
    const benchmark = await openBenchmark(path);
    for await (const { images } of benchmark.questions()) {
      for (const image of images) if (image.cell !== undefined) await benchmark.images.load(image);
    }
    return 'read';
  } catch (error) {
    expect(error, String(error instanceof Error ? error.stack : error)).toBeInstanceOf(BiolensError);
    expect(error).toMatchObject({ code: 'input' });
    return error instanceof Error ? error.message : '';
  }
}

test.skipIf(!existsSync(CASES))(
  'the cases at hand are told in one line that names the file (skipped without them)',
  async () => {
    const files = readdirSync(CASES).filter(name => name.endsWith('.parquet'));
    expect(files.length).toBeGreaterThan(2);
    for (const name of files) {
      const message = await readAll(join(CASES, name));
      expect(message.startsWith(`${name}: `), message).toBe(true);
      expect(message).not.toContain('\n');
    }
  },
);

/** A file with some of its bytes changed, most of them in its description at the end. */
function mutate(bytes: Uint8Array, seed: number): Uint8Array {
  const stream = openStream(foldIn(randomKey(7), seed));
  const mutant = Uint8Array.from(bytes);
  const changes = 1 + stream.integer(4);
  for (let i = 0; i < changes; i++) {
    const nearEnd = stream.integer(3) > 0;
    const at = nearEnd
      ? mutant.length - 1 - stream.integer(Math.min(mutant.length, 1500))
      : stream.integer(mutant.length);
    mutant[at] = [0, 255, 127, 128, stream.integer(256), (mutant[at] ?? 0) ^ (1 << stream.integer(8))][
      stream.integer(6)
    ]!;
  }
  return stream.integer(20) === 0 ? mutant.subarray(0, stream.integer(mutant.length)) : mutant;
}

const MUTANTS = Number(process.env.BIOLENS_MUTANTS ?? 150);

test('damaged files are read or told, whatever is damaged, and the process lives on', async () => {
  const originals = ['questions-snappy.parquet', 'questions-zstd.parquet', 'questions-other-names.parquet'];
  const outcomes = { read: 0, refused: 0 };
  for (const name of originals) {
    const bytes = readFileSync(join(FIXTURES, name));
    const path = join(folder, 'mutant.parquet');
    for (let seed = 0; seed < MUTANTS; seed++) {
      // A name of its own: what has been opened once is known.
      const own = path.replace('mutant', `${seed}-${name.length}-mutant`);
      writeFileSync(own, mutate(bytes, seed));
      const message = await readAll(own);
      rmSync(own);
      if (message === 'read') outcomes.read++;
      else {
        outcomes.refused++;
        expect(message, `seed ${seed} of ${name}`).toContain('mutant');
      }
    }
  }
  expect(outcomes.refused).toBeGreaterThan(MUTANTS / 3);
  expect(outcomes.read).toBeGreaterThan(0);
}, 600_000);
