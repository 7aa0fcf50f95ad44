import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { GalleryClient, leastProduct } from '../../../src/jobs/templates/gallery/index.ts';
import { AdditiveIndex, KeyHolder } from '../../../src/jobs/templates/gallery/node.ts';
import { CONFIG, faceOf, openGallery, PLACES } from './stores.ts';

const place = PLACES[0]!;
const isRunning = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};
/** Between a face and another one: accepted or not, by how much of it there is. */
const blend = (person: number, other: number, share: number): number[] => {
  const [own, its] = [faceOf(person), faceOf(other)];
  return own.map((value, i) => share * value + (1 - share) * its[i]!);
};

describe('a gallery under the additive scheme', () => {
  let folder = '';
  let keys = '';
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'biolens-additive-'));
    keys = join(folder, 'keys.json');
    await place.begin();
  });
  afterEach(async () => {
    await place.reset();
    rmSync(keys, { force: true });
  });
  afterAll(async () => {
    await place.end();
    rmSync(folder, { recursive: true });
  });
  const enroll = (gallery: Awaited<ReturnType<typeof openGallery>>, people: readonly number[]) =>
    Promise.all(
      people.map(person =>
        gallery.enroll('door', { subject: `person ${person}`, embedding: faceOf(person), idempotencyKey: `${person}` }),
      ),
    );

  test('it decides as in the clear, 1:1 and 1:N, before and after a restart and a re-keying', async () => {
    const people = Array.from({ length: 40 }, (_, i) => i);
    const probes = people.map(person => blend(person, person + 100, 0.5 + (person % 5) / 10));
    const decide = (gallery: Awaited<ReturnType<typeof openGallery>>) =>
      Promise.all(
        probes.map(async (embedding, person) => [
          await gallery.verify('door', { subject: `person ${person}`, embedding }),
          await gallery.verify('door', { subject: `person ${(person + 1) % 40}`, embedding }),
          await gallery.identify('door', { embedding, top: 3 }),
        ]),
      );
    let clear: unknown;
    {
      await using gallery = await openGallery(place, { keys });
      await enroll(gallery, people);
      // Several templates of one subject.
      await gallery.enroll('door', { subject: 'person 3', embedding: faceOf(200), idempotencyKey: 'second' });
      clear = await decide(gallery);
    }
    expect(JSON.stringify(clear).match(/"accepted":true/g)!.length).toBeGreaterThan(40);
    expect(JSON.stringify(clear).match(/"accepted":false/g)!.length).toBeGreaterThan(40);
    await using gallery = await openGallery(place, { keys, mode: 'additive' });
    expect(gallery.size).toBe(41);
    expect(await decide(gallery)).toEqual(clear);
    expect(await gallery.verify('door', { subject: 'person 3', embedding: faceOf(200) })).toEqual({ accepted: true });
    await gallery.rekey('door');
    await gallery.rekeyed();
    expect(await decide(gallery)).toEqual(clear);
    expect(await gallery.verify('door', { subject: 'nobody', embedding: faceOf(1) })).toEqual({ accepted: false });
  });

  test('a revoked template is refused, and what its dead slot decrypts to is nobody', async () => {
    await using gallery = await openGallery(place, { keys, mode: 'additive' });
    expect(await gallery.identify('door', { embedding: faceOf(1), top: 1 })).toEqual({ matches: [] });
    expect(await gallery.verify('door', { subject: 'person 1', embedding: faceOf(1) })).toEqual({ accepted: false });
    const people = Array.from({ length: 60 }, (_, i) => i);
    await enroll(gallery, people);
    for (const person of people.filter(one => one % 2 === 0))
      await gallery.revoke('door', { subject: `person ${person}` });
    for (const person of people.slice(0, 20)) {
      const { matches } = await gallery.identify('door', { embedding: faceOf(person), top: 100 });
      expect(matches.map(({ identity }) => identity)).toEqual(person % 2 === 0 ? [] : [`person ${person}`]);
    }
    expect(gallery.size).toBe(30);
  });

  test('it grows beyond the room that it began with', async () => {
    const people = Array.from({ length: 2100 }, (_, i) => i);
    await using gallery = await openGallery(place, { keys, mode: 'additive' });
    await enroll(gallery, people);
    for (const person of [0, 2047, 2048, 2099])
      expect(await gallery.identify('door', { embedding: faceOf(person), top: 1 })).toEqual({
        matches: [{ identity: `person ${person}`, accepted: true }],
      });
    // The others were carried over.
    expect(gallery.size).toBe(2100);
  });

  test('this process has no key and opens no record; a holder that is gone is told of, and goes with the service', async () => {
    expect('open' in KeyHolder.prototype).toBe(false);
    const least = leastProduct(CONFIG.threshold);
    const holder = await KeyHolder.open({ path: keys, dimension: CONFIG.dimension, least });
    const place = { template: 'a', subject: 'b', generation: 1 };
    const template = new Uint8Array(new Int16Array(CONFIG.dimension).fill(62).buffer);
    const record = await holder.seal(template, place);
    await expect(holder.encrypt([{ record, place: { ...place, subject: 'c' } }])).rejects.toThrow('does not open');
    const [encrypted] = await holder.encrypt([{ record, place }]);
    // Ciphertexts, not 62 times Δ.
    expect(new Set(encrypted!.words).size).toBe(CONFIG.dimension);
    const index = await AdditiveIndex.open(holder, { dimension: CONFIG.dimension, room: 2048 });
    process.kill(holder.pid!, 'SIGKILL');
    await expect(
      index.search(
        Int16Array.from(faceOf(1), value => 100 * value),
        1,
      ),
    ).rejects.toThrow('the process of the keys');
    await index.close();
    const other = await KeyHolder.open({ path: keys, dimension: CONFIG.dimension, least });
    expect(isRunning(other.pid!)).toBe(true);
    await other.close();
    expect(isRunning(other.pid!)).toBe(false);
    await expect(KeyHolder.open({ path: '/proc/none/keys.json', dimension: 16, least })).rejects.toMatchObject({
      name: 'BiolensError',
    });
  });

  const elsewhere = process.platform === 'linux' ? '' : ' (skipped: no /proc, where its process is found)';
  test.skipIf(elsewhere !== '')(
    `biolens gallery serve --mode additive; killed, it takes the process of the keys with it${elsewhere}`,
    async () => {
      const args = [
        'gallery',
        'serve',
        '--store',
        join(folder, 'served.db'),
        '--dimension',
        '16',
        '--threshold',
        '0.8',
      ];
      const child = spawn(
        process.execPath,
        [resolve('bin/biolens.js'), ...args, '--embedder', 'test', '--port', '0', '--mode', 'additive', '--json'],
        { stdio: ['ignore', 'pipe', 'inherit'] },
      );
      const [out] = (await once(child.stdout, 'data')) as [Buffer];
      const { url, token, mode } = JSON.parse(out.toString()) as { url: string; token: string; mode: string };
      expect(mode).toBe('additive');
      const gallery = new GalleryClient({ url, token });
      await gallery.enroll('anna', faceOf(1));
      expect(await gallery.identify(faceOf(1))).toEqual({ matches: [{ identity: 'anna', accepted: true }] });
      expect(await gallery.verify('anna', faceOf(2))).toEqual({ accepted: false });
      const { readFileSync } = await import('node:fs');
      const holder = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim().split(' ')[0]);
      expect(isRunning(holder)).toBe(true);
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
      for (let i = 0; i < 50 && isRunning(holder); i++) await sleep(100);
      expect(isRunning(holder)).toBe(false);
    },
  );
});
