import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  GalleryClient,
  type GalleryService,
  LimitedError,
  limitsSchema,
} from '../../../src/jobs/templates/gallery/index.ts';
import { Clients, createGalleryApp, RIGHTS } from '../../../src/jobs/templates/gallery/node.ts';
import { faceOf, openGallery, PLACES } from './stores.ts';

describe('the gallery over HTTP', () => {
  const place = PLACES[0]!;
  let folder = '';
  let service: GalleryService;
  let app: ReturnType<typeof createGalleryApp>;
  let tokens = { all: '', door: '' };
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'biolens-http-'));
    await place.begin();
    const limits = limitsSchema.parse({ subject: { lockAfter: 3, free: 2 } });
    service = await openGallery(place, { keys: join(folder, 'keys.json'), limits });
    const clients = await Clients.open(join(folder, 'clients.json'));
    tokens = { all: await clients.add('operator', RIGHTS), door: await clients.add('door', ['match']) };
    // As a restart would read them.
    app = createGalleryApp(service, await Clients.open(join(folder, 'clients.json')));
  });
  afterAll(async () => {
    await service.close();
    await place.end();
    rmSync(folder, { recursive: true });
  });
  const client = (token: string, send?: typeof fetch): GalleryClient =>
    new GalleryClient({
      url: 'http://gallery',
      token,
      wait: async () => undefined,
      fetch: send ?? (async (input, init) => app.request(String(input).replace('http://gallery', ''), init)),
    });
  const post = (path: string, body: unknown, token = tokens.all) =>
    app.request(`/v1/${path}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });

  test('the typed client enrolls, matches, revokes, re-keys, exports and reads the log', async () => {
    const gallery = client(tokens.all);
    const { template } = await gallery.enroll('anna', Float32Array.from(faceOf(1)), { idempotencyKey: 'one' });
    expect(await gallery.enroll('anna', faceOf(1), { idempotencyKey: 'one' })).toEqual({ template });
    await gallery.enroll('berta', faceOf(2));
    expect(await gallery.verify('anna', faceOf(1))).toEqual({ accepted: true });
    expect(await gallery.identify(faceOf(2), { top: 3 })).toEqual({ matches: [{ identity: 'berta', accepted: true }] });
    expect(await gallery.rekey()).toMatchObject({ generation: 2 });
    await service.rekeyed();
    expect(await gallery.rekeying()).toEqual({ generation: 2, left: 0 });
    const exported = [];
    for await (const one of gallery.export()) exported.push(one);
    expect(exported.map(({ subject, generation }) => [subject, generation]).sort()).toEqual([
      ['anna', 2],
      ['berta', 2],
    ]);
    expect(await gallery.revoke('berta')).toEqual({ revoked: 1 });
    expect(await gallery.health()).toEqual({ status: 'ok' });
    expect(await gallery.metrics()).toContain('biolens_gallery_requests_total{action="verify",outcome="accepted"} 1');
    expect((await gallery.audit()).map(({ action }) => action)).toContain('rekey');
  });

  test('an answer that was lost on the way is asked for again, and makes no second template', async () => {
    let calls = 0;
    const gallery = client(tokens.all, async (input, init) => {
      const answer = await app.request(String(input).replace('http://gallery', ''), init);
      if (calls++ === 0) throw new TypeError('connection reset');
      return answer;
    });
    // Takes in what was revoked before.
    await client(tokens.all).identify(faceOf(1));
    const before = service.size;
    await gallery.enroll('clara', faceOf(3));
    expect(calls).toBe(2);
    await client(tokens.all).verify('clara', faceOf(3));
    expect(service.size).toBe(before + 1);
  });

  test('rights are kept, and a wrong token is told nothing', async () => {
    await expect(client(tokens.door).enroll('x', faceOf(4))).rejects.toThrow('this client may not do that');
    for (const token of ['', 'wrong', `${tokens.all}x`])
      expect((await post('verify', { subject: 'anna', embedding: faceOf(1) }, token)).status).toBe(401);
    expect((await app.request('/v1/metrics')).status).toBe(401);
    expect((await app.request('/v1/health')).status).toBe(200);
  });

  test('rejected, unknown and revoked are one answer; a locked one says when to come back, and no more', async () => {
    const bodies = [];
    for (const subject of ['anna', 'berta', 'nobody']) {
      const answer = await post('verify', { subject, embedding: faceOf(77) }, tokens.door);
      bodies.push([answer.status, await answer.text()]);
    }
    expect(new Set(bodies.map(body => JSON.stringify(body)))).toEqual(new Set(['[200,"{\\"accepted\\":false}"]']));
    const ask = () => client(tokens.door).verify('nobody', faceOf(77));
    await ask();
    await ask();
    await expect(ask()).rejects.toThrow(LimitedError);
    const limited = await post('verify', { subject: 'nobody', embedding: faceOf(77) }, tokens.door);
    expect(limited.status).toBe(429);
    expect(Object.keys((await limited.json()) as object)).toEqual(['error']);
    expect(Number(limited.headers.get('retry-after'))).toBeGreaterThan(80_000);
  });

  test.each([
    ['not JSON', '{', 'the body expected JSON'],
    [
      'a number missing',
      { subject: 'a', embedding: faceOf(1).slice(1), idempotencyKey: 'k' },
      'embedding: expected 16 numbers, got 15',
    ],
    [
      'null among numbers',
      { subject: 'a', embedding: [null, ...faceOf(1).slice(1)], idempotencyKey: 'k' },
      '"embedding.0" expected a number',
    ],
    ['zeros', { subject: 'a', embedding: Array(16).fill(0), idempotencyKey: 'k' }, 'embedding: all zeros'],
    ['no list', { subject: 'a', embedding: 'x', idempotencyKey: 'k' }, '"embedding" expected a list of numbers'],
    ['a name with a control character', { subject: 'a\n', embedding: faceOf(1), idempotencyKey: 'k' }, 'subject'],
    ['an unknown field', { subject: 'a', embedding: faceOf(1), idempotencyKey: 'k', score: 1 }, 'score'],
    ['no key', { subject: 'a', embedding: faceOf(1) }, 'idempotencyKey'],
  ])('%s is refused, naming the field', async (_, body, message) => {
    const answer = await post('enroll', body);
    expect(answer.status).toBe(400);
    const text = await answer.text();
    expect(text.replaceAll('\\"', '"')).toContain(message);
    expect(text.length).toBeLessThan(400);
  });

  test('a name of a million characters, and a body larger than any embedding, are refused before they are read', async () => {
    const answer = await post('enroll', { subject: 'x'.repeat(1e6), embedding: faceOf(1), idempotencyKey: 'k' });
    expect(answer.status).toBe(413);
    const long = await post('enroll', { subject: 'x'.repeat(2000), embedding: faceOf(1), idempotencyKey: 'k' });
    expect(long.status).toBe(400);
  });
});
