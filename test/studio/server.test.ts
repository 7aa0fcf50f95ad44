import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createStudio } from '../../src/app/studio/index.ts';
import { reportPageSchema, runEventSchema, runListSchema } from '../../src/ground/contracts/index.ts';
import { decodeImage, sniffFormat } from '../../src/kit/images/index.ts';
import { createRun } from '../../src/kit/runs/index.ts';
import { type BuiltPage, buildPage } from '../web/built-page.ts';
import { FORBIDDEN, type MadeRuns, makeRuns } from './make-runs.ts';

const TOKEN = 'a-token-of-the-tests';

describe('the studio’s routes', () => {
  let built: BuiltPage;
  let made: MadeRuns;
  let app: Hono;
  let cookie = '';

  beforeAll(async () => {
    built = buildPage();
    made = await makeRuns();
    app = await createStudio({ runsDir: made.runsDir, roots: [made.folder], token: TOKEN, pollMs: 10, ...built });
    const response = await app.request(`/?token=${TOKEN}`, { headers: { host: '127.0.0.1:4000' } });
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? '';
  });
  afterAll(() => {
    made.remove();
    built.remove();
  });

  const get = async (path: string, headers: Record<string, string> = {}, method = 'GET'): Promise<Response> =>
    app.request(path, { method, headers: { host: '127.0.0.1:4000', cookie, ...headers } });
  const picture = (set: string, file: string, more = ''): Promise<Response> =>
    get(`/api/runs/${made.run.id}/image?${new URLSearchParams({ set, file })}${more}`);

  describe('the door', () => {
    test('the token in the address becomes a strict cookie that scripts cannot read, and leaves the address', async () => {
      const response = await app.request(`/runs/x?token=${TOKEN}`, { headers: { host: 'localhost:4000' } });
      expect(response.status).toBe(303);
      expect(response.headers.get('location')).toBe('/runs/x');
      const set = response.headers.get('set-cookie') ?? '';
      expect(set).toMatch(/^biolens-[0-9a-f]{12}=/);
      for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/']) expect(set).toContain(part);
      expect((await get('/')).status).toBe(200);
    });

    test.each(['/', '/runs/x', '/api/runs', '/api/runs/x', '/api/runs/x/image', '/api/runs/x/events', '/nothing'])(
      '%s is shut without the token, with a wrong one, and with a wrong cookie',
      async path => {
        for (const attempt of [
          await get(path, { cookie: '' }),
          await get(`${path}?token=wrong`),
          await get(`${path}?token=`),
          await get(path, { cookie: `${cookie.split('=')[0]}=wrong` }),
        ]) {
          expect(attempt.status).toBe(401);
          expect(attempt.headers.get('set-cookie')).toBeNull();
          expect(await attempt.text()).not.toContain('<html');
        }
      },
    );

    test('the redirect never leaves this machine', async () => {
      for (const path of ['//evil.example/', '/\\evil.example/', '///evil.example']) {
        const response = await app.request(`http://127.0.0.1${path}?token=${TOKEN}`, {
          headers: { host: '127.0.0.1' },
        });
        const location = new URL(response.headers.get('location') ?? '/', 'http://127.0.0.1');
        expect(location.host).toBe('127.0.0.1');
      }
    });

    test.each(['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:4000', '[::1]:4000', '0.0.0.0', ''])(
      'the host %j is refused, token or not',
      async host => {
        const response = await app.request(`/?token=${TOKEN}`, {
          headers: host === '' ? { cookie } : { host, cookie },
        });
        expect(response.status).toBe(421);
        expect(response.headers.get('set-cookie')).toBeNull();
      },
    );

    test.each(['POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])('%s is refused', async method => {
      expect((await get('/api/runs', {}, method)).status).toBe(405);
    });

    test('other pages of this browser cannot use its cookie', async () => {
      for (const site of ['cross-site', 'same-site']) {
        const headers = { 'sec-fetch-site': site, 'sec-fetch-mode': 'no-cors', 'sec-fetch-dest': 'image' };
        expect((await get('/api/runs', headers)).status).toBe(403);
        expect((await get('/', { 'sec-fetch-site': site, 'sec-fetch-mode': 'navigate' })).status).toBe(200);
      }
      expect((await get('/api/runs', { 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' })).status).toBe(200);
    });

    test('every answer carries the headers that keep it to itself', async () => {
      for (const path of ['/', '/api/runs', '/nothing', `/?token=wrong`]) {
        const { headers } = await get(path);
        expect(headers.get('x-content-type-options')).toBe('nosniff');
        expect(headers.get('referrer-policy')).toBe('no-referrer');
        expect(headers.get('cross-origin-resource-policy')).toBe('same-origin');
        expect(headers.get('cache-control')).toBe('no-store');
        expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'.*frame-ancestors 'none'$/);
        expect(headers.get('access-control-allow-origin')).toBeNull();
      }
      expect((await get('/')).headers.get('content-security-policy')).toMatch(/script-src 'sha256-/);
    });
  });

  describe('runs', () => {
    test('the list and one run fit their contracts', async () => {
      const list = runListSchema.parse(await (await get('/api/runs')).json());
      expect(list).toEqual([
        {
          id: made.run.id,
          kind: 'audit',
          status: 'done',
          startedAt: '2026-11-24T10:00:00.000Z',
          title: 'Audit of generated against training',
          seconds: 0,
          headline: { label: 'copies', metric: made.report.replication.copied, unit: 'share', level: 'bad' },
          pending: false,
          notes: '',
          tags: [],
          data: [],
        },
      ]);
      const page = reportPageSchema.parse(await (await get(`/api/runs/${made.run.id}`)).json());
      expect(page.report).toEqual(made.report);
      expect(page).toMatchObject({ itemsDone: 2, images: {}, blurred: false });
    });

    test('a run that is not there, or named in part, is not found', async () => {
      for (const id of ['x', 'faces', 'latest', '..', '%2e%2e', '..%2fruns']) {
        for (const rest of ['', '/image?set=training&file=a.png', '/events']) {
          expect((await get(`/api/runs/${id}${rest}`)).status).toBe(404);
        }
      }
    });

    test('a report that cannot be read is an error that names the file', async () => {
      const run = await createRun({ kind: 'audit', runsDir: made.runsDir, seed: 1, configuration: {} });
      await run.complete({ schema: 'biolens/audit@1' });
      const response = await get(`/api/runs/${run.id}`);
      expect(response.status).toBe(422);
      expect(JSON.stringify(await response.json())).toContain('report.json');
      writeFileSync(join(run.path, 'run.json'), '{');
      expect((await get('/api/runs')).status).toBe(200);
      expect((await get(`/api/runs/${run.id}`)).status).toBe(404);
    });

    test('events follow a run to its end', async () => {
      const run = await createRun({ kind: 'audit', runsDir: made.runsDir, seed: 1, configuration: {} });
      await run.append({ n: 1 });
      const response = await get(`/api/runs/${run.id}/events`);
      expect(response.headers.get('content-type')).toContain('text/event-stream');
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
      const first = await reader?.read();
      await run.append({ n: 2 });
      await run.interrupt();
      let text = first?.value ?? '';
      for (let part = await reader?.read(); part !== undefined && !part.done; part = await reader?.read())
        text += part.value;
      const events = [...text.matchAll(/^data: ?(.*)$/gm)].map(([, data = '']) =>
        runEventSchema.parse(JSON.parse(data)),
      );
      expect(events[0]).toEqual({ status: 'running', itemsDone: 1 });
      expect(events.at(-1)).toEqual({ status: 'interrupted', itemsDone: 2 });
    });
  });

  describe('pictures', () => {
    test('one that the report names is served small, as WebP', async () => {
      for (const [set, file] of [
        ['training', 'a.png'],
        ['generated', 'b.png'],
        ['training', 'link-within.png'],
      ] as const) {
        const response = await picture(set, file, '&size=32');
        expect(response.status).toBe(200);
        expect(response.headers.get('content-type')).toBe('image/webp');
        const bytes = new Uint8Array(await response.arrayBuffer());
        expect(sniffFormat(bytes)).toBe('WebP');
        expect(await decodeImage(bytes)).toMatchObject({ width: 32, height: 32 });
      }
    });

    test.each(Object.entries(FORBIDDEN))('%s (%j) is not served, although the report names it', async (_, file) => {
      expect((await picture('training', file)).status).toBe(404);
    });

    test('nor is what the report does not name, another set’s, or what is gone', async () => {
      for (const [set, file] of [
        ['training', 'not-named.png'],
        ['training', 'gone.png'],
        ['training', './a.png'],
        ['generated', 'link-within.png'],
        ['heldout', 'a.png'],
      ] as const) {
        expect((await picture(set, file)).status).toBe(404);
      }
    });

    test('a file that is no picture, and questions that make no sense, are refused', async () => {
      expect((await picture('training', 'broken.png')).status).toBe(422);
      expect((await picture('elsewhere', 'a.png')).status).toBe(400);
      expect((await picture('training', 'a.png', '&size=100000')).status).toBe(400);
      expect((await get(`/api/runs/${made.run.id}/image`)).status).toBe(400);
    });

    test('a studio that blurs does so before the picture leaves it', async () => {
      const asked: boolean[] = [];
      const blurred = await createStudio({
        runsDir: made.runsDir,
        roots: [made.folder],
        token: TOKEN,
        blur: true,
        images: async (_path, { blur }) => {
          asked.push(blur);
          return new Uint8Array(1);
        },
        ...built,
      });
      const headers = { host: '127.0.0.1', cookie };
      await blurred.request(`/api/runs/${made.run.id}/image?set=training&file=a.png&blur=0`, { headers });
      expect(asked).toEqual([true]);
      const page = await (await blurred.request(`/api/runs/${made.run.id}`, { headers })).json();
      expect(reportPageSchema.parse(page).blurred).toBe(true);
    });
  });
});
