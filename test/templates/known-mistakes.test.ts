// Mistakes that users of other libraries for encrypted matching and face search have reported, each with its number.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { row } from '../../src/ground/math/index.ts';
import { planMatching, type Setting } from '../../src/jobs/templates/encrypted/index.ts';
import { openMatchClient, openMatchServer } from '../../src/jobs/templates/encrypted/node.ts';
import { KeyRing } from '../../src/jobs/templates/gallery/node.ts';
import { clearScores, LINK_KEY, openBoth, randomRows } from './encrypted/matching.ts';
import { CONFIG, faceOf, openGallery, PLACES } from './gallery/stores.ts';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'biolens-mistakes-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const bothEncrypted: Setting = { mode: 'both-encrypted', dimension: 4 };

test('what two keys or two plans encrypted is never combined into a wrong number (TenSEAL #453)', async () => {
  const plan = planMatching(bothEncrypted);
  const gallery = randomRows(3, 4, 1);
  await using one = await openBoth(plan, gallery);
  await using other = await openBoth(plan, gallery);
  const block = (await other.client.encryptGallery(gallery, { first: 1 }).next()).value as Uint8Array;
  await expect(one.server.acceptBlock(block)).rejects.toThrow(/key/);
  await expect(one.server.match(await other.client.probe(row(gallery, 0)))).rejects.toThrow(/key/);
  const result = await other.server.match(await other.client.probe(row(gallery, 0)));
  await expect(one.client.scores(result)).rejects.toThrow(/key/);
  // One key under other parameters is another key.
  const coarse = planMatching({ ...bothEncrypted, scale: 100 });
  const key = await one.client.exportKey();
  await expect(openMatchClient(coarse, { tenant: 'test', linkKey: LINK_KEY, key })).rejects.toThrow(
    "secret key: not of this plan's parameters",
  );
});

test.each([
  { mode: 'encrypted-gallery', dimension: 8 },
  { mode: 'encrypted-probe', dimension: 8 },
  bothEncrypted,
] as const)(
  'matching changes neither the gallery nor the probe nor what is stored (TenSEAL #354): %j',
  async setting => {
    const plan = planMatching(setting);
    const gallery = randomRows(20, plan.dimension, 1);
    const face = row(gallery, 3);
    const [galleryBefore, faceBefore] = [gallery.data.slice(), face.slice()];
    await using both = await openBoth(plan, gallery);
    const expected = clearScores(plan, gallery, face);
    for (let turn = 0; turn < 3; turn++) {
      const probe = await both.client.probe(face);
      const sent = probe.slice();
      const result = await both.server.match(probe);
      const received = result.slice();
      expect(await both.client.scores(result)).toEqual(expected);
      expect(probe).toEqual(sent);
      expect(result).toEqual(received);
    }
    expect(gallery.data).toEqual(galleryBefore);
    expect(face).toEqual(faceBefore);
  },
);

test('a product that fails in one of several threads fails alone; the process and the next match go on (TenSEAL #150)', async () => {
  const plan = planMatching(bothEncrypted);
  const client = await openMatchClient(plan, { tenant: 'test', linkKey: LINK_KEY });
  const server = await openMatchServer(plan, { tenant: 'test', linkKey: LINK_KEY, keyId: client.keyId, workers: 2 });
  const gallery = randomRows(plan.blockSize + 5, 4, 1);
  for await (const block of client.encryptGallery(gallery)) await server.acceptBlock(block);
  // Without the keys for relinearisation no product can be computed.
  await expect(server.match(await client.probe(row(gallery, 0)))).rejects.toMatchObject({ name: 'BiolensError' });
  await server.acceptKeys((await client.evaluationKeys())!);
  const probes = await Promise.all([0, 1, 4100].map(i => client.probe(row(gallery, i))));
  const results = await Promise.all(probes.map(probe => server.match(probe)));
  for (const [k, i] of [0, 1, 4100].entries())
    expect(await client.scores(results[k]!)).toEqual(clearScores(plan, gallery, row(gallery, i)));
  await client.close();
  await server.close();
});

test('more templates than a ciphertext holds are matched, also one more and one less (TenSEAL #500)', async () => {
  const plan = planMatching({ mode: 'encrypted-gallery', dimension: 2 });
  for (const n of [plan.blockSize - 1, plan.blockSize, plan.blockSize + 1]) {
    const gallery = randomRows(n, 2, 1);
    await using both = await openBoth(plan, gallery);
    const face = row(gallery, n - 1);
    const result = await both.server.match(await both.client.probe(face));
    expect(await both.client.scores(result)).toEqual(clearScores(plan, gallery, face));
  }
});

