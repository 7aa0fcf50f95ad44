import { execFileSync, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { renderFaces } from '../../src/kit/drawing/index.ts';

const bin = join(import.meta.dirname, '../../bin/biolens.js');
const has = (command: string): boolean => spawnSync('which', [command]).status === 0;
const missing = ['munged', 'slurmctld', 'slurmd', 'sbatch'].filter(command => !has(command));
const reason =
  missing.length > 0
    ? `skipped: no ${missing.join(', ')} here; Debian has slurmctld, slurmd, slurm-client and munge`
    : process.getuid?.() === 0
      ? ''
      : 'skipped: slurmd starts as root alone';

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise(resolve => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  await new Promise(resolve => server.close(resolve));
  return port;
}

describe.skipIf(reason !== '')(`a cluster of one node (Slurm)${reason}`, () => {
  const root = mkdtempSync(join(tmpdir(), 'biolens-slurm-'));
  const at = (name: string): string => join(root, name);
  const environment = { ...process.env, SLURM_CONF: at('slurm.conf') };
  const biolens = (...args: string[]) =>
    spawnSync(process.execPath, [bin, ...args], { cwd: root, env: environment, encoding: 'utf8' });
  const queue = (): string => execFileSync('squeue', ['-h', '-o', '%i %j %T'], { env: environment, encoding: 'utf8' });
  const stop = (name: string): void => {
    try {
      process.kill(Number(readFileSync(at(`${name}.pid`), 'utf8')), 'SIGKILL');
    } catch {
      // It has ended, or never started.
    }
  };
  const startController = (): void => void execFileSync('slurmctld', [], { env: environment });

  beforeAll(async () => {
    const [controller, node] = [await freePort(), await freePort()];
    for (const folder of ['state', 'spool']) mkdirSync(at(folder));
    writeFileSync(at('munge.key'), randomBytes(1024), { mode: 0o400 });
    const settings = {
      ClusterName: 'biolens',
      SlurmctldHost: `${hostname()}(127.0.0.1)`,
      SlurmctldPort: controller,
      SlurmdPort: node,
      SlurmUser: 'root',
      AuthInfo: `socket=${at('munge.sock')}`,
      StateSaveLocation: at('state'),
      SlurmdSpoolDir: at('spool'),
      SlurmctldPidFile: at('slurmctld.pid'),
      SlurmdPidFile: at('slurmd.pid'),
      SlurmctldLogFile: at('slurmctld.log'),
      SlurmdLogFile: at('slurmd.log'),
      ProctrackType: 'proctrack/linuxproc',
      TaskPlugin: 'task/none',
      ReturnToService: 2,
      SelectType: 'select/cons_tres',
      SelectTypeParameters: 'CR_CPU',
      SchedulerParameters: 'batch_sched_delay=1,sched_interval=2',
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name}=${value}`);
    lines.push(
      `NodeName=${hostname()} NodeAddr=127.0.0.1 CPUs=2 RealMemory=4000`,
      'PartitionName=all Nodes=ALL Default=YES',
    );
    writeFileSync(at('slurm.conf'), `${lines.join('\n')}\n`);
    execFileSync('munged', [
      `--key-file=${at('munge.key')}`,
      `--socket=${at('munge.sock')}`,
      `--pid-file=${at('munged.pid')}`,
      `--log-file=${at('munged.log')}`,
      `--seed-file=${at('munge.seed')}`,
      '--force',
    ]);
    startController();
    execFileSync('slurmd', ['-N', hostname()], { env: environment });
    for await (const _ of renderFaces(at('training'), { n: 400, size: 64, seed: 1 }));
    for await (const _ of renderFaces(at('generated'), { n: 300, size: 64, seed: 2 }));
  }, 120_000);
  afterAll(() => {
    for (const name of ['slurmd', 'slurmctld', 'munged']) stop(name);
    rmSync(root, { recursive: true, force: true });
  });

  const AUDIT = [
    'audit',
    '--train',
    'training',
    '--generated',
    'generated',
    '--embedder',
    'appearance',
    '--permutations',
    '99',
  ];

  test('a worker killed and the controller stopped in the middle: the same report, each item once', async () => {
    expect(biolens(...AUDIT, '--runs-dir', 'whole').status).toBe(0);
    expect(biolens(...AUDIT, '--plan', '4').status).toBe(0);
    const path = at(join('runs', readdirSync(at('runs')).find(name => !name.startsWith('.'))!));
    const sent = biolens('runs', 'submit', 'latest', '--slurm', '--memory', '1G', '--cpus', '1', '--time', '60');
    expect(sent.status, sent.stderr).toBe(0);
    // A worker dies as it reads, Slurm calls its task failed, and the job that follows sends the shard again.
    const working = (): string | undefined =>
      spawnSync('pgrep', ['-f', `^${process.execPath} .*worker --plan ${path} --shard`], {
        encoding: 'utf8',
      }).stdout.split('\n')[0];
    const itemsOf = (shard: string): number => {
      const file = join(path, 'shards', shard, 'items.jsonl');
      return existsSync(file) ? readFileSync(file, 'utf8').split('\n').length - 1 : 0;
    };
    const waitFor = async (what: () => boolean): Promise<void> => {
      for (let i = 0; i < 6000 && !what(); i++) await sleep(100);
      expect(what()).toBe(true);
    };
    await waitFor(() => itemsOf('0000') > 3 || itemsOf('0001') > 3);
    process.kill(Number(working()), 'SIGKILL');
    stop('slurmctld');
    await sleep(3000);
    startController();
    await waitFor(() => existsSync(join(path, 'report.html')) && queue() === '');
    const whole = at(join('whole', readdirSync(at('whole')).find(name => !name.startsWith('.'))!));
    expect(readFileSync(join(path, 'report.json'), 'utf8')).toBe(readFileSync(join(whole, 'report.json'), 'utf8'));
    const keys = readFileSync(join(path, 'items.jsonl'), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map(line => `${JSON.parse(line).set}/${JSON.parse(line).file}`);
    expect([keys.length, new Set(keys).size]).toEqual([700, 700]);
    expect(readdirSync(join(path, 'slurm')).filter(name => name.startsWith('biolens-reduce')).length).toBeGreaterThan(
      1,
    );
  });

  test('shards that cannot be made are named in the log, and no report is made', async () => {
    expect(biolens(...AUDIT, '--plan', '2', '--runs-dir', 'lost').status).toBe(0);
    const path = at(join('lost', readdirSync(at('lost')).find(name => !name.startsWith('.'))!));
    rmSync(at('generated/000003.png'));
    const more = ['--memory', '1G', '--cpus', '1', '--retries', '0', '--runs-dir', 'lost'];
    expect(biolens('runs', 'submit', 'latest', '--slurm', ...more).status).toBe(0);
    for (let i = 0; i < 600 && queue() !== ''; i++) await sleep(500);
    expect(existsSync(join(path, 'report.json'))).toBe(false);
    const logs = readdirSync(join(path, 'slurm')).map(name => readFileSync(join(path, 'slurm', name), 'utf8'));
    expect(logs.join('')).toContain('the inputs are not those that were planned');
    expect(logs.join('')).toContain('2 of 2 shards are missing: 0-1');
  });
});
