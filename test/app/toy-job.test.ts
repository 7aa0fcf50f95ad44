import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { addTallyJob, type House } from './tally.ts';

let house: House;
let images: string;

beforeAll(async () => {
  house = addTallyJob();
  images = join(house.folder, 'images');
  mkdirSync(images);
  const png = Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
    'base64',
  );
  for (const name of ['a.png', 'b.png', 'c.png']) writeFileSync(join(images, name), png);
});
afterAll(() => house.remove());

const runsIn = (name: string): string[] => {
  try {
    return readdirSync(join(house.folder, name));
  } catch {
    return [];
  }
};

describe('the smallest job, added to a copy of the house', () => {
  test('touches one file outside its folder', () => {
    expect(house.touched).toEqual(['src/app/job-list.ts']);
  });

  test('is a verb with help, defaults and a page', async () => {
    const help = await house.biolens('tally', '--help');
    expect(help.out).toContain('--images <dir>');
    expect(help.out).toMatch(/--at-least <n>\s+leave out formats with fewer images \(default: 1\)/);
    const run = await house.biolens('tally', '--images', 'images', '--json', '--runs-dir', 'line');
    expect(run.code, run.err).toBe(0);
    expect(JSON.parse(run.out)).toMatchObject({ schema: 'biolens/tally@1', formats: { PNG: 3 } });
    const [id = ''] = runsIn('line');
    expect(readdirSync(join(house.folder, 'line', id)).sort()).toEqual([
      'items.jsonl',
      'report.html',
      'report.json',
      'run.json',
    ]);
    const shown = await house.biolens('runs', 'show', id, '--runs-dir', 'line');
    expect(shown.out).toContain('PNG 3');
    const again = await house.biolens('runs', 'rerun', id, '--runs-dir', 'line', '--fail-on', 'commonest>0.5');
    expect(again.code).toBe(1);
  });

  test('runs from a configuration file, alone and as a matrix', async () => {
    writeFileSync(join(house.folder, 'one.yaml'), 'job: tally\nimages: images\natLeast: 2\n');
    const one = await house.biolens('tally', '--config', 'one.yaml', '--json', '--runs-dir', 'file');
    expect(one.code, one.err).toBe(0);
    writeFileSync(
      join(house.folder, 'many.yaml'),
      "jobs:\n  - job: tally\n    images: images\n    matrix: { atLeast: [1, 4] }\n    failOn: ['commonest<0.5']\n",
    );
    const many = await house.biolens('runs', 'start', 'many.yaml', '--json', '--runs-dir', 'file');
    expect(many.code, many.err).toBe(0);
    const { runs } = z.object({ runs: z.array(z.object({ result: z.unknown() })) }).parse(JSON.parse(many.out));
    expect(runs.map(({ result }) => result)).toMatchObject([{ formats: { PNG: 3 } }, { formats: {} }]);
    expect(runsIn('file')).toHaveLength(3);
  });

  test('is checked without being done by --dry-run', async () => {
    const before = readdirSync(house.folder).sort();
    const plan = await house.biolens('tally', '--images', 'images', '--at-least', '2', '--dry-run', '--json');
    expect(plan.code, plan.err).toBe(0);
    expect(JSON.parse(plan.out)).toMatchObject({
      schema: 'biolens/plan@1',
      command: `biolens tally --images ${images} --at-least 2`,
      plan: { reads: [{ amount: '3 images' }] },
    });
    expect(readdirSync(house.folder).sort()).toEqual(before);
  });

  test.each([
    [['tally', '--images', 'images', '--fail-on', 'comonest<0.5'], 'did you mean "commonest"?'],
    [['tally', '--images', 'images', '--at-least', '0'], 'expected a whole number from 1 to 1000'],
    [['tally', '--image', 'images'], '--images'],
    [['tally'], '--images is missing'],
  ])('%j is told with the nearest word, and leaves no run', async (args, message) => {
    const { code, err } = await house.biolens(...args, '--runs-dir', 'none');
    expect(err).toContain(message);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
    expect(runsIn('none')).toEqual([]);
  });

  test('a typo in a file is told with the file and the nearest word', async () => {
    writeFileSync(join(house.folder, 'typo.yaml'), 'job: tally\nimages: images\natleast: 2\n');
    const { code, err } = await house.biolens('tally', '--config', 'typo.yaml', '--runs-dir', 'none');
    expect(code).toBe(2);
    expect(err).toContain('typo.yaml: "atleast" is no field, did you mean "atLeast"?');
    expect(runsIn('none')).toEqual([]);
  });
});

/** Starts a command that goes on until it is ended. */
function start(...args: string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [house.bin, ...args], { cwd: house.folder, stdio: ['pipe', 'pipe', 'pipe'] });
}

async function end(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}