test('both encrypted, over and over: SEAL’s memory stays as large as it was (node-seal #68)', async () => {
  const plan = planMatching(bothEncrypted);
  const gallery = randomRows(5, 4, 1);
  await using both = await openBoth(plan, gallery);
  const once = async () => both.client.scores(await both.server.match(await both.client.probe(row(gallery, 3))));
  for (let i = 0; i < 5; i++) await once();
  const before = await both.server.memory();
  for (let i = 0; i < 15; i++) await once();
  expect(await both.server.memory()).toEqual(before);
});

test('an embedding that is null or has none of its numbers never reaches the store (immich #30274)', async () => {
  const place = PLACES[0]!;
  await place.begin();
  {
    await using gallery = await openGallery(place, { keys: join(folder, 'null.json') });
    const enroll = (embedding: unknown) =>
      gallery.enroll('door', { subject: 'anna', embedding: embedding as number[], idempotencyKey: 'key' });
    for (const embedding of [[], [null], Array(CONFIG.dimension).fill(Number.NaN), Array(CONFIG.dimension).fill(0)])
      await expect(enroll(embedding)).rejects.toMatchObject({ code: 'input' });
    expect(gallery.size).toBe(0);
    await enroll(faceOf(1));
  }
  // And the database itself has no place for a template without its record that was not revoked.
  const database = new DatabaseSync(place.spec());
  expect(() => database.exec('UPDATE templates SET record = NULL')).toThrow('CHECK');
  database.close();
  await place.end();
});

test('a write that breaks off leaves no row without its vector (immich #30294)', async () => {
  const place = PLACES[0]!;
  await place.begin();
  const keys = join(folder, 'broken.json');
  {
    const ring = await KeyRing.open(keys, { create: true });
    let broken = 0;
    const failing = {
      seal: (...given: Parameters<KeyRing['seal']>) => {
        // As when the disk or the key holder fails between the row and its vector.
        if (broken++ % 2 === 0) throw new Error('the disk is full');
        return ring.seal(...given);
      },
      open: ring.open.bind(ring),
      reseal: ring.reseal.bind(ring),
      tag: ring.tag.bind(ring),
      add: ring.add.bind(ring),
      removeBefore: ring.removeBefore.bind(ring),
    };
    await using gallery = await openGallery(place, { keys, sealer: failing });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 10 }, (_, i) =>
        gallery.enroll('door', { subject: `person ${i}`, embedding: faceOf(i), idempotencyKey: `${i}` }),
      ),
    );
    expect(new Set(outcomes.map(({ status }) => status)).has('rejected')).toBe(true);
  }
  {
    await using gallery = await openGallery(place, { keys });
    const database = new DatabaseSync(place.spec());
    const counted = database.prepare('SELECT COUNT(*) AS n, COUNT(record) AS sealed FROM templates').get();
    database.close();
    expect(counted).toEqual({ n: gallery.size, sealed: gallery.size });
  }
  await place.end();
});

test('a key of a later version, or none, is refused by name and ends no process (OpenFHE #559)', async () => {
  const plan = planMatching({ mode: 'encrypted-gallery', dimension: 8 });
  await using first = await openMatchClient(plan, { tenant: 'test', linkKey: LINK_KEY });
  const key = await first.exportKey();
  // SEAL's own header: magic, its size, major and minor version.
  const later = Uint8Array.from(key);
  later[3] = 99;
  const cut = key.slice(0, key.length / 2);
  const other = await openMatchClient(planMatching({ mode: 'both-encrypted', dimension: 8 }), {
    tenant: 'test',
    linkKey: LINK_KEY,
  });
  for (const wrong of [later, cut, new Uint8Array(100), await other.exportKey()])
    await expect(openMatchClient(plan, { tenant: 'test', linkKey: LINK_KEY, key: wrong })).rejects.toMatchObject({
      name: 'BiolensError',
      code: 'input',
    });
  await other.close();
  // And the right one still opens.
  await using again = await openMatchClient(plan, { tenant: 'test', linkKey: LINK_KEY, key });
  expect(again.keyId).toEqual(first.keyId);
});
