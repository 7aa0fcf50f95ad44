import { randomBytes } from 'node:crypto';
import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { CACHE_FOLDER, listCache, openReadingCache, pruneCache } from '../../src/kit/cache/index.ts';
import { biolens } from '../cli/biolens.ts';

const root = mkdtempSync(join(tmpdir(), 'biolens-cache-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let count = 0;
const newFolder = (): string => join(root, `runs-${count++}`);

const identity = {
  reader: { embedder: 'built-in', classifier: 'built-in' },
  width: 4,
  attributes: { gender: ['male', 'female'], ageGroup: ['young', 'old'] },
};
const digest = (): string => randomBytes(32).toString('hex');
const reading = (seed: number) => ({
  embedding: Float32Array.of(seed, 0.5, -1, 3e38),
  attributes: { gender: 'female' },
  faces: 2,
});

/** The folder that holds the readings of `identity`. */
const folderIn = (runsDir: string): string => join(runsDir, CACHE_FOLDER, readdirSync(join(runsDir, CACHE_FOLDER))[0]!);
const segmentIn = (runsDir: string): string =>
  join(folderIn(runsDir), readdirSync(folderIn(runsDir)).find(name => name.startsWith('segment-'))!);

describe('kept readings', () => {
  test('come back to the bit, with images that have no face, and only for the same reader', async () => {
    const runsDir = newFolder();
    const [a, b, c] = [digest(), digest(), digest()];
    const first = await openReadingCache(runsDir, identity);
    first.put(a, reading(1));
    first.put(b, null);
    expect(first.get(c)).toBeUndefined();
    await first.flush();
    const second = await openReadingCache(runsDir, identity);
    expect(second.get(a)).toEqual(reading(1));
    expect(second.get(b)).toBeNull();
    expect(second.get(c)).toBeUndefined();
    const other = await openReadingCache(runsDir, { ...identity, reader: { ...identity.reader, embedder: 'x' } });
    expect(other.get(a)).toBeUndefined();
  });

  test('of two processes do not disturb each other, whatever is torn or changed', async () => {
    const runsDir = newFolder();
    const keys = Array.from({ length: 20 }, digest);
    const cache = await openReadingCache(runsDir, identity);
    keys.forEach((key, i) => {
      cache.put(key, reading(i));
    });
    await cache.flush();
    const file = segmentIn(runsDir);
    const bytes = readFileSync(file);
    const length = bytes.length / keys.length;
    // One record is changed, the tail is torn, and a stranger's file stands beside.
    bytes[3 * length + 40]! ^= 1;
    writeFileSync(file, bytes.subarray(0, bytes.length - 5));
    writeFileSync(join(folderIn(runsDir), 'segment-stranger.bin'), randomBytes(3 * length + 1));
    const again = await openReadingCache(runsDir, identity);
    const found = keys.map(key => again.get(key));
    expect(found.map(one => one !== undefined)).toEqual(keys.map((_, i) => i !== 3 && i !== 19));
    expect(found[4]).toEqual(reading(4));
  });

  test('are readable by their owner alone', async () => {
    const runsDir = newFolder();
    const cache = await openReadingCache(runsDir, identity);
    cache.put(digest(), reading(1));
    await cache.flush();
    if (process.platform === 'win32') return;
    expect(statSync(folderIn(runsDir)).mode & 0o077).toBe(0);
    expect(statSync(segmentIn(runsDir)).mode & 0o077).toBe(0);
  });

  test('are listed, pruned by age and cleared', async () => {
    const runsDir = newFolder();
    const cache = await openReadingCache(runsDir, identity);
    cache.put(digest(), reading(1));
    await cache.flush();
    appendFileSync(join(runsDir, CACHE_FOLDER, 'note'), 'no folder of readings');
    expect(await listCache(runsDir)).toMatchObject([{ reader: identity.reader }]);
    expect(await pruneCache(runsDir, { olderThanMs: 60_000 })).toEqual([]);
    expect((await biolens('cache', 'list', '--runs-dir', runsDir)).out).toContain('built-in, built-in');
    expect((await biolens('cache', 'prune', '--older-than', '1y', '--runs-dir', runsDir)).code).toBe(2);
    expect((await biolens('cache', 'clear', '--runs-dir', runsDir)).out).toMatch(/^1 removed/);
    expect(await listCache(runsDir)).toEqual([]);
    expect((await biolens('cache', 'list', '--runs-dir', runsDir)).out).toBe('no readings are kept\n');
  });
});
