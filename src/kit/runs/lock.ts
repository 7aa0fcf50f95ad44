import { readFileSync } from 'node:fs';
import { open, readdir, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileError } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';

/** A process that works on a run. */
export interface LockHolder {
  readonly pid: number;
  readonly host: string;
}

interface Lock extends LockHolder {
  readonly file: string;
  /** When the process was started, in the system's own ticks; `0` where the system does not tell. */
  readonly birth: string;
}

/** How often a lock is renewed, and how old another machine's may become: file systems over a network show changes late. */
const RENEWED_MS = 15_000;
const DEAD_MS = 120_000;

/** Locks that this very process holds: a number alone cannot tell it from a dead namesake. */
const held = new Set<string>();

/** Fields of /proc/PID/stat after the command, from the state on; none where the system has no such file. */
function statOf(pid: number): string[] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The second field is the command in parentheses and can hold anything, blanks and parentheses too.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  } catch {
    return [];
  }
}

/** Start of a process in ticks since boot; it tells a process from a later one that was given the same number. */
const birthOf = (pid: number): string => statOf(pid)[19] ?? '0';

/** A process that has ended but whose parent has not asked how: it takes signals and does nothing any more. */
const isZombie = (pid: number): boolean => ['Z', 'X', 'x'].includes(statOf(pid)[0] ?? '');

/**
 * A lock is a file whose name says whose it is, and whose content nothing: it is there whole or not at all, and since no two processes ever have
 * the same name, taking away a dead one's lock cannot hit a living one's.
 */
function lockName(): string {
  return `lock.${process.pid}.${birthOf(process.pid)}.${encodeURIComponent(hostname())}`;
}

function parseLock(file: string): Lock | null {
  const match = /^lock\.(\d+)\.(\d+)\.(.+)$/.exec(file);
  if (match === null) return null;
  const [, pid, birth, host] = match;
  try {
    return { file, pid: Number(pid), birth: birth ?? '0', host: decodeURIComponent(host ?? '') };
  } catch {
    return null;
  }
}

/** Milliseconds since 1970 in a folder of locks. */
type Clock = (folder: string) => Promise<number>;

/** The clock of the file system, which renews locks too: those of two machines may differ. */
const fileClock: Clock = async folder => {
  const probe = join(folder, `clock.${process.pid}`);
  try {
    await (await open(probe, 'w')).close();
    return (await stat(probe)).mtimeMs;
  } finally {
    await rm(probe, { force: true });
  }
};

/** For a look, which writes nothing. */
const ownClock: Clock = async () => Date.now();

async function isRenewed(path: string, clock: Clock): Promise<boolean> {
  try {
    const now = await clock(dirname(path));
    return now - (await stat(path)).mtimeMs < DEAD_MS;
  } catch (error) {
    // Given back in the meantime; what cannot be told counts as living.
    return !(error instanceof Error && 'code' in error && error.code === 'ENOENT');
  }
}

async function isAlive({ pid, birth, host }: Lock, path: string, clock: Clock): Promise<boolean> {
  // All that is known of a process on another machine is how long it has been silent.
  if (host !== hostname()) return await isRenewed(path, clock);
  if (pid === process.pid) return held.has(path);
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  if (isZombie(pid)) return false;
  const now = birthOf(pid);
  return birth === '0' || now === '0' || now === birth;
}

async function locksOf(runPath: string): Promise<Lock[]> {
  const files = await readdir(runPath).catch((error: unknown) => {
    throw fileError(runPath, error);
  });
  return files.map(parseLock).filter(lock => lock !== null);
}

/** The process that works on a run, if one does; of another machine, by this one's clock. */
export async function lockHolder(runPath: string): Promise<LockHolder | undefined> {
  return await firstAlive(await locksOf(runPath), { runPath, clock: ownClock });
}

async function firstAlive(
  locks: readonly Lock[],
  { runPath, clock }: { readonly runPath: string; readonly clock: Clock },
): Promise<Lock | undefined> {
  for (const lock of locks) if (await isAlive(lock, join(runPath, lock.file), clock)) return lock;
  return undefined;
}

/** Gives a lock a new time, that of the file system; one that is not there any more is not made anew. */
async function touch(path: string): Promise<void> {
  const handle = await open(path, 'r+');
  await handle.write('.', 0).finally(() => handle.close());
}

/** Renews a lock until it is given back; says so where another machine has taken it away. */
function renew(path: string, onLost: () => void): () => void {
  const timer = setInterval(() => {
    void touch(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT' || !held.has(path)) return;
      clearInterval(timer);
      onLost();
    });
  }, RENEWED_MS);
  timer.unref();
  return () => clearInterval(timer);
}

/**
 * Keeps a second process from working on the same run. The lock of a process that died is taken away, and that of another machine when it
 * has not been renewed for two minutes.
 *
 * First the own lock is put down, then the folder is searched for others: of two processes that come at once, at least one sees
 * the other, so never do both go on.
 *
 * @param onLost what is to be done where this process was silent for so long that another machine took the run over
 * @returns a function that gives the lock back
 * @throws BiolensError `usage` when a living process holds the run
 */
export async function lockRun(runPath: string, onLost: () => void = () => undefined): Promise<() => Promise<void>> {
  const name = lockName();
  const path = join(runPath, name);
  let stop = (): void => undefined;
  const release = async () => {
    stop();
    await rm(path, { force: true });
    held.delete(path);
  };
  if (held.has(path)) throw refusal(runPath, { pid: process.pid, host: hostname(), file: name, birth: '0' });
  for (let attempt = 0; ; attempt++) {
    held.add(path);
    try {
      await (await open(path, 'w')).close();
      const others = (await locksOf(runPath)).filter(lock => lock.file !== name);
      const living = await firstAlive(others, { runPath, clock: fileClock });
      if (living === undefined) {
        for (const { file } of others) await rm(join(runPath, file), { force: true });
        stop = renew(path, onLost);
        return release;
      }
      await release();
      if (attempt === 2) throw refusal(runPath, living);
    } catch (error) {
      await release();
      throw fileError(path, error, 'write');
    }
    // Two that came at once have both stepped back; chance decides who is first the next time.
    await sleep(10 + Math.random() * 50);
  }
}

function refusal(runPath: string, { pid, host, file }: Lock): BiolensError {
  const remedy = host === hostname() ? '' : ` (if it is not, delete ${join(runPath, file)})`;
  return new BiolensError('usage', `${runPath}: process ${pid} on ${host} is working on this run${remedy}`, {
    details: { pid, host },
  });
}
