import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, test } from 'vitest';
import { z } from 'zod';

// Flower's own programs, of the environment whose Python is named: pip install flwr==1.42.0 torch numpy.
const PYTHON = process.env.BIOLENS_FLOWER_PYTHON ?? '';
const MNIST = resolve(import.meta.dirname, '../../../../shared/data/mnist');
const have = PYTHON !== '' && existsSync(join(dirname(PYTHON), 'flower-superlink')) && existsSync(MNIST);
const BIOLENS = resolve(import.meta.dirname, '../../../bin/biolens.js');
const PORT = 18_417;
const ADDRESS = `localhost:${PORT}`;

const folder = mkdtempSync(join(tmpdir(), 'biolens-flower-'));
const children: ChildProcess[] = [];
afterAll(async () => {
  for (const child of children) child.kill('SIGKILL');
  await sleep(500);
  rmSync(folder, { recursive: true, force: true });
});

const env = {
  ...process.env,
  PATH: `${dirname(PYTHON)}${delimiter}${process.env.PATH ?? ''}`,
  FLWR_HOME: join(folder, 'home'),
  FLWR_TELEMETRY_ENABLED: '0',
};

function start(
  program: string,
  args: readonly string[],
): { readonly child: ChildProcess; readonly said: () => string } {
  const child = spawn(program, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  children.push(child);
  let text = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', chunk => (text = (text + chunk).slice(-20_000)));
  return { child, said: () => text };
}
const biolens = (...args: string[]) => start(process.execPath, [BIOLENS, ...args]);

async function until(what: string, condition: () => boolean, said: () => string, mostMs = 300_000): Promise<void> {
  for (const end = Date.now() + mostMs; Date.now() < end; await sleep(500)) if (condition()) return;
  throw new Error(`${what}: ${said().slice(-9000)}`);
}

/** An authority and a certificate for localhost, as an owner of a federation makes them. */
function makeCertificates(): void {
  const openssl = (...args: string[]): void => void execFileSync('openssl', args, { cwd: folder, stdio: 'ignore' });
  openssl(
    'req',
    '-x509',
    '-newkey',
    'rsa:2048',
    '-nodes',
    '-keyout',
    'ca.key',
    '-out',
    'ca.crt',
    '-days',
    '2',
    '-subj',
    '/CN=test authority',
  );
  openssl('req', '-newkey', 'rsa:2048', '-nodes', '-keyout', 'link.key', '-out', 'link.csr', '-subj', '/CN=localhost');
  writeFileSync(join(folder, 'names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  openssl(
    'x509',
    '-req',
    '-in',
    'link.csr',
    '-CA',
    'ca.crt',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-out',
    'link.crt',
    '-days',
    '2',
    '-extfile',
    'names',
  );
}

const resultSchema = z.object({ accuracy: z.record(z.string(), z.number()) });

test.skipIf(!have)(
  'two of our nodes and one in PyTorch train in a federation with TLS and registered keys; one of ours is killed and comes back (needs BIOLENS_FLOWER_PYTHON, openssl, ssh-keygen and ../shared/data)',
  async () => {
    makeCertificates();
    mkdirSync(env.FLWR_HOME, { recursive: true });
    writeFileSync(
      join(env.FLWR_HOME, 'config.toml'),
      `[superlink]\ndefault = "here"\n\n[superlink.here]\naddress = "${ADDRESS}"\nroot-certificates = "${join(folder, 'ca.crt')}"\n`,
    );
    const link = start('flower-superlink', [
      ...[
        '--ssl-ca-certfile',
        'ca.crt',
        '--ssl-certfile',
        'link.crt',
        '--ssl-keyfile',
        'link.key',
        '--port',
        `${PORT}`,
      ],
      ...['--enable-supernode-auth', '--disable-runtime-dependency-installation', '--database', 'link.db'],
    ]);
    await until('the SuperLink starts', () => link.said().includes('Uvicorn running'), link.said);
    execFileSync('ssh-keygen', ['-q', '-t', 'ecdsa', '-b', '384', '-N', '', '-f', 'torch.pem'], { cwd: folder });
    for (const name of ['a', 'b', 'torch']) {
      if (name !== 'torch')
        execFileSync(process.execPath, [BIOLENS, 'federate', 'key', '-o', `${name}.pem`], { cwd: folder });
      const registered = start('flwr', ['supernode', 'register', `${name}.pem.pub`, 'here']);
      const [code] = await once(registered.child, 'exit');
      expect(code, registered.said()).toBe(0);
    }
    execFileSync(process.execPath, [BIOLENS, 'federate', 'app', '--model', '2nn', '--rounds', '4', '-o', 'app'], {
      cwd: folder,
    });

    // A key that nobody registered is refused in words.
    execFileSync(process.execPath, [BIOLENS, 'federate', 'key', '-o', 'stranger.pem'], { cwd: folder });
    const join1 = (key: string, part: number) =>
      biolens(
        ...['federate', 'join', '--flower', ADDRESS, '--key', `${key}.pem`, '--root-certificates', 'ca.crt'],
        ...['--data', MNIST, '--part', `${part}/30`, '--json'],
      );
    const stranger = join1('stranger', 3);
    const [refused] = await once(stranger.child, 'exit');
    expect([refused, stranger.said()]).toEqual([3, expect.stringContaining('its public key is not registered')]);

    const torch = start('flower-supernode', [
      ...['--superlink', ADDRESS, '--root-certificates', 'ca.crt', '--auth-supernode-private-key', 'torch.pem'],
      ...['--node-config', `data="${MNIST}" part=0 parts=30`],
    ]);
    const a = join1('a', 1);
    let b = join1('b', 2);
    const joined = (node: { said: () => string }) =>
      until('a node joins', () => node.said().includes('has joined'), node.said);
    await Promise.all([joined(a), joined(b)]);
    await until('the node in PyTorch joins', () => torch.said().includes('SuperNode ID'), torch.said);

    const run = start('flwr', [
      'run',
      'app',
      'here',
      '--stream',
      '--run-config',
      `min-nodes=3 reply-timeout=120 result="${join(folder, 'result.json')}"`,
    ]);
    await until(
      'training begins',
      () => b.said().includes('train: replied'),
      () => run.said() + b.said(),
    );
    b.child.kill('SIGKILL');
    await once(b.child, 'exit');
    b = join1('b', 2);
    await joined(b);
    await until(
      'the run ends',
      () => existsSync(join(folder, 'result.json')),
      () => [run, link, torch, a, b].map(({ said }) => said().slice(-1500)).join('\n-----\n'),
      900_000,
    );
    const { accuracy } = resultSchema.parse(JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')));
    console.log('accuracy by round', accuracy);
    expect(accuracy['4']).toBeGreaterThan(0.9);

    a.child.kill('SIGINT');
    const [code] = await once(a.child, 'exit');
    expect([0, 130]).toContain(code);
  },
);
