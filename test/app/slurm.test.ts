import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { reduceScript, type Submission, submit, workersScript } from '../../src/app/cluster/slurm.ts';
import { biolens } from '../cli/biolens.ts';

const root = mkdtempSync(join(tmpdir(), 'biolens-slurm-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const submission = (changes: Partial<Submission> = {}): Submission => ({
  id: '2026-11-24T10-02-11-audit-samples',
  path: join(root, 'run'),
  runsDir: root,
  shards: [0, 3, 4, 5],
  time: '04:00:00',
  memory: '8G',
  cpus: 2,
  partition: undefined,
  account: undefined,
  retries: 2,
  allowCommand: false,
  ...changes,
});

/** A stand-in for sbatch that keeps what it was given. */
function fakeSbatch(name: string, body: string): string {
  const path = join(root, name);
  writeFileSync(path, `#!/bin/bash\n${body}\n`);
  chmodSync(path, 0o700);
  return path;
}

describe('what is sent to Slurm', () => {
  test('an array over the missing shards, told to stop before its time is over', () => {
    const script = workersScript(submission({ partition: 'gpu' }));
    const directives = script.split('\n').filter(line => line.startsWith('#SBATCH'));
    expect(directives).toEqual(
      expect.arrayContaining(['#SBATCH --array=0,3-5', '#SBATCH --partition=gpu', '#SBATCH --requeue']),
    );
    expect(directives).toContain('#SBATCH --signal=INT@120');
    expect(script).toContain(`'worker' '--plan' '${join(root, 'run')}' '--shard' "$SLURM_ARRAY_TASK_ID"`);
    expect(script).not.toContain('allow-command');
    expect(workersScript(submission({ allowCommand: true }))).toContain("'--allow-command' '--shard'");
  });

  test('a job after them that sends what is missing again, and in the end says so', () => {
    const script = reduceScript(submission(), '77');
    expect(script).toContain('#SBATCH --dependency=afterany:77');
    expect(script).toContain("'--retries' '1'");
    // Without a retry left the refusal of `reduce` names the shards in the log.
    expect(reduceScript(submission({ retries: 0 }), '77')).not.toContain("'submit'");
  });

  test('both jobs, the second after the first', async () => {
    const kept = join(root, 'kept');
    const sbatch = fakeSbatch('sbatch', `cat >> ${kept}; echo "$(grep -c '#!' ${kept})0;here"`);
    expect(await submit(submission(), { command: sbatch })).toEqual({ workers: '10', reduce: '20' });
    expect(readFileSync(kept, 'utf8')).toContain('--dependency=afterany:10');
  });

  test('what Slurm refuses is told, and a first job without a second is taken back', async () => {
    const refusing = fakeSbatch('refusing', 'echo "sbatch: error: invalid partition" >&2; exit 1');
    await expect(submit(submission(), { command: refusing })).rejects.toThrow(
      'sbatch: sbatch: error: invalid partition',
    );
    const [once, taken] = [join(root, 'once'), join(root, 'taken')];
    const half = fakeSbatch('half-sbatch', `[ -e ${once} ] && exit 1; touch ${once}; echo 5`);
    fakeSbatch('half-scancel', `echo "$1" > ${taken}`);
    await expect(submit(submission(), { command: half })).rejects.toThrow('exit code 1');
    await expect.poll(() => readFileSync(taken, 'utf8').trim()).toBe('5');
    await expect(submit(submission(), { command: join(root, 'none') })).rejects.toThrow('is not installed here');
  });

  test('nothing gets into a script that could be taken for a directive', async () => {
    for (const path of ['/a b', "/it's", '/a%j', '/a\n#SBATCH --uid=0', '/a"b'])
      await expect(submit(submission({ path }))).rejects.toThrow('Slurm takes no folder');
    for (const [flag, value] of [
      ['--time', '1\n#SBATCH'],
      ['--memory', '8G --x'],
      ['--partition', 'a b'],
      ['--account', '$(id)'],
    ]) {
      const { code, err } = await biolens('runs', 'submit', 'latest', '--slurm', flag!, value!);
      expect([code, err]).toEqual([2, expect.stringContaining('expected')]);
    }
    expect((await biolens('runs', 'submit', 'latest')).err).toContain('--slurm');
  });
});
