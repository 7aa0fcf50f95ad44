import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { checkAudit, LimitedError, limitsSchema } from '../../../src/jobs/templates/gallery/index.ts';
import { KeyRing, sha256 } from '../../../src/jobs/templates/gallery/node.ts';
import { faceOf, openGallery, PLACES } from './stores.ts';

const enrollment = (person: number, idempotencyKey = `key ${person}`) => ({
  subject: `person ${person}`,
  embedding: faceOf(person),
  idempotencyKey,
});

for (const place of PLACES) {
  describe.skipIf(place.skip !== null)(
    `a gallery in ${place.name}${place.skip === null ? '' : ` (skipped: ${place.skip})`}`,
    () => {
      let folder = '';
      let keys = '';
      beforeAll(async () => {
        folder = mkdtempSync(join(tmpdir(), 'biolens-keys-'));
        await place.begin();
      });
      let turn = 0;
      afterEach(() => place.reset());
      afterAll(async () => {
        await place.end();
        rmSync(folder, { recursive: true, force: true });
      });
      const open = (options: Omit<Parameters<typeof openGallery>[1], 'keys'> = {}) =>
        openGallery(place, { keys, ...options });
      const fresh = (options: Omit<Parameters<typeof openGallery>[1], 'keys'> = {}) => {
        keys = join(folder, `keys-${turn++}.json`);
        return open(options);
      };

      test('enrolls, matches 1:1 and 1:N, and finds the same after a restart', async () => {
        {
          await using gallery = await fresh();
          for (let person = 0; person < 20; person++) await gallery.enroll('door', enrollment(person));
        }
        await using gallery = await open();
        expect(gallery.size).toBe(20);
        for (let person = 0; person < 20; person++) {
          const { subject, embedding } = enrollment(person);
          expect(await gallery.verify('door', { subject, embedding })).toEqual({ accepted: true });
          expect(await gallery.verify('door', { subject: 'person 3', embedding })).toEqual({ accepted: person === 3 });
          expect(await gallery.identify('door', { embedding, top: 5 })).toEqual({
            matches: [{ identity: subject, accepted: true }],
          });
        }
        const stranger = { embedding: faceOf(99), top: 5 };
        expect(await gallery.identify('door', stranger)).toEqual({ matches: [] });
        expect(await gallery.verify('door', { subject: 'unknown', embedding: faceOf(1) })).toEqual({ accepted: false });
      });

      test('a request that is repeated makes no second template, also at once and after a restart', async () => {
        let first = '';
        {
          await using gallery = await fresh();
          const made = await Promise.all([1, 1, 1].map(person => gallery.enroll('door', enrollment(person))));
          first = made[0]!.template;
          expect(new Set(made.map(({ template }) => template))).toEqual(new Set([first]));
        }
        await using gallery = await open();
        expect(await gallery.enroll('door', enrollment(1))).toEqual({ template: first });
        expect(gallery.size).toBe(1);
        await expect(gallery.enroll('door', { ...enrollment(2), idempotencyKey: 'key 1' })).rejects.toThrow(
          '"idempotencyKey" was used for another request',
        );
        // The key of another client is another key.
        expect((await gallery.enroll('window', enrollment(1))).template).not.toBe(first);
      });

      test('one that fails does not take those with it that are written at the same time', async () => {
        await using gallery = await fresh();
        await gallery.enroll('door', enrollment(0));
        const wrong = { ...enrollment(7), idempotencyKey: 'key 0' };
        const all = [1, 2, 3].map(person => gallery.enroll('door', enrollment(person)));
        const settled = await Promise.allSettled([...all.slice(0, 2), gallery.enroll('door', wrong), all[2]!]);
        expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'rejected', 'fulfilled']);
        await gallery.identify('door', { embedding: faceOf(1), top: 1 });
        expect(gallery.size).toBe(4);
      });

      test('a revoked template is refused at once, by every process, and its record is gone', async () => {
        await using one = await fresh();
        await using other = await open();
        await one.enroll('door', enrollment(1));
        const asked = { subject: 'person 1', embedding: faceOf(1) };
        expect(await other.verify('door', asked)).toEqual({ accepted: true });
        expect(await one.revoke('door', { subject: 'person 1' })).toEqual({ revoked: 1 });
        expect(await other.verify('door', asked)).toEqual({ accepted: false });
        expect(await other.identify('door', { embedding: faceOf(1), top: 1 })).toEqual({ matches: [] });
        expect(await one.revoke('door', { subject: 'person 1' })).toEqual({ revoked: 0 });
        const left = [];
        for await (const exported of one.export('door')) left.push(exported);
        expect(left).toEqual([]);
        // What made it is not undone by sending it again.
        await one.enroll('door', enrollment(1));
        expect(await one.verify('door', asked)).toEqual({ accepted: false });
      });

      test('many revoked at once are all taken in', async () => {
        await using one = await fresh();
        await Promise.all(
          Array.from({ length: 40 }, (_, i) => one.enroll('door', { ...enrollment(1), idempotencyKey: `${i}` })),
        );
        await using other = await open();
        expect(other.size).toBe(40);
        await one.revoke('door', { subject: 'person 1' });
        await other.identify('door', { embedding: faceOf(1), top: 1 });
        expect(other.size).toBe(0);
      });

      test('re-keys while it serves, and resumes after it was stopped', async () => {
        {
          await using gallery = await fresh({ rekeyBatch: 3 });
          await Promise.all(Array.from({ length: 50 }, (_, i) => gallery.enroll('door', enrollment(i))));
          expect(await gallery.rekey('door')).toMatchObject({ generation: 2 });
          // Enrolled meanwhile: under the new key, and matched as ever.
          await gallery.enroll('door', enrollment(50));
          expect(await gallery.verify('door', { subject: 'person 7', embedding: faceOf(7) })).toEqual({
            accepted: true,
          });
        }
        const ring = await KeyRing.open(keys, { create: false });
        expect(ring.generations).toEqual([1, 2]);
        {
          await using gallery = await open({ rekeyBatch: 3 });
          await gallery.rekeyed();
          expect(await gallery.rekeying()).toEqual({ generation: 2, left: 0 });
          expect(gallery.size).toBe(51);
        }
        // The old key is erased, and everything opens with the new one.
        expect((await KeyRing.open(keys, { create: false })).generations).toEqual([2]);
        await using gallery = await open();
        for (let person = 0; person <= 50; person += 10)
          expect(await gallery.identify('door', { embedding: faceOf(person), top: 1 })).toEqual({
            matches: [{ identity: `person ${person}`, accepted: true }],
          });
      });

      test('limits grow, lock, are shared, and survive a restart', async () => {
        let time = 1_000_000;
        const limits = limitsSchema.parse({
          subject: { free: 1, delayMs: 1000, lockAfter: 4, lockMs: 100_000 },
          client: { rejections: 8, windowMs: 1_000_000 },
        });
        const options = { limits, now: () => time };
        const wrong = { subject: 'person 1', embedding: faceOf(2) };
        const waitOf = (attempt: Promise<unknown>): Promise<number> =>
          attempt.then(
            () => 0,
            error => (error instanceof LimitedError ? error.retryAfterMs : Number.NaN),
          );
        {
          await using gallery = await fresh(options);
          await gallery.enroll('door', enrollment(1));
          expect(await waitOf(gallery.verify('door', wrong))).toBe(0);
          expect(await waitOf(gallery.verify('door', wrong))).toBe(0);
          expect(await waitOf(gallery.verify('door', wrong))).toBe(1000);
          time += 1000;
          expect(await waitOf(gallery.verify('door', wrong))).toBe(0);
          expect(await waitOf(gallery.verify('door', wrong))).toBe(2000);
        }
        time += 2000;
        await using gallery = await open(options);
        expect(await waitOf(gallery.verify('door', wrong))).toBe(0);
        // Locked: also for the right face, and by any client.
        expect(await waitOf(gallery.verify('window', { ...wrong, embedding: faceOf(1) }))).toBe(100_000);
        // An unknown subject locks alike, or it would be told apart. The client's budget of 8 counts both kinds of attempt.
        const unknown = { subject: 'nobody', embedding: faceOf(2) };
        expect(await waitOf(gallery.verify('door', unknown))).toBe(0);
        expect(await waitOf(gallery.verify('door', unknown))).toBe(0);
        expect(await waitOf(gallery.verify('door', unknown))).toBe(1000);
        expect(await waitOf(gallery.identify('door', { embedding: faceOf(9), top: 1 }))).toBe(0);
        expect(await waitOf(gallery.identify('door', { embedding: faceOf(9), top: 1 }))).toBe(0);
        expect(await waitOf(gallery.identify('door', { embedding: faceOf(1), top: 1 }))).toBeGreaterThan(900_000);
        expect(await waitOf(gallery.identify('window', { embedding: faceOf(1), top: 1 }))).toBe(0);
      });

      test('attempts made at the same time count before any of them is looked at', async () => {
        const limits = limitsSchema.parse({ subject: { free: 0, delayMs: 60_000, lockAfter: 3 } });
        await using gallery = await fresh({ limits });
        await gallery.enroll('door', enrollment(1));
        const attempts = Array.from({ length: 50 }, () =>
          gallery.verify('door', { subject: 'person 1', embedding: faceOf(2) }).then(
            () => 'looked at',
            () => 'limited',
          ),
        );
        expect((await Promise.all(attempts)).filter(outcome => outcome === 'looked at')).toHaveLength(1);
      });

      test('the audit log is whole, says what was done, and holds no face', async () => {
        await using gallery = await fresh();
        await gallery.enroll('door', enrollment(1));
        await gallery.verify('door', { subject: 'person 1', embedding: faceOf(1) });
        await gallery.identify('window', { embedding: faceOf(5), top: 1 });
        await gallery.revoke('door', { subject: 'person 1' });
        const entries = await gallery.audit(0);
        expect(entries.map(({ client, action, subject, outcome }) => [client, action, subject, outcome])).toEqual([
          ['door', 'enroll', 'person 1', 'enrolled'],
          ['door', 'verify', 'person 1', 'accepted'],
          ['window', 'identify', null, 'rejected'],
          ['door', 'revoke', 'person 1', '1 revoked'],
        ]);
        const last = entries.at(-1)!.hash;
        expect(checkAudit(entries, { digest: sha256, last })).toBeNull();
        const changed = entries.map(entry => (entry.seq === 3 ? { ...entry, outcome: 'accepted' } : entry));
        expect(checkAudit(changed, { digest: sha256, last })).toBe(3);
        expect(checkAudit(entries.slice(1), { digest: sha256, last })).toBe(1);
        expect(checkAudit(entries.slice(0, 3), { digest: sha256, last })).toBe(4);
        expect(Object.keys(entries[0]!).sort()).toEqual([
          'action',
          'at',
          'client',
          'hash',
          'outcome',
          'seq',
          'subject',
        ]);
      });

      test('a gallery opened with another configuration, or with other keys, is refused', async () => {
        {
          await using gallery = await fresh();
          await gallery.enroll('door', enrollment(1));
        }
        const right = keys;
        keys = join(folder, `other-${turn++}.json`);
        await expect(open()).rejects.toThrow('its record does not open');
        keys = right;
        await using gallery = await open();
        expect(gallery.size).toBe(1);
      });
    },
  );
}

test('the database holds no template in the clear', async () => {
  const [place] = PLACES;
  const folder = mkdtempSync(join(tmpdir(), 'biolens-clear-'));
  await place!.begin();
  {
    await using gallery = await openGallery(place!, { keys: join(folder, 'keys.json') });
    await gallery.enroll('door', enrollment(1));
  }
  const { quantise } = await import('../../../src/jobs/templates/encrypted/index.ts');
  const values = quantise(faceOf(1), 250, { field: 'face', dimension: 16 });
  const stored = readFileSync(place!.spec());
  expect(stored.includes(Buffer.from('person 1'))).toBe(true);
  expect(stored.includes(Buffer.from(values.buffer))).toBe(false);
  await place!.end();
  rmSync(folder, { recursive: true });
});
