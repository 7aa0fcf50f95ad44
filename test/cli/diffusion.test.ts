import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { diffusionReportSchema } from '../../src/ground/contracts/index.ts';
import { biolens } from './biolens.ts';

const folder = mkdtempSync(join(tmpdir(), 'biolens-diffusion-cli-'));
const [images, model, runsDir] = ['drawn', 'model', 'runs'].map(name => join(folder, name)) as [string, string, string];
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const train = (...more: string[]) =>
  biolens(
    ...['diffusion', 'train', '--images', images, '--runs-dir', runsDir, '--size', '8', '--channels', '8'],
    ...['--steps', '2', '--batch', '2', '--sheets', '1', '--sheet-steps', '1', '--threads', '1', '--device', 'cpu'],
    ...more,
  );

describe('biolens diffusion', () => {
  beforeAll(async () => {
    await biolens('faces', 'render', '-n', '6', '-o', images, '--size', '32');
  });

  test('trains, is shown and repeated', async () => {
    const trained = await train('--classes', 'gender', '-o', model, '--json');
    expect(trained.code).toBe(0);
    const report = diffusionReportSchema.parse(JSON.parse(trained.out));
    expect(report.images.classes?.attribute).toBe('gender');
    expect(trained.err).toMatch(/step 2: loss \d\.\d+; samples in/);
    const [id] = readdirSync(runsDir);
    expect(readFileSync(join(runsDir, id!, 'report.html'), 'utf8')).toContain('biolens/diffusion@1');
    const shown = await biolens('runs', 'show', id!, '--runs-dir', runsDir);
    expect(shown.out).toContain('U-Net of 8 channels');
    rmSync(model, { recursive: true });
    const again = await biolens('runs', 'rerun', id!, '--runs-dir', runsDir, '--json');
    expect(diffusionReportSchema.parse(JSON.parse(again.out)).curve).toEqual(report.curve);
  });

  test('samples the model by seed and class', async () => {
    const sample = (name: string, ...more: string[]) =>
      biolens('diffusion', 'sample', '--model', model, '-n', '3', '--steps', '2', '-o', join(folder, name), ...more);
    const first = await sample('a', '--json', '--class', 'male');
    expect(JSON.parse(first.out)).toMatchObject({
      schema: 'biolens/diffusion-sample@1',
      images: 3,
      size: 8,
      kind: 'diffusion',
      attribute: 'gender',
      seed: 1,
    });
    expect(readFileSync(join(folder, 'a/labels.csv'), 'utf8')).toBe(
      'file,gender\n00001.png,male\n00002.png,male\n00003.png,male\n',
    );
    const again = await sample('b', '--class', 'male');
    expect(again.out).toContain('3 samples of 8×8 pixels');
    expect(readFileSync(join(folder, 'b/00002.png'))).toEqual(readFileSync(join(folder, 'a/00002.png')));
    expect((await sample('a')).err).toContain('has files in it already');
  });

  test('says what is wrong, with exit code 2', async () => {
    for (const [args, message] of [
      [['--classes', 'gender='], '--classes expected ATTRIBUTE or ATTRIBUTE=CLASS,CLASS, got "gender="'],
      [['--classes', 'mood'], 'no column "mood"'],
      [['--size', '9'], '"size" expected an even number, got 9'],
      [['--kind', 'gan', '--classes', 'gender'], '"classes" are for diffusion models'],
      [['--preset', 'huge'], '--preset expected one of small, standard'],
    ] as const) {
      const { code, err } = await train(...args);
      expect(err).toContain(message);
      expect(code).toBe(2);
    }
    const missing = await biolens('diffusion', 'sample', '--model', images, '-n', '1', '-o', join(folder, 'c'));
    expect(missing.err).toContain('no generator (expected a folder of diffusers');
    expect(missing.code).toBe(2);
  });

  test('has examples in its help', async () => {
    expect((await biolens('diffusion', 'train', '--help')).out).toContain(
      '$ biolens diffusion train --images drawn -o model',
    );
    expect((await biolens('diffusion', 'sample', '--help')).out).toContain(
      '$ biolens diffusion sample --model model -n 1000',
    );
  });
});
