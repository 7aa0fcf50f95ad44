import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { BiolensError } from '../../src/ground/errors.ts';
import { defineJob, resumeJob, startJob, type WorkedRun } from '../../src/kit/job/index.ts';
import { readRunRecord } from '../../src/kit/runs/index.ts';
import { temporaryFolder } from '../faces/models.ts';

/** A job that counts how often its work is done, and leaves a file that it tidies away at the end. */
function countingJob() {
  const calls = { work: 0, finish: 0 };
  const job = defineJob({
    kind: 'counting',
    verb: 'counting',
    noun: 'count',
    summary: 'counts',
    configuration: z.strictObject({}),
    report: z.object({ schema: z.literal('counting@1'), calls: z.number() }),
    items: z.object({}),
    examples: [],
    gateExample: 'calls>1',
    nameOf: () => 'counting',
    async *open(configuration) {
      yield* [] as { readonly type: string }[];
      return {
        configuration,
        plan: { reads: [], writes: [], seconds: null, basis: '', memoryBytes: null },
        async *work(run) {
          yield* [] as { readonly type: string }[];
          calls.work++;
          await run.writeArtifact('checkpoint', 'state');
          return { schema: 'counting@1' as const, calls: calls.work };
        },
        async finish(run) {
          calls.finish++;
          rmSync(join(run.path, 'artifacts/checkpoint'), { force: true });
        },
        [Symbol.asyncDispose]: async () => {},
      };
    },
    news: () => ({ tell: () => null }),
    describe: () => '',
    headline: () => ({ label: '', metric: { value: 1, n: 1, interval: null }, unit: 'number', level: 'unknown' }),
  });
  return { job, calls };
}

const interruption = () => Promise.reject(new BiolensError('interrupted', 'interrupted'));

test('a run that is broken off while its page is written is resumed to the same report, without its work done again', async () => {
  await using folder = await temporaryFolder();
  const { job, calls } = countingJob();
  const start = startJob(job, {}, { runsDir: folder.path, beforeDone: interruption });
  await expect(Array.fromAsync(start)).rejects.toMatchObject({ code: 'interrupted' });
  const [id = ''] = readdirSync(folder.path);
  const path = join(folder.path, id);
  const report = readFileSync(join(path, 'report.json'), 'utf8');
  expect([calls.work, calls.finish, (await readRunRecord(path)).status]).toEqual([1, 1, 'interrupted']);
  const seen: WorkedRun[] = [];
  const beforeDone = async (run: WorkedRun): Promise<void> => {
    seen.push(run);
    expect(existsSync(join(path, 'artifacts/checkpoint'))).toBe(false);
    expect((await readRunRecord(path)).status).toBe('running');
  };
  const events = await Array.fromAsync(resumeJob(job, path, { beforeDone }));
  expect(events.at(-1)).toMatchObject({ type: 'result', report: { calls: 1 } });
  expect([calls.work, calls.finish]).toEqual([1, 2]);
  expect(readFileSync(join(path, 'report.json'), 'utf8')).toBe(report);
  expect(seen).toEqual([{ path, record: await readRunRecord(path), report: { schema: 'counting@1', calls: 1 } }]);
  expect(existsSync(join(path, 'artifacts/checkpoint'))).toBe(false);
});

test.each([
  ['cut short', (text: string) => text.slice(0, -4)],
  ['zeroed', (text: string) => '\0'.repeat(text.length)],
  ['of another job', () => '{"schema":"other@1"}'],
])('a report that is %s counts for nothing: the work is done again', async (_what, damage) => {
  await using folder = await temporaryFolder();
  const { job, calls } = countingJob();
  const start = startJob(job, {}, { runsDir: folder.path, beforeDone: interruption });
  await expect(Array.fromAsync(start)).rejects.toThrow();
  const path = join(folder.path, readdirSync(folder.path)[0] ?? '');
  const file = join(path, 'report.json');
  writeFileSync(file, damage(readFileSync(file, 'utf8')));
  await Array.fromAsync(resumeJob(job, path));
  expect(calls.work).toBe(2);
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ schema: 'counting@1', calls: 2 });
});
