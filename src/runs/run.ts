import { mkdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import type { z } from 'zod';
import { type Provenance, type RunRecord, type RunStatus, runRecordSchema } from '../contracts/run.ts';
import { BiolensError } from '../errors.ts';
import { fileError, syncFolder, toJson, writeAtomically } from './files.ts';
import { ItemLog, readItems } from './item-log.ts';
import { lockRun } from './lock.ts';
import { type ProvenanceFacts, startProvenance } from './provenance.ts';

/** Where runs go when nothing else is said. */
export const DEFAULT_RUNS_DIR = 'runs';

export interface CreateRunOptions extends ProvenanceFacts {
  /** The verb, such as `audit`. */
  readonly kind: string;
  /** Ends the folder's name; letters, digits and dashes of it are kept. */
  readonly name?: string;
  /** Everything needed to repeat the run. */
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly runsDir?: string;
  readonly now?: () => Date;
}

/** A run folder that this process works on, and no other one. */
export class Run {
  readonly path: string;
  readonly #log: ItemLog;
  readonly #unlock: () => Promise<void>;
  readonly #now: () => Date;
  #record: RunRecord;

  /** @internal Use `createRun` or `openRun`. */
  constructor(
    path: string,
    parts: {
      readonly record: RunRecord;
      readonly log: ItemLog;
      readonly unlock: () => Promise<void>;
      readonly now: () => Date;
    },
  ) {
    this.path = path;
    this.#record = parts.record;
    this.#log = parts.log;
    this.#unlock = parts.unlock;
    this.#now = parts.now;
  }

  get id(): string {
    return this.#record.id;
  }

  get record(): RunRecord {
    return this.#record;
  }

  /** Appends an item; when this resolves it survives whatever happens to the process or the machine. */
  append(item: unknown): Promise<void> {
    return this.#log.append(item);
  }

  /** The items so far, in order. */
  items<T>(schema: z.ZodType<T>): AsyncGenerator<T> {
    return readItems(join(this.path, 'items.jsonl'), schema);
  }

  /** Path of a file in `artifacts/`; the folder is made. */
  async artifactPath(name: string): Promise<string> {
    const folder = join(this.path, 'artifacts');
    await mkdir(folder, { recursive: true }).catch(error => {
      throw fileError(folder, error);
    });
    return join(folder, name);
  }

  /** Writes a file of the run's folder, such as `report.html`, whole or not at all. */
  async write(name: string, content: string | Uint8Array): Promise<string> {
    const path = join(this.path, name);
    await writeAtomically(path, content);
    return path;
  }

  /** Records facts that were not known when the run began. */
  async note(facts: {
    readonly digests?: Readonly<Record<string, string>>;
    readonly engine?: string;
    readonly device?: string;
  }): Promise<void> {
    const { provenance } = this.#record;
    const host = {
      ...provenance.host,
      ...(facts.engine ? { runtime: facts.engine } : {}),
      ...(facts.device ? { device: facts.device } : {}),
    };
    await this.#save({ provenance: { ...provenance, host, digests: { ...provenance.digests, ...facts.digests } } });
  }

  /** Writes `report.json` and ends the run as done. */
  async complete(report: unknown): Promise<void> {
    await this.write('report.json', toJson(report));
    await this.#end('done');
  }

  /** Ends this process's work; the run can be resumed. */
  interrupt(): Promise<void> {
    return this.#end('interrupted');
  }

  /** Ends the run as failed, with the reason; it can be resumed once that is mended. */
  fail(error: string): Promise<void> {
    return this.#end('failed', error);
  }

  async #end(status: RunStatus, error?: string): Promise<void> {
    await this.#log.close();
    try {
      await this.#save({
        status,
        provenance: { ...this.#record.provenance, endedAt: this.#now().toISOString() },
        ...(error === undefined ? {} : { error }),
      });
    } finally {
      await this.#unlock();
    }
  }

  async #save(change: Partial<RunRecord>): Promise<void> {
    this.#record = { ...this.#record, ...change };
    await writeAtomically(join(this.path, 'run.json'), toJson(this.#record));
  }
}

function slug(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[^A-Za-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .toLowerCase()
    .slice(0, 40);
}

/** Makes the first folder of `base`, `base-2`, `base-3`, … that is not there yet. */
async function makeFolder(runsDir: string, base: string): Promise<string> {
  for (let count = 1; ; count++) {
    const id = count === 1 ? base : `${base}-${count}`;
    try {
      await mkdir(join(runsDir, id));
      return id;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST'))
        throw fileError(join(runsDir, id), error);
    }
  }
}

/**
 * Starts a run in a folder of its own, named after the time (UTC), the kind and the name.
 *
 * @throws {BiolensError} `input` when the folder cannot be made.
 */
export async function createRun(options: CreateRunOptions): Promise<Run> {
  const { kind, configuration, now = () => new Date() } = options;
  const runsDir = resolve(options.runsDir ?? DEFAULT_RUNS_DIR);
  await mkdir(runsDir, { recursive: true }).catch(error => {
    throw fileError(runsDir, error);
  });
  const startedAt = now();
  const stamp = startedAt.toISOString().slice(0, 19).replaceAll(':', '-');
  const name = slug(options.name ?? '');
  const id = await makeFolder(runsDir, [stamp, kind, ...(name === '' ? [] : [name])].join('-'));
  const path = join(runsDir, id);
  const provenance: Provenance = await startProvenance(options, startedAt);
  const record: RunRecord = { schema: 'biolens/run@1', id, kind, status: 'running', configuration, provenance };
  const unlock = await lockRun(path);
  try {
    await writeAtomically(join(path, 'run.json'), toJson(record));
    const log = await ItemLog.open(join(path, 'items.jsonl'));
    await syncFolder(runsDir);
    return new Run(path, { record, log, unlock, now });
  } catch (error) {
    await unlock();
    throw error;
  }
}

/**
 * Reads `run.json`.
 *
 * @throws {BiolensError} `input` naming the file when it is missing or not a run's.
 */
export async function readRunRecord(path: string): Promise<RunRecord> {
  const file = join(path, 'run.json');
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw error instanceof SyntaxError
      ? new BiolensError('input', `${file}: not JSON`, { cause: error })
      : fileError(file, error);
  }
  const parsed = runRecordSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new BiolensError('input', `${file}: "${issue?.path.join('.')}" ${issue?.message}`, { cause: parsed.error });
}

/**
 * Opens a run to go on with it: takes its lock, cuts a torn last line off its items, and marks it as running.
 *
 * @throws {BiolensError} `usage` when the run is done or another process works on it; `input` when it is no run.
 */
export async function openRun(
  path: string,
  { now = () => new Date() }: { readonly now?: () => Date } = {},
): Promise<Run> {
  const folder = resolve(path);
  const found = await readRunRecord(folder);
  if (found.status === 'done')
    throw new BiolensError('usage', `${basename(folder)}: this run is done; biolens runs rerun repeats it`);
  const unlock = await lockRun(folder);
  try {
    const { error: _, ...rest } = found;
    const record: RunRecord = { ...rest, status: 'running', provenance: { ...found.provenance, endedAt: null } };
    await writeAtomically(join(folder, 'run.json'), toJson(record));
    const log = await ItemLog.open(join(folder, 'items.jsonl'));
    return new Run(folder, { record, log, unlock, now });
  } catch (error) {
    await unlock();
    throw error;
  }
}
