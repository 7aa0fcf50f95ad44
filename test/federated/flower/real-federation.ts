import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// Flower's own programs, of the environment whose Python is named: pip install flwr==1.42.0 torch numpy.
const PYTHON = process.env.BIOLENS_FLOWER_PYTHON ?? '';
export const MNIST = resolve(import.meta.dirname, '../../../../shared/data/mnist');
/** Whether a real federation can be played here. */
export const have = PYTHON !== '' && existsSync(join(dirname(PYTHON), 'flower-superlink')) && existsSync(MNIST);
const BIOLENS = resolve(import.meta.dirname, '../../../bin/biolens.js');

export interface Program {
  readonly child: ChildProcess;
  /** The end of what it has said. */
  readonly said: () => string;
}

export async function until(
  what: string,
  condition: () => boolean,
  said: () => string,
  mostMs = 300_000,
): Promise<void> {
  for (const end = Date.now() + mostMs; Date.now() < end; await sleep(500)) if (condition()) return;
  throw new Error(`${what}: ${said().slice(-9000)}`);
}

/** A SuperLink with TLS and registered keys, and all programs around it, in a folder of their own. */
export class RealFederation implements AsyncDisposable {
  readonly folder = mkdtempSync(join(tmpdir(), 'biolens-flower-'));
  readonly address: string;
  readonly #port: number;
  readonly #children: ChildProcess[] = [];
  readonly #env: NodeJS.ProcessEnv;

  constructor(port: number) {
    this.#port = port;
    this.address = `localhost:${port}`;
    const home = join(this.folder, 'home');
    this.#env = {
      ...process.env,
      PATH: `${dirname(PYTHON)}${delimiter}${process.env.PATH ?? ''}`,
      FLWR_HOME: home,
      FLWR_TELEMETRY_ENABLED: '0',
    };
    mkdirSync(home);
    writeFileSync(
      join(home, 'config.toml'),
      `[superlink]\ndefault = "here"\n\n[superlink.here]\naddress = "${this.address}"\nroot-certificates = "${join(this.folder, 'ca.crt')}"\n`,
    );
    this.#makeCertificates();
  }

  /** An authority and a certificate for localhost, as an owner of a federation makes them. */
  #makeCertificates(): void {
    const openssl = (line: string): void =>
      void execFileSync('openssl', line.split(' '), { cwd: this.folder, stdio: 'ignore' });
    openssl('req -x509 -newkey rsa:2048 -nodes -keyout ca.key -out ca.crt -days 2 -subj /CN=authority');
    openssl('req -newkey rsa:2048 -nodes -keyout link.key -out link.csr -subj /CN=localhost');
    writeFileSync(join(this.folder, 'names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
    openssl('x509 -req -in link.csr -CA ca.crt -CAkey ca.key -CAcreateserial -out link.crt -days 2 -extfile names');
  }

  start(program: string, args: readonly string[]): Program {
    const child = spawn(program, args, { cwd: this.folder, env: this.#env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#children.push(child);
    let text = '';
    for (const stream of [child.stdout!, child.stderr!])
      stream.on('data', chunk => {
        text = (text + chunk).slice(-20_000);
      });
    return { child, said: () => text };
  }

  readonly biolens = (...args: string[]): Program => this.start(process.execPath, [BIOLENS, ...args]);

  /** Runs a command of ours to its end; what it printed. */
  readonly ran = (...args: string[]): string =>
    execFileSync(process.execPath, [BIOLENS, ...args], { cwd: this.folder, encoding: 'utf8' });

  async superLink(): Promise<Program> {
    const link = this.start('flower-superlink', [
      ...['--ssl-ca-certfile', 'ca.crt', '--ssl-certfile', 'link.crt', '--ssl-keyfile', 'link.key'],
      ...['--port', `${this.#port}`, '--database', 'link.db'],
      ...['--enable-supernode-auth', '--disable-runtime-dependency-installation'],
    ]);
    await until('the SuperLink starts', () => link.said().includes('Uvicorn running'), link.said);
    return link;
  }

  /** Makes a key of a node and registers it: `NAME.pem`. */
  async register(name: string, maker: 'biolens' | 'ssh-keygen' = 'biolens'): Promise<void> {
    if (maker === 'biolens') this.ran('federate', 'key', '-o', `${name}.pem`);
    else
      execFileSync('ssh-keygen', ['-q', '-t', 'ecdsa', '-b', '384', '-N', '', '-f', `${name}.pem`], {
        cwd: this.folder,
      });
    const registered = this.start('flwr', ['supernode', 'register', `${name}.pem.pub`, 'here']);
    const [code] = await once(registered.child, 'exit');
    if (code !== 0) throw new Error(registered.said());
  }

  /** A node in PyTorch on one of so many parts of the digits. */
  async torchNode(key: string, parts: number): Promise<Program> {
    const torch = this.start('flower-supernode', [
      ...['--superlink', this.address, '--root-certificates', 'ca.crt', '--auth-supernode-private-key', `${key}.pem`],
      ...['--node-config', `data="${MNIST}" part=0 parts=${parts}`],
    ]);
    await until('the node in PyTorch joins', () => torch.said().includes('SuperNode ID'), torch.said);
    return torch;
  }

  /** A node of ours in Node. */
  ownNode(key: string, part: string): Program {
    return this.biolens(
      ...['federate', 'join', '--flower', this.address, '--key', `${key}.pem`, '--root-certificates', 'ca.crt'],
      ...['--data', MNIST, '--part', part, '--json'],
    );
  }

  run(config: string): Program {
    return this.start('flwr', ['run', 'app', 'here', '--stream', '--run-config', config]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL');
    await sleep(500);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
