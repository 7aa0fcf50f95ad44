import { cpSync, existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { followJob, type StartRun } from '../../src/app/cli/follow-job.ts';
import { auditJob } from '../../src/jobs/audit/index.ts';
import { createRun, findRun } from '../../src/kit/runs/index.ts';
import { temporaryFolder } from '../faces/models.ts';
import { auditReport } from '../web/fixtures.ts';
import { biolens } from './biolens.ts';

describe('biolens runs', () => {
  let folder: Awaited<ReturnType<typeof temporaryFolder>>;
  const runs = (...args: string[]) => biolens('runs', ...args, '--runs-dir', folder.path);
  let id = '';

  beforeAll(async () => {
    folder = await temporaryFolder();
    const training = join(import.meta.dirname, '../app/fixtures/runs-of-1a60878/runs');
    const run = await createRun({
      kind: 'audit',
      name: 'a-name-that-is-quite-long-and-still-fits',
      runsDir: folder.path,
      seed: 1,
      configuration: { training },
    });
    const report = auditReport();
    await run.complete({
      ...report,
      sets: { ...report.sets, training: { ...report.sets.training, source: training } },
    });
    id = run.id;
  });
  afterAll(() => folder[Symbol.asyncDispose]());

  test('list shows ids whole, so that they can be copied', async () => {
    const { code, out } = await runs('list');
    expect(out).toContain(`\n${id} `);
    expect(code).toBe(0);
  });

  test('report writes the page again, wherever the run is', async () => {
    rmSync(join(folder.path, id, 'report.html'), { force: true });
    const { code, out } = await runs('report', 'latest');
    expect([code, out]).toEqual([0, `Report: ${join(folder.path, id, 'report.html')}\n`]);
    expect(readFileSync(join(folder.path, id, 'report.html'), 'utf8')).toContain('not shown: ');
    const blurred = await runs('report', id, '--blur', '--json', '--root', folder.path);
    expect(JSON.parse(blurred.out)).toEqual({
      schema: 'biolens/runs-report@1',
      run: id,
      page: join(folder.path, id, 'report.html'),
    });
    expect(readFileSync(join(folder.path, id, 'report.html'), 'utf8')).toContain('"blurred":true');
  });

  test('report of a run that is not done, or whose report is damaged, is one line', async () => {
    const run = await createRun({ kind: 'audit', name: 'open', runsDir: folder.path, seed: 1, configuration: {} });
    await run.interrupt();
    expect(await runs('report', run.id)).toMatchObject({
      code: 2,
      err: expect.stringMatching(/the run is interrupted and has no report yet\n$/),
    });
    cpSync(join(folder.path, id), join(folder.path, 'copy'), { recursive: true });
    const record = JSON.parse(readFileSync(join(folder.path, 'copy/run.json'), 'utf8'));
    writeFileSync(join(folder.path, 'copy/run.json'), JSON.stringify({ ...record, id: 'copy' }));
    writeFileSync(join(folder.path, 'copy/report.json'), '{"schema":"biolens/audit@1"');
    rmSync(join(folder.path, 'copy/report.html'));
    expect(await runs('report', 'copy')).toMatchObject({
      code: 2,
      err: `biolens: ${join(folder.path, 'copy/report.json')}: not JSON: it ends too early\n`,
    });
    expect(existsSync(join(folder.path, 'copy/report.html'))).toBe(false);
  });

  test('a run whose run.json is cut short is not "no such run"', async () => {
    const run = await createRun({ kind: 'audit', name: 'torn', runsDir: folder.path, seed: 1, configuration: {} });
    await run.interrupt();
    const file = join(run.path, 'run.json');
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, 60));
    for (const verb of ['show', 'resume', 'report'])
      expect(await runs(verb, run.id)).toMatchObject({
        code: 2,
        err: `biolens: run ${run.id} cannot be read: ${file}: not JSON: it ends too early\n`,
      });
  });

  test('where the page cannot be written, the message says that the run is done and what writes it', async () => {
    async function* start({ beforeDone }: Parameters<StartRun>[0]) {
      const { record, path } = await findRun(id, folder.path);
      yield { type: 'run' as const, id, path };
      await beforeDone({ path, record, report: { schema: 1 } });
    }
    const progress = { update: () => {}, note: () => {}, stop: () => {} };
    const { signal } = new AbortController();
    await expect(followJob(auditJob, start, { signal, progress, blur: false })).rejects.toThrow(
      new RegExp(`report\\.json: .*; the run is done, biolens runs report ${id} writes its page$`),
    );
  });
});
