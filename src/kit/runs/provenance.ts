import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { constants, existsSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Provenance } from '../../ground/contracts/run.ts';
import { fileError } from '../../ground/disk.ts';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';

const packageRoot = new URL('../../../', import.meta.url);

/** Version of biolens. */
export function packageVersion(): string {
  const text = readFileSync(new URL('package.json', packageRoot), 'utf8');
  return z.object({ version: z.string() }).parse(JSON.parse(text)).version;
}

/** Commit that is checked out, with `+` when files differ from it; null outside a clone. */
export async function currentCommit(): Promise<string | null> {
  if (!existsSync(new URL('.git', packageRoot))) return null;
  const git = async (...args: string[]) =>
    (await promisify(execFile)('git', args, { cwd: fileURLToPath(packageRoot) })).stdout.trim();
  try {
    const [commit, changes] = await Promise.all([
      git('rev-parse', 'HEAD'),
      git('status', '--porcelain', '--untracked-files=no'),
    ]);
    return changes === '' ? commit : `${commit}+`;
  } catch {
    return null;
  }
}

/** What the caller knows of where a result comes from. */
export interface ProvenanceFacts {
  readonly seed: number;
  readonly digests?: Readonly<Record<string, string>>;
  /** Name and version of the numeric engine. */
  readonly engine?: string;
  readonly device?: string;
}

/** Provenance of a run that starts now. */
export async function startProvenance(
  { seed, digests = {}, engine = 'none', device = 'none' }: ProvenanceFacts,
  now: Date,
): Promise<Provenance> {
  return {
    biolens: packageVersion(),
    commit: await currentCommit(),
    seed,
    digests: { ...digests },
    host: {
      platform: `${process.platform}-${process.arch}`,
      cpu: cpus()[0]?.model.trim() ?? 'unknown',
      cores: availableParallelism(),
      memoryBytes: totalmem(),
      node: process.versions.node,
      runtime: engine,
      device,
    },
    startedAt: now.toISOString(),
    endedAt: null,
  };
}

/**
 * SHA-256 of a file, read as a stream.
 *
 * @throws BiolensError `input` naming the file that cannot be read, or is none: a named pipe is not waited for
 */
export async function digestFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  try {
    await using handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await handle.stat()).isFile()) throw new BiolensError('input', `${path}: not a regular file`);
    for await (const chunk of handle.createReadStream({ autoClose: false })) hash.update(chunk);
  } catch (error) {
    throw fileError(path, error);
  }
  return hash.digest('hex');
}

/** A file of a set, by its name in the set. */
export interface NamedFile {
  readonly file: string;
  readonly path: string;
  /** SHA-256 of its bytes, where it is known already. */
  readonly digest?: string | undefined;
}

/** What stands for the digest of a file that cannot be read. */
const UNREADABLE = 'unreadable';

/**
 * SHA-256 of a set of named files: the digest of the sorted lines `name, digest`, whatever order they come in. A file that cannot be read
 * is a line that says so, and stops nothing.
 */
export async function digestFiles(
  files: Iterable<NamedFile> | AsyncIterable<NamedFile>,
  signal?: AbortSignal,
): Promise<string> {
  const lines: string[] = [];
  for await (const { file, path, digest } of files) {
    throwIfAborted(signal);
    const own = digest ?? (await digestFile(path).catch(() => UNREADABLE));
    lines.push(`${JSON.stringify(file)},${own}\n`);
  }
  return createHash('sha256').update(lines.sort().join('')).digest('hex');
}