describe('over HTTP', () => {
  test('it is offered, checked, started and followed', async () => {
    const child = start('studio', '--no-open', '--json', '--runs-dir', 'web');
    try {
      const printed: Buffer[] = [];
      child.stdout.on('data', (chunk: Buffer) => printed.push(chunk));
      await expect.poll(() => Buffer.concat(printed).toString(), { timeout: 20_000 }).toContain('}');
      const { url } = z.object({ url: z.string() }).parse(JSON.parse(Buffer.concat(printed).toString()));
      const { origin } = new URL(url);
      const entry = await fetch(url, { redirect: 'manual' });
      const cookie = entry.headers.get('set-cookie')?.split(';')[0] ?? '';
      const headers = { cookie, origin, 'content-type': 'application/json', 'x-biolens': '1' };
      const post = (path: string, body: unknown) =>
        fetch(`${origin}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });

      const jobs = z
        .array(z.object({ kind: z.string() }))
        .parse(await (await fetch(`${origin}/api/jobs`, { headers })).json());
      expect(jobs.map(({ kind }) => kind)).toContain('tally');
      const wrong = await post('/api/jobs/tally', { configuration: { images: 'images', atleast: 2 } });
      expect(wrong.status).toBe(422);
      expect(await wrong.text()).toContain('did you mean \\"atLeast\\"');
      const outside = await post('/api/jobs/tally', { configuration: { images: '/' } });
      expect(await outside.text()).toContain('outside the folders');
      const planned = await post('/api/jobs/tally/plan', { configuration: { images: 'images' } });
      expect(await planned.json()).toMatchObject({ plan: { reads: [{ amount: '3 images' }] } });
      expect(runsIn('web')).toEqual([]);

      const started = await post('/api/jobs/tally', { configuration: { images: 'images' } });
      expect(started.status).toBe(201);
      const { id } = z.object({ id: z.string() }).parse(await started.json());
      const news = await (await fetch(`${origin}/api/runs/${id}/news`, { headers })).text();
      expect(news.trim().split('\n\n').at(-1)).toContain('"state":"done"');
      const page = await (await fetch(`${origin}/api/runs/${id}`, { headers })).json();
      expect(page).toMatchObject({ run: { status: 'done' }, report: { report: { formats: { PNG: 3 } } } });
    } finally {
      await end(child);
    }
  }, 60_000);
});

describe('over MCP', () => {
  test('an assistant starts it, follows it and reads its report', async () => {
    const child = start('mcp', '--runs-dir', 'assistant');
    try {
      const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
      let number = 0;
      const ask = async (method: string, params: unknown): Promise<unknown> => {
        const id = ++number;
        child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
        for (;;) {
          const line = await lines.next();
          const reply = z
            .object({ id: z.number().optional(), result: z.unknown() })
            .parse(JSON.parse(String(line.value)));
          if (reply.id === id) return reply.result;
        }
      };
      const call = async (name: string, input: unknown) => {
        const { content, isError = false } = z
          .object({ content: z.array(z.object({ text: z.string() })), isError: z.boolean().optional() })
          .parse(await ask('tools/call', { name, arguments: input }));
        return { text: content[0]?.text ?? '', isError };
      };
      const client = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'test', version: '1' } };
      await ask('initialize', client);
      child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`);
      const { tools } = z
        .object({ tools: z.array(z.object({ name: z.string(), inputSchema: z.record(z.string(), z.unknown()) })) })
        .parse(await ask('tools/list', {}));
      expect(tools.map(({ name }) => name)).toEqual(
        expect.arrayContaining([
          'start_tally',
          'start_audit',
          'follow_run',
          'read_report',
          'detect_faces',
          'compare_faces',
        ]),
      );
      expect(tools.find(({ name }) => name === 'start_tally')?.inputSchema).toMatchObject({
        properties: { images: { description: 'folder of images' }, atLeast: { default: 1 } },
      });
      expect(await call('start_tally', { images: 'images', atleast: 3 })).toEqual({
        isError: true,
        text: '"atleast" is no field, did you mean "atLeast"?',
      });
      const { run } = z
        .object({ run: z.string() })
        .parse(JSON.parse((await call('start_tally', { images: 'images' })).text));
      const state = await call('follow_run', { run, waitSeconds: 20 });
      expect(JSON.parse(state.text)).toMatchObject({ state: 'done', items: 3 });
      const report = await call('read_report', { run });
      expect(JSON.parse(report.text)).toMatchObject({ summary: 'PNG 3\n', report: { formats: { PNG: 3 } } });
      const part = await call('read_report', { run, part: 'comonest' });
      expect(part).toMatchObject({ isError: true, text: expect.stringContaining('did you mean "commonest"?') });
      const sent = await call('start_bench', { from: 'images', model: 'openai-compatible:http://127.0.0.1:9/v1#m' });
      expect(sent).toMatchObject({
        isError: true,
        text: expect.stringContaining('images may not be sent to this model'),
      });
      const face = await call('detect_faces', { image: '/etc/hostname' });
      expect(face).toMatchObject({ isError: true, text: expect.stringContaining('outside the folders') });
    } finally {
      await end(child);
    }
  }, 60_000);
});
