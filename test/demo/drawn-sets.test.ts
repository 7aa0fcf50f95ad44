import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { drawSets } from '../../src/app/demo/index.ts';
import { finish } from '../audit/simulated-sets.ts';

const root = mkdtempSync(join(tmpdir(), 'biolens-drawn-sets-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('stops drawing in both threads when it is interrupted', async () => {
  const controller = new AbortController();
  const drawing = drawSets(join(root, 'sets'), { seed: 0, signal: controller.signal });
  await drawing.next();
  const second = await drawing.next();
  expect(second.value).toMatchObject({ type: 'progress', stage: 'drawing faces', total: 3672 });
  controller.abort();
  await expect(finish(drawing)).rejects.toMatchObject({ code: 'interrupted' });
  expect(existsSync(join(root, 'sets', 'quiz', 'labels.csv'))).toBe(false);
}, 60_000);

test('says which folder cannot be written', async () => {
  writeFileSync(join(root, 'file'), '');
  const drawing = finish(drawSets(join(root, 'file'), { seed: 0 }));
  await expect(drawing).rejects.toMatchObject({ code: 'input', message: expect.stringContaining(join(root, 'file')) });
}, 60_000);
