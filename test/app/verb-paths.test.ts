import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { tallyJob } from '../../examples/tally-job/job.ts';
import { buildProgram, runCli } from '../../src/app/cli/main.ts';
import { writeReference } from '../../src/app/cli/reference.ts';
import { auditJob } from '../../src/jobs/audit/index.ts';
import { defineJob, type Job } from '../../src/kit/job/index.ts';
import { temporaryFolder } from '../faces/models.ts';

/** A job whose verb stands under that of another job. */
const inner = defineJob({ ...tallyJob, kind: 'audit-tally', verb: 'audit tally', examples: ['biolens audit tally'] });
const JOBS = [auditJob, inner] as unknown as readonly Job[];

async function biolens(...args: string[]) {
  let [out, err] = ['', ''];
  const io = { out: (text: string) => (out += text), err: (text: string) => (err += text) };
  const code = await runCli(args, { ...io, interactive: false, columns: 80, env: {} }, JOBS);
  return { code, out, err };
}

describe('a verb under the verb of another job', () => {
  test('has its own help, and the other one lists it', async () => {
    expect((await biolens('audit', 'tally', '--help')).out).toContain('Usage: biolens audit tally');
    const { out } = await biolens('audit', '--help');
    expect(out).toContain('--train <path>');
    expect(out).toMatch(/tally.*how many images of each format/);
  });

  test('takes options that both have, and its run is of its own kind', async () => {
    await using folder = await temporaryFolder();
    const images = join(folder.path, 'images');
    mkdirSync(images);
    writeFileSync(join(images, 'a.png'), Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
    const runs = join(folder.path, 'runs');
    const run = await biolens('audit', 'tally', '--images', images, '--seed', '7', '--json', '--runs-dir', runs);
    expect(run.code, run.err).toBe(0);
    expect(JSON.parse(run.out)).toMatchObject({ schema: 'biolens/tally@1' });
  });

  test('refuses options between its words, which would be lost', async () => {
    const { code, err } = await biolens('audit', '--seed', '7', 'tally', '--images', 'x');
    expect(code).toBe(2);
    expect(err).toMatch(/^biolens: --seed: options stand after all words of the verb, after "tally"/);
  });

  test('leaves the other one as it was', async () => {
    expect((await biolens('audit', '--generated', 'b')).err).toContain('--train is missing');
    expect((await biolens('audit', 'tallly')).err).toContain('did you mean "tally"?');
  });

  test('stands in the reference with its fields', () => {
    const text = writeReference(
      buildProgram({ out: () => {}, err: () => {}, interactive: false, columns: 80, env: {} }, JOBS),
      JOBS,
    );
    expect(text).toContain('### biolens audit tally');
    expect(text).toContain('| `--at-least <n>` | `atLeast` |');
    expect(text).toContain('| `--train <path>` | `training` |');
  });
});
