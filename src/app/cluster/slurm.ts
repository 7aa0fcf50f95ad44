import { spawn } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileError } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import { rangesOf } from '../../kit/job/index.ts';

/** What a job asks of Slurm. */
export interface SlurmOptions {
  /** Wall time of a shard, such as `04:00:00`. */
  readonly time: string;
  /** Memory of a shard, such as `8G`. */
  readonly memory: string;
  readonly cpus: number;
  readonly partition: string | undefined;
  readonly account: string | undefined;
  /** How often shards that were not made are sent again. */
  readonly retries: number;
  readonly allowCommand: boolean;
}

/** A planned run to be sent. */
export interface Submission extends SlurmOptions {
  readonly id: string;
  /** Its folder, absolute. */
  readonly path: string;
  readonly runsDir: string;
  readonly shards: readonly number[];
}

/** Seconds before the end of the wall time at which a worker is told to stop, so that it keeps what it has. */
const NOTICE_S = 120;

/** A word for the shell of the script. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** The command line that this process was started as; `biolens` need not be on the path of the nodes. */
const biolens = (...args: readonly string[]): string =>
  [process.execPath, fileURLToPath(new URL('../../../bin/biolens.js', import.meta.url)), ...args].map(quoted).join(' ');

function header(
  { time, memory, cpus, partition, account, path }: Submission,
  own: Readonly<Record<string, string | null>>,
): string {
  const options: Readonly<Record<string, string | null | undefined>> = {
    time,
    mem: memory,
    'cpus-per-task': String(cpus),
    partition,
    account,
    chdir: process.cwd(),
    'open-mode': 'append',
    output: join(path, 'slurm', '%x-%A_%a.log'),
    ...own,
  };
  const lines = Object.entries(options).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return [`#SBATCH --${name}${value === null ? '' : `=${value}`}`];
  });
  return `#!/bin/bash\n${lines.join('\n')}\n`;
}

/** The script of the workers: an array over the shards. */
export function workersScript(submission: Submission): string {
  const { id, path, shards, allowCommand } = submission;
  const own = { 'job-name': 'biolens-worker', array: rangesOf(shards), requeue: null, signal: `INT@${NOTICE_S}` };
  const worker = biolens('worker', '--plan', path, ...(allowCommand ? ['--allow-command'] : []), '--shard');
  return `${header(submission, own)}# Shards of ${id}\nexec srun --ntasks=1 ${worker} "$SLURM_ARRAY_TASK_ID"\n`;
}

/** The script that follows them: it makes the report, or sends what is missing again. */
export function reduceScript(submission: Submission, after: string): string {
  const { id, runsDir, retries, time, memory, cpus, partition, account, allowCommand } = submission;
  const allowed = allowCommand ? ['--allow-command'] : [];
  const where = ['--runs-dir', runsDir];
  const again = [
    ...['runs', 'submit', id, '--slurm', '--time', time, '--memory', memory, '--cpus', String(cpus)],
    ...(partition === undefined ? [] : ['--partition', partition]),
    ...(account === undefined ? [] : ['--account', account]),
    ...['--retries', String(retries - 1), ...allowed, ...where],
  ];
  const own = { 'job-name': 'biolens-reduce', dependency: `afterany:${after}` };
  const otherwise = retries > 0 ? `exec ${biolens(...again)}` : `exec ${biolens('runs', 'reduce', id, ...where)}`;
  return `${header(submission, own)}missing=$(${biolens('runs', 'missing', id, ...where)}) || exit
if [ -n "$missing" ]; then ${otherwise}; fi
exec srun --ntasks=1 ${biolens('runs', 'reduce', id, ...allowed, ...where)}
`;
}

/** Gives a script to `sbatch`. @returns the number of the job */
async function sbatch(script: string, command: string): Promise<string> {
  const child = spawn(command, ['--parsable'], { stdio: ['pipe', 'pipe', 'pipe'] });
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let [out, err] = ['', ''];
  child.on('error', (error: NodeJS.ErrnoException) =>
    reject(
      error.code === 'ENOENT'
        ? new BiolensError(
            'usage',
            `${command} is not installed here: submit from a login node of the cluster, or --print`,
          )
        : error,
    ),
  );
  child.stdout.on('data', chunk => {
    out = (out + chunk).slice(-1000);
  });
  child.stderr.on('data', chunk => {
    err = (err + chunk).slice(-1000);
  });
  child.on('close', code => {
    // `number`, or `number;cluster`.
    const job = /^(\d{1,20})(?:;|$)/.exec(out.trim())?.[1];
    if (code === 0 && job !== undefined) return resolve(job);
    reject(new BiolensError('external', `sbatch: ${err.trim().split('\n').at(-1) || `exit code ${code}`}`));
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(script);
  return await promise;
}

/** Jobs that Slurm has taken. */
export interface Submitted {
  readonly workers: string;
  readonly reduce: string;
}

/**
 * Sends the shards of a planned run to Slurm as an array, and after them the job that makes the report.
 *
 * @throws {BiolensError} `usage` without `sbatch`, or a path that Slurm cannot take; `external` with what it says
 */
export async function submit(submission: Submission, { command = 'sbatch' } = {}): Promise<Submitted> {
  checkPaths(submission);
  await mkdir(join(submission.path, 'slurm'), { recursive: true, mode: 0o700 }).catch(error => {
    throw fileError(submission.path, error, 'write');
  });
  const workers = await sbatch(workersScript(submission), command);
  try {
    return { workers, reduce: await sbatch(reduceScript(submission, workers), command) };
  } catch (error) {
    // Without the second job nobody would make the report: the first one would work for nothing, unseen.
    spawn(command.replace(/sbatch$/, 'scancel'), [workers], { stdio: 'ignore' }).on('error', () => undefined);
    throw error;
  }
}

/** Slurm's directives have no quotes: they end at the line, and `%` means something to it. */
export function checkPaths({ path }: Pick<Submission, 'path'>): void {
  const bad = [path, process.cwd()].find(one => /[\s%\\'"#]/.test(one));
  if (bad !== undefined)
    throw new BiolensError('usage', `${bad}: Slurm takes no folder with blanks, quotes, "#", "%" or "\\" in its name`);
}
