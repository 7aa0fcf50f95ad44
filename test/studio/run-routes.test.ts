import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Hono } from 'hono';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { JobHost } from '../../src/app/host/index.ts';
import { JOBS } from '../../src/app/jobs.ts';
import { createStudio } from '../../src/app/studio/index.ts';
import { RunIndex } from '../../src/app/studio/run-index.ts';
import { RunWatcher } from '../../src/app/studio/watch-run.ts';
import {
  binnedRunsSchema,
  folderListSchema,
  type RunRow,
  runComparisonSchema,
  runListSchema,
} from '../../src/ground/contracts/index.ts';
import { createRun, type Run } from '../../src/kit/runs/index.ts';
import { type BuiltPage, buildPage } from '../web/built-page.ts';
import { type MadeRuns, makeRuns } from './make-runs.ts';

const TOKEN = 'a-token-of-the-tests';
const OWN = { origin: 'http://127.0.0.1:4000', 'content-type': 'application/json', 'x-biolens': '1' };

describe('routes on runs', () => {
  let built: BuiltPage;
  let made: MadeRuns;
  let host: JobHost;
  let app: Hono;
  let cookie = '';
  let second: Run;

  beforeAll(async () => {
    built = buildPage();
    made = await makeRuns();
    second = await createRun({
      kind: 'audit',
      name: 'second',
      runsDir: made.runsDir,
      seed: 1,
      configuration: { training: join(made.folder, 'training'), generated: join(made.folder, 'generated') },
      digests: { training: 'aa', generated: 'bb' },
      now: () => new Date('2026-11-25T10:00:00Z'),
    });
    await second.complete(made.report);
    host = new JobHost({ jobs: JOBS, runsDir: made.runsDir, roots: [made.folder], models: null });
    app = await createStudio({ runsDir: made.runsDir, roots: [made.folder], token: TOKEN, host, pollMs: 10, ...built });
    const response = await app.request(`/?token=${TOKEN}`, { headers: { host: '127.0.0.1:4000' } });
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? '';
  });
  afterAll(async () => {
    await host.close();
    made.remove();
    built.remove();
  });

  const get = async (path: string): Promise<Response> =>
    app.request(path, { headers: { host: '127.0.0.1:4000', cookie } });
  const post = async (path: string, body: unknown = {}, headers: Record<string, string> = OWN): Promise<Response> =>
    app.request(path, {
      method: 'POST',
      headers: { host: '127.0.0.1:4000', cookie, ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  const rowOf = async (id: string): Promise<RunRow | undefined> =>
    runListSchema.parse(await (await get('/api/runs')).json()).find(row => row.id === id);

  describe('notes', () => {
    test('and tags are written into the run’s folder, whole, and come back with the list', async () => {
      const notes = { notes: 'Skewed?\nAsk Ada.', tags: ['baseline', 'v2', 'baseline'] };
      expect((await post(`/api/runs/${second.id}/notes`, notes)).status).toBe(200);
      expect(await rowOf(second.id)).toMatchObject({ notes: 'Skewed?\nAsk Ada.', tags: ['baseline', 'v2'] });
      expect(readdirSync(second.path).filter(name => name.endsWith('.tmp'))).toEqual([]);
      expect((await post(`/api/runs/${second.id}/notes`, {})).status).toBe(200);
      expect(await rowOf(second.id)).toMatchObject({ notes: '', tags: [] });
    });

    test.each([
      ['too long', { notes: 'x'.repeat(4001) }, '"notes"'],
      ['too many tags', { tags: Array.from({ length: 21 }, (_, i) => `t${i}`) }, '"tags"'],
      ['an empty tag', { tags: ['  '] }, '"tags.0"'],
      ['a tag with a control character', { tags: ['a\u001b[2J'] }, '"tags.0"'],
      ['another field', { path: '/etc' }, 'path'],
      ['no JSON', '{', 'JSON'],
    ])('%s are refused, naming the field, and nothing is written', async (_, body, named) => {
      const before = readFileSync(join(second.path, 'notes.json'), 'utf8');
      const response = await post(`/api/runs/${second.id}/notes`, body);
      expect(response.status).toBe(422);
      expect(JSON.stringify(await response.json()).replaceAll('\\"', '"')).toContain(named);
      expect(readFileSync(join(second.path, 'notes.json'), 'utf8')).toBe(before);
    });

    test('a body of a megabyte is not read', async () => {
      expect((await post(`/api/runs/${second.id}/notes`, { notes: 'x'.repeat(2 ** 20) })).status).toBe(413);
    });

    test('that are a link, a pipe, or not what they should be are as none', async () => {
      const file = join(second.path, 'notes.json');
      writeFileSync(join(made.folder, 'elsewhere.json'), '{"notes":"secret"}');
      for (const put of [
        () => symlinkSync(join(made.folder, 'elsewhere.json'), file),
        () => execFileSync('mkfifo', [file]),
        () => writeFileSync(file, '{"notes":3}'),
        () => writeFileSync(file, `{"notes":"${' '.repeat(70_000)}"}`),
        () => mkdirSync(file),
      ]) {
        rmSync(file, { recursive: true, force: true });
        put();
        expect(await rowOf(second.id)).toMatchObject({ notes: '', tags: [] });
      }
      rmSync(file, { recursive: true, force: true });
      // Writing takes the place of a link; it does not follow it.
      symlinkSync(join(made.folder, 'elsewhere.json'), file);
      expect((await post(`/api/runs/${second.id}/notes`, { notes: 'mine' })).status).toBe(200);
      expect(readFileSync(join(made.folder, 'elsewhere.json'), 'utf8')).toContain('secret');
      expect(await rowOf(second.id)).toMatchObject({ notes: 'mine' });
    });
  });

  describe('the list', () => {
    test('has headline, duration and data', async () => {
      expect(await rowOf(second.id)).toMatchObject({
        headline: { label: 'copies', unit: 'share', level: 'bad', metric: made.report.replication.copied },
        pending: false,
        data: [
          { role: 'training', name: 'training', digest: 'aa' },
          { role: 'generated', name: 'generated', digest: 'bb' },
        ],
      });
    });

    test('has a run whose folder was renamed, and opens it', async () => {
      const run = await createRun({ kind: 'audit', name: 'moved', runsDir: made.runsDir, seed: 1, configuration: {} });
      await run.interrupt();
      renameSync(run.path, join(made.runsDir, 'a-better-name'));
      expect(await rowOf(run.id)).toMatchObject({ status: 'interrupted' });
      expect((await get(`/api/runs/${run.id}`)).status).toBe(200);
      const fresh = new RunIndex({ runsDir: made.runsDir, jobs: JOBS });
      expect((await fresh.find(run.id))?.path).toBe(join(made.runsDir, 'a-better-name'));
      rmSync(join(made.runsDir, 'a-better-name'), { recursive: true });
      expect(await fresh.find(run.id)).toBeNull();
    });

    test('waits for no pipe', async () => {
      const file = join(second.path, 'report.json');
      const text = readFileSync(file, 'utf8');
      rmSync(file);
      execFileSync('mkfifo', [file]);
      expect(await rowOf(second.id)).toMatchObject({ headline: null, pending: false });
      rmSync(file);
      writeFileSync(file, text);
    });

    test('follows a report that has changed, and shows none that is not a report', async () => {
      const file = join(second.path, 'report.json');
      const text = readFileSync(file, 'utf8');
      writeFileSync(file, '{"schema":"biolens/audit@1"}');
      expect(await rowOf(second.id)).toMatchObject({ headline: null, pending: false });
      writeFileSync(file, text);
      expect((await rowOf(second.id))?.headline).not.toBeNull();
    });
  });

  describe('the bin', () => {
    test('takes a run out of the list and gives it back as it was', async () => {
      const run = await createRun({
        kind: 'audit',
        name: 'unwanted',
        runsDir: made.runsDir,
        seed: 1,
        configuration: {},
      });
      const { id } = run;
      const busy = await post(`/api/runs/${id}/bin`);
      expect(busy.status).toBe(422);
      expect(JSON.stringify(await busy.json())).toContain('stop it first');
      await run.interrupt();
      const record = readFileSync(join(run.path, 'run.json'), 'utf8');
      const binned = await (await post(`/api/runs/${id}/bin`)).json();
      expect(await rowOf(id)).toBeUndefined();
      expect((await get(`/api/runs/${id}`)).status).toBe(404);
      expect(existsSync(run.path)).toBe(false);
      const bin = binnedRunsSchema.parse(await (await get('/api/bin')).json());
      expect(bin).toEqual([{ name: binned.id, title: id, kind: 'audit' }]);
      expect((await post(`/api/bin/${binned.id}/restore`)).status).toBe(200);
      expect(readFileSync(join(run.path, 'run.json'), 'utf8')).toBe(record);
      expect(await rowOf(id)).toBeDefined();
      expect(binnedRunsSchema.parse(await (await get('/api/bin')).json())).toEqual([]);
    });

    test('restores nothing over a run that is there, and nothing by a name that leads elsewhere', async () => {
      const run = await createRun({ kind: 'audit', name: 'twice', runsDir: made.runsDir, seed: 1, configuration: {} });
      await run.interrupt();
      const { id: name } = await (await post(`/api/runs/${run.id}/bin`)).json();
      mkdirSync(run.path);
      const response = await post(`/api/bin/${name}/restore`);
      expect(response.status).toBe(422);
      expect(JSON.stringify(await response.json())).toContain('there is another run');
      for (const wrong of ['..', '%2e%2e', `..%2f${made.run.id}`, '.bin', 'nothing', '%00'])
        expect((await post(`/api/bin/${wrong}/restore`)).status).toBeGreaterThanOrEqual(400);
      expect(existsSync(made.run.path)).toBe(true);
      rmSync(run.path, { recursive: true });
    });
  });

  test('two runs are compared; one that is not there is named', async () => {
    const { runs } = runComparisonSchema.parse(
      await (await get(`/api/compare?runs=${made.run.id},${second.id}`)).json(),
    );
    expect(runs.map(({ id }) => id)).toEqual([made.run.id, second.id]);
    for (const [query, message] of [
      ['', '"runs"'],
      ['runs=', '"runs"'],
      [`runs=${second.id}`, '2 to 8'],
      [`runs=${second.id},..%2f..`, 'there is no run'],
      [`runs=${Array.from({ length: 9 }, () => second.id).join(',')}`, '2 to 8'],
    ]) {
      const response = await get(`/api/compare?${query}`);
      expect(response.status).toBe(422);
      expect(JSON.stringify(await response.json()).replaceAll('\\"', '"')).toContain(message);
    }
  });

  describe('folders', () => {
    const list = async (path?: string): Promise<Response> =>
      await get(`/api/folders${path === undefined ? '' : `?path=${encodeURIComponent(path)}`}`);

    test('are listed within the roots, by names alone', async () => {
      const top = folderListSchema.parse(await (await list()).json());
      expect(top).toMatchObject({ path: null, parent: null });
      const [root] = top.folders;
      const inside = folderListSchema.parse(await (await list(root!.path)).json());
      expect(inside.parent).toBeNull();
      expect(inside.folders.map(({ name }) => name)).toEqual(expect.arrayContaining(['generated', 'runs', 'training']));
      const training = folderListSchema.parse(await (await list(join(root!.path, 'training'))).json());
      expect(training.parent).toBe(root!.path);
      expect(training.files.map(({ name }) => name)).toContain('a.png');
      expect(Object.keys(training.files[0]!)).toEqual(['name', 'path']);
    });

    test('outside are refused, links that lead out are not listed, and neither tells what is there', async () => {
      symlinkSync('/etc', join(made.folder, 'training/out'));
      symlinkSync('/etc/hostname', join(made.folder, 'training/host'));
      const names = folderListSchema.parse(await (await list(join(made.folder, 'training'))).json());
      expect([...names.folders, ...names.files].map(({ name }) => name)).not.toEqual(expect.arrayContaining(['out']));
      expect(names.files.map(({ name }) => name)).not.toContain('host');
      const said = new Set<string>();
      for (const path of ['/etc', '/nothing-there', `${made.folder}/..`, `${made.folder}/training/out`, 'a\u0000b']) {
        const response = await list(path);
        expect(response.status).toBe(422);
        said.add(JSON.stringify(await response.json()).replace(JSON.stringify(path).slice(1, -1), ''));
      }
      expect(said.size).toBe(1);
    });

    test('a file is no folder', async () => {
      const response = await list(join(made.folder, 'training/a.png'));
      expect(response.status).toBe(422);
      expect(JSON.stringify(await response.json())).toContain('not a folder');
    });
  });

  describe('a request that writes', () => {
    const paths = (): string[] => [
      `/api/runs/${made.run.id}/notes`,
      `/api/runs/${made.run.id}/bin`,
      `/api/bin/${made.run.id}/restore`,
    ];
    const snapshot = (): string[] => readdirSync(made.runsDir, { recursive: true }).map(String).sort();

    test.each<[string, Record<string, string>]>([
      ['of another site', { ...OWN, origin: 'https://evil.example' }],
      ['of another port', { ...OWN, origin: 'http://127.0.0.1:4001' }],
      ['without an origin', { ...OWN, origin: '' }],
      ['without the header', { origin: OWN.origin, 'content-type': OWN['content-type'] }],
      ['that is no JSON', { ...OWN, 'content-type': 'text/plain' }],
      ['to another host', { ...OWN, host: 'evil.example' }],
      ['without the cookie', { ...OWN, cookie: '' }],
      ['by a page of another site', { ...OWN, 'sec-fetch-site': 'cross-site' }],
    ])('%s writes nothing', async (_, headers) => {
      const before = snapshot();
      for (const path of paths()) expect((await post(path, {}, headers)).status).toBeGreaterThanOrEqual(400);
      expect(snapshot()).toEqual(before);
    });

    test('to a studio that only shows writes nothing, and there is no list of folders', async () => {
      const shows = await createStudio({ runsDir: made.runsDir, roots: [made.folder], token: TOKEN, ...built });
      const before = snapshot();
      const headers = { host: '127.0.0.1:4000', cookie, ...OWN };
      for (const path of paths())
        expect((await shows.request(path, { method: 'POST', headers, body: '{}' })).status).toBe(405);
      expect((await shows.request('/api/folders', { headers: { host: '127.0.0.1:4000', cookie } })).status).toBe(404);
      expect((await shows.request('/api/bin', { headers: { host: '127.0.0.1:4000', cookie } })).status).toBe(404);
      expect(snapshot()).toEqual(before);
    });
  });

  test('a run is followed by one look at a time, however many follow it, and none at the other runs', async () => {
    const run = await createRun({ kind: 'audit', name: 'live', runsDir: made.runsDir, seed: 1, configuration: {} });
    const index = new RunIndex({ runsDir: made.runsDir, jobs: JOBS });
    const asked: string[] = [];
    const watcher = new RunWatcher({
      find: id => {
        asked.push(id);
        return index.find(id);
      },
      pollMs: 20,
    });
    const signal = new AbortController().signal;
    const found = await index.get(run.id);
    const follow = async () => await Array.fromAsync(watcher.follow(found, signal));
    const followers = Array.from({ length: 6 }, follow);
    await run.append({ n: 1 });
    await new Promise(done => setTimeout(done, 200));
    await run.append({ n: 2 });
    await run.interrupt();
    const seen = await Promise.all(followers);
    for (const events of seen) {
      expect(events.at(-1)).toEqual({ status: 'interrupted', itemsDone: 2 });
      expect(events.length).toBeLessThan(5);
    }
    expect(new Set(asked)).toEqual(new Set([run.id]));
    // 200 ms and more at one look every 20 ms; six followers of their own would make 60.
    expect(watcher.looks).toBeLessThan(30);
  });
});
