import { open, readdir, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { BiolensError, messageOf } from './errors.ts';
import { isNestedDeeper } from './nesting.ts';
import { tooManyValues } from './value-limit.ts';

/** System calls that change a folder or a file, whatever they are part of. */
const WRITING = [
  'mkdir',
  'mkdtemp',
  'rename',
  'unlink',
  'rmdir',
  'rm',
  'symlink',
  'link',
  'write',
  'copyfile',
  'ftruncate',
];

/** What a system error means to the person whose file it is about. */
export function explainSystemError(error: unknown, during: 'read' | 'write' = 'read'): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const call = error instanceof Error && 'syscall' in error ? String(error.syscall) : '';
  const verb = WRITING.includes(call) ? 'write' : during;
  const known: Readonly<Record<string, string>> = {
    ENOENT: 'no such file or folder',
    ENOTDIR: 'not a folder',
    EISDIR: 'a folder, not a file',
    EACCES: `no permission to ${verb} it`,
    EPERM: `no permission to ${verb} it`,
    EEXIST: 'exists already',
    EIO: 'the device reports an error',
    ELOOP: 'a symbolic link that leads back to itself',
    ENOSPC: 'no space left on the device',
    EDQUOT: 'the disk quota is used up',
    EROFS: 'the file system is read-only',
    ENAMETOOLONG: 'the name is too long',
  };
  return known[code] ?? messageOf(error);
}

/** A failed read or write as one line that names the file. */
export function fileError(path: string, error: unknown, verb: 'read' | 'write' = 'read'): BiolensError {
  if (error instanceof BiolensError) return error;
  return new BiolensError('input', `${path}: ${explainSystemError(error, verb)}`, {
    details: { file: path },
    cause: error,
  });
}

/** The real path of a file or folder whose last parts need not exist yet. */
async function realPlace(path: string): Promise<string> {
  const absolute = resolve(path);
  try {
    return await realpath(absolute);
  } catch {
    const above = dirname(absolute);
    return above === absolute ? absolute : join(await realPlace(above), basename(absolute));
  }
}

/** Whether a path, after all symbolic links, is one of the folders or lies in one. */
export async function isInside(path: string, folders: readonly string[]): Promise<boolean> {
  const place = await realPlace(path);
  for (const one of folders) {
    const folder = await realPlace(one);
    if (place === folder || place.startsWith(folder.endsWith(sep) ? folder : folder + sep)) return true;
  }
  return false;
}

/** Deeper nesting than this is no file of ours, and would exhaust the stack of whatever walks through it. */
const DEEPEST = 200;

/** Why a text is not JSON, for a person whose file it is. */
function whyNotJson(text: string): string {
  if (text === '') return 'an empty file';
  if (text.includes('\0')) return 'not JSON: it has bytes of zeros, as after a loss of power';
  const last = text.trimEnd().at(-1);
  return last === '}' || last === ']' ? 'not JSON' : 'not JSON: it ends too early';
}

/**
 * Reads a file of JSON.
 *
 * @param mostBytes a larger file is refused before it is read
 * @throws {BiolensError} `input` naming the file: not there, no plain file (a pipe would never end), too large, cut short, nested too deep
 */
export async function readJsonFile(path: string, { mostBytes }: { readonly mostBytes: number }): Promise<unknown> {
  const wrong = (why: string, cause?: unknown): BiolensError =>
    new BiolensError('input', `${path}: ${why}`, { details: { file: path }, cause });
  let text: string;
  try {
    const found = await stat(path);
    if (found.isDirectory()) throw wrong('a folder, not a file');
    if (!found.isFile()) throw wrong('not a plain file');
    if (found.size > mostBytes) throw wrong(`${found.size} bytes, expected at most ${mostBytes}`);
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw fileError(path, error);
  }
  if (isNestedDeeper(text, DEEPEST)) throw wrong(`nested more than ${DEEPEST} deep`);
  const many = tooManyValues(text);
  if (many !== null) throw wrong(many);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw wrong(whyNotJson(text), error);
  }
}

/** Makes a rename or a new file in a folder survive a loss of power; systems that cannot are left alone. */
export async function syncFolder(path: string): Promise<void> {
  try {
    const handle = await open(path);
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (process.platform !== 'win32') throw error;
  }
}

/** Numbers the temporary files of this process, so that two writes of one file at once do not share one. */
let written = 0;
const TEMPORARY = /\.(\d+)\.\d+\.tmp$/;

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH';
  }
}

/** Removes what {@link writeAtomically} left in a folder when its process was killed, as far as that is possible. */
export async function removeTemporaryFiles(folder: string): Promise<void> {
  for (const file of await readdir(folder).catch(() => [])) {
    const [, pid] = TEMPORARY.exec(file) ?? [];
    if (pid !== undefined && isGone(Number(pid))) await rm(join(folder, file), { force: true }).catch(() => undefined);
  }
}

/**
 * Writes a file so that at any instant either the old or the new content is there, and after the promise resolves the new one
 * survives a loss of power.
 *
 * @param mode permissions of the file, less the process's umask; 0o600 for what nobody else of this machine may read
 * @throws BiolensError `input` naming the file; nothing half-written is left
 */
export async function writeAtomically(
  path: string,
  content: string | Uint8Array,
  { mode = 0o666 }: { readonly mode?: number } = {},
): Promise<void> {
  const temporary = `${path}.${process.pid}.${written++}.tmp`;
  try {
    const handle = await open(temporary, 'w', mode);
    try {
      await handle.writeFile(content);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, path);
    await syncFolder(dirname(path));
  } catch (error) {
    // What went wrong first is what the caller has to hear of.
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError(path, error, 'write');
  }
}
