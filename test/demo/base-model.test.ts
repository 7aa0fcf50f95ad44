import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { BASE_MODEL, DEMO_SETTINGS } from '../../src/app/demo/index.ts';
import { readModelFolder } from '../../src/jobs/generators/index.ts';

test('the base model of the tour is read, fits its settings, and is small', async () => {
  const { config, parameters, weights } = await readModelFolder(BASE_MODEL);
  expect(config.size).toBe(DEMO_SETTINGS.training.size);
  expect(config.size).toBeGreaterThanOrEqual(32);
  expect(weights).toHaveLength(parameters.size);
  let bytes = 0;
  for (const file of await readdir(BASE_MODEL, { recursive: true, withFileTypes: true }))
    if (file.isFile()) bytes += (await stat(join(file.parentPath, file.name))).size;
  expect(bytes).toBeLessThan(3e6);
});

test('its card says what it is and what made it', async () => {
  const card = await readFile(join(BASE_MODEL, 'README.md'), 'utf8');
  const { parameters } = await readModelFolder(BASE_MODEL);
  expect(card).toContain('scripts/train-base-model.ts');
  expect(card).toContain(`${parameters.size.toLocaleString('en')} parameters`);
  expect(card).toContain('No photograph and no person is in them.');
});
