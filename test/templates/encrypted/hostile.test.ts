import { describe, expect, test } from 'vitest';
import { row } from '../../../src/ground/math/index.ts';
import { Envelopes, planMatching, type Setting } from '../../../src/jobs/templates/encrypted/index.ts';
import { limitsOf } from '../../../src/jobs/templates/encrypted/seal/sizes.ts';
import { ATTACKS, attack, hostileStream } from './hostile.ts';
import { clearScores, LINK_KEY, openBoth, randomRows } from './matching.ts';

const SETTINGS: readonly Setting[] = [
  { mode: 'encrypted-gallery', dimension: 8 },
  { mode: 'encrypted-probe', dimension: 8 },
  { mode: 'both-encrypted', dimension: 8 },
  { mode: 'both-encrypted', scheme: 'ckks', dimension: 8 },
];

/** The slow run does 10,000 of them in each mode. */
const CASES = Number(process.env.BIOLENS_HOSTILE_CASES ?? 300);

describe('hostile messages are refused before SEAL sees them', () => {
  test.each(SETTINGS)('%j', { timeout: 3_600_000 }, async setting => {
    const plan = planMatching(setting);
    const gallery = randomRows(20, 8, 1);
    await using both = await openBoth(plan, gallery);
    const { client, server } = both;
    const channel = { plan, tenant: 'test', linkKey: LINK_KEY, keyId: client.keyId };
    const others = {
      key: { ...channel, linkKey: LINK_KEY.map(byte => byte ^ 1) },
      tenant: { ...channel, tenant: 'another' },
      mode: { ...channel, plan: planMatching({ ...setting, dimension: 9 }) },
    };
    const envelopes = await Envelopes.open(channel);
    const probe = await client.probe(row(gallery, 0));
    const blocks = plan.mode === 'encrypted-probe' ? [] : [await client.encryptGallery(gallery, { first: 7 }).next()];
    const genuine = await Promise.all(
      [
        { kind: 'probe' as const, sealed: probe },
        ...blocks.map(({ value }) => ({ kind: 'block' as const, sealed: value as Uint8Array })),
      ].map(async ({ kind, sealed }) => {
        const { parts } = await envelopes.open(sealed, kind, limitsOf(plan));
        return { kind, sealed, parts, channel, others };
      }),
    );
    const clearProbe = plan.mode === 'encrypted-gallery';
    const before = await server.memory();
    const random = hostileStream(5);
    const refused = new Map<string, number>();
    for (let i = 0; i < CASES; i++) {
      const one = genuine[i % genuine.length]!;
      const how = ATTACKS[random.integer(ATTACKS.length)]!;
      // A probe in the clear is no blob of SEAL.
      if (one.kind === 'probe' && clearProbe && ['compressed', 'not of SEAL', 'lying length'].includes(how)) continue;
      const message = await attack(how, one, random);
      const given = one.kind === 'probe' ? server.match(message) : server.acceptBlock(message);
      await expect(given, how).rejects.toMatchObject({ name: 'BiolensError', code: 'input' });
      refused.set(how, (refused.get(how) ?? 0) + 1);
    }
    expect([...refused.keys()].sort()).toEqual([...ATTACKS].sort());
    const after = await server.memory();
    expect(after.replaced).toBe(0);
    expect(after.bytes[0]! / before.bytes[0]!).toBeLessThan(1.05);

    // It still works, once: a replayed probe is refused, and so are a replayed block and a replayed result.
    const result = await server.match(probe);
    await expect(server.match(probe)).rejects.toThrow('probe: seen before');
    if (setting.scheme !== 'ckks')
      expect(await client.scores(result)).toEqual(clearScores(plan, gallery, row(gallery, 0)));
    else await client.decide(result, { threshold: 0, identities: Array(20).fill('a') });
    await expect(client.scores(result)).rejects.toThrow(setting.scheme === 'ckks' ? 'CKKS' : 'of no probe');
    for (const { value } of blocks) {
      await server.acceptBlock(value as Uint8Array);
      await expect(server.acceptBlock(value as Uint8Array)).rejects.toThrow('number 7 is there already');
    }
  });

  test('what a lying client says of its probe cannot make a score wrap', async () => {
    const plan = planMatching({ mode: 'encrypted-gallery', dimension: 8 });
    await using both = await openBoth(plan, randomRows(2, 8, 1));
    const envelopes = await Envelopes.open({ plan, tenant: 'test', linkKey: LINK_KEY, keyId: both.client.keyId });
    const long = new Uint8Array(new Int16Array(8).fill(32_000).buffer);
    const sealed = await envelopes.seal({ kind: 'probe', block: 0, count: 1, parts: [long] });
    await expect(both.server.match(sealed)).rejects.toThrow('probe: longer than a unit vector at scale 250');
    const zeros = await envelopes.seal({ kind: 'probe', block: 0, count: 1, parts: [new Uint8Array(16)] });
    await expect(both.server.match(zeros)).rejects.toThrow('probe: all zeros');
  });

  test('an old probe, and one of the future, are refused', async () => {
    const plan = planMatching({ mode: 'encrypted-gallery', dimension: 8 });
    await using both = await openBoth(plan, randomRows(2, 8, 1));
    const envelopes = await Envelopes.open({ plan, tenant: 'test', linkKey: LINK_KEY, keyId: both.client.keyId });
    const part = new Uint8Array(Int16Array.of(250, 0, 0, 0, 0, 0, 0, 0).buffer);
    for (const time of [Date.now() - 301_000, Date.now() + 301_000, Number.NaN]) {
      const sealed = await envelopes.seal({ kind: 'probe', block: 0, count: 1, parts: [part], time });
      await expect(both.server.match(sealed)).rejects.toThrow('expected at most 300');
    }
  });
});
