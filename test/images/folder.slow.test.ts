import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { encodePng } from '../../src/kit/images/encode.ts';
import { listImages, readImages } from '../../src/kit/images/folder.ts';
import { pattern, temporaryFolder } from './pictures.ts';

const COUNT = 100_000;

const megabytes = (): number => {
  globalThis.gc?.();
  return process.memoryUsage().rss / 2 ** 20;
};

async function makeFolder(): Promise<string> {
  const folder = temporaryFolder();
  const bytes = await encodePng(pattern(8, 8));
  for (let shard = 0; shard < 20; shard++) mkdirSync(join(folder, String(shard)));
  for (let i = 0; i < COUNT; i++) writeFileSync(join(folder, String(i % 20), `${i}.png`), bytes);
  return folder;
}

test('100,000 images stream in bounded memory', async () => {
  const folder = await makeFolder();
  let listed = 0;
  const before = megabytes();
  let most = before;
  for await (const _ of listImages(folder)) if (++listed % 5000 === 0) most = Math.max(most, megabytes());
  expect(listed).toBe(COUNT);
  // Names of one folder of 5,000; a list of all would still fit here, decoded images would not.
  expect(most - before).toBeLessThan(100);

  let read = 0;
  let halfway = 0;
  let latest = 0;
  for await (const item of readImages(folder)) {
    expect('image' in item).toBe(true);
    if (++read === COUNT / 2) halfway = megabytes();
    if (read % 5000 === 0) latest = megabytes();
  }
  expect(read).toBe(COUNT);
  // The second half adds nothing to what the first half settled at.
  expect(latest - halfway).toBeLessThan(40);
});
