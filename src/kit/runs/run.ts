import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import type { z } from 'zod';
import { type Provenance, type RunRecord, type RunStatus, runRecordSchema } from '../../ground/contracts/run.ts';
import { fileError, readJsonFile, removeTemporaryFiles, syncFolder, writeAtomically } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import { ItemLog, readItems } from './item-log.ts';
import { describeIssue, toJson } from './json.ts';
import { lockRun } from './lock.ts';
import { type ProvenanceFacts, startProvenance } from './provenance.ts';
import type { Share } from './share.ts';

/** Where runs go when nothing else is said. */
export const DEFAULT_RUNS_DIR = 'runs';

/** A run holds biometrics: no other user of the machine may read it. */
const PRIVATE_FOLDER = 0o700;
const PRIVATE_FILE = 0o600;
/** A configuration has paths and settings; nothing makes it larger than this. */
const MOST_RECORD_BYTES = 16 * 2 ** 20;

export interface CreateRunOptions extends ProvenanceFacts {
  /** The verb, such as `audit`. */
  readonly kind: string;
  /** Ends the folder's name; letters, digits and dashes of it are kept. */
  readonly name?: string;
  /** Everything needed to repeat the run. */
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly runsDir?: string;
  readonly now?: () => Date;
  /** The part of the items that this process makes; all of them by default. */
  readonly share?: Share | null;
}

/** A run folder that this process works on, and no other one. */
export class Run {
  readonly path: string;
  /** The part of the items that this process makes; null: all of them. */
  readonly share: Share | null;
  /** Where the run lies with others; for a shard, where the run lies that it is a part of. */
  readonly runsDir: string;
  readonly #log: ItemLog;
  readonly #unlock: () => Promise<void>;
  readonly #now: () => Date;
  #record: RunRecord;
  #saving: Promise<void> = Promise.resolve();

  /** @internal Use `createRun` or `openRun`. */
  constructor(
    path: string,
    parts: {
      readonly record: RunRecord;
      readonly log: ItemLog;
      readonly unlock: () => Promise<void>;
      readonly now: () => Date;
      readonly share: Share | null;
      readonly runsDir: string;
    },
  ) {
    this.path = path;
    this.share = parts.share;
    this.runsDir = parts.runsDir;
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

  /** Appends items in order, with few writes to the disk for many of them; resolves when all of them survive. */
  async appendAll(items: Iterable<unknown>): Promise<void> {
    await Promise.all(Array.from(items, item => this.#log.append(item)));
  }

  /**
   * The items so far, in order.
   *
   * @throws BiolensError `input` naming the file and the line that is not an item of the schema
   */
  items<T>(schema: z.ZodType<T>): AsyncGenerator<T> {
    return readItems(join(this.path, 'items.jsonl'), schema);
  }

  /** Path of a file in `artifacts/`, whose folder is made. @throws BiolensError `usage` for a name that leads out of it */
  async artifactPath(name: string): Promise<string> {
    const path = this.#inside(join('artifacts', name), join(this.path, 'artifacts'));
    await mkdir(dirname(path), { recursive: true, mode: PRIVATE_FOLDER }).catch(error => {
      throw fileError(dirname(path), error, 'write');
    });
    return path;
  }

  /** Writes a file into `artifacts/`, whole or not at all, and returns its path. */
  async writeArtifact(name: string, content: string | Uint8Array): Promise<string> {
    const path = await this.artifactPath(name);
    await writeAtomically(path, content, { mode: PRIVATE_FILE });
    return path;
  }

  /** Writes a file of the run's folder, such as `report.html`, whole or not at all, and returns its path. */
  async write(name: string, content: string | Uint8Array): Promise<string> {
    const path = this.#inside(name, this.path);
    await writeAtomically(path, content, { mode: PRIVATE_FILE });
    return path;
  }

  #inside(name: string, folder: string): string {
    const path = resolve(this.path, name);
    if (!path.startsWith(folder + sep))
      throw new BiolensError('usage', `"name" expected a file inside of ${folder}, got ${name}`);
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

  /**
   * Writes `report.json` and ends the run as done.
   *
   * @param beforeDone what has to be there before the run says that it is done, such as its page; it is given the record as it will be
   * @throws what `beforeDone` throws; the run is then as it was, with its report
   */
  async complete(report: unknown, beforeDone?: (record: RunRecord) => Promise<void>): Promise<void> {
    await this.write('report.json', toJson(report));
    const end = this.#ending('done');
    await beforeDone?.({ ...this.#record, ...end });
    await this.#end(end);
  }

  /** Ends this process's work; the run can be resumed. */
  interrupt(): Promise<void> {
    return this.#end(this.#ending('interrupted'));
  }

  /** Ends the run as failed, with the reason; it can be resumed once that is fixed. */
  fail(error: string): Promise<void> {
    return this.#end(this.#ending('failed', error));
  }

  #ending(status: RunStatus, error?: string): Partial<RunRecord> {
    return {
      status,
      provenance: { ...this.#record.provenance, endedAt: this.#now().toISOString() },
      ...(error === undefined ? {} : { error }),
    };
  }

  async #end(ending: Partial<RunRecord>): Promise<void> {
    await this.#log.close();
    try {
      await this.#save(ending);
    } finally {
      await this.#unlock();
    }
  }

  /** One change after the other: two at once would each write a record without the other's facts. */
  #save(change: Partial<RunRecord>): Promise<void> {
    this.#record = { ...this.#record, ...change };
    const text = toJson(this.#record);
    const saved = this.#saving.then(() => writeAtomically(join(this.path, 'run.json'), text, { mode: PRIVATE_FILE }));
    this.#saving = saved.catch(() => undefined);
    return saved;
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
      await mkdir(join(runsDir, id), { mode: PRIVATE_FOLDER });
      return id;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST'))
        throw fileError(join(runsDir, id), error, 'write');
    }
  }
}

/**
 * Starts a run in a folder of its own, named after the time (UTC), the kind and the name.
 *
 * @throws BiolensError `input` when the folder cannot be made.
 */
export async function createRun(options: CreateRunOptions): Promise<Run> {
  const { kind, configuration, share = null, now = () => new Date() } = options;
  const runsDir = resolve(options.runsDir ?? DEFAULT_RUNS_DIR);
  await mkdir(runsDir, { recursive: true }).catch(error => {
    throw fileError(runsDir, error, 'write');
  });
  const startedAt = now();
  const stamp = startedAt.toISOString().slice(0, 19).replaceAll(':', '-');
  const name = slug(options.name ?? '');
  const id = await makeFolder(runsDir, [stamp, kind, ...(name === '' ? [] : [name])].join('-'));
  const path = join(runsDir, id);
  const provenance: Provenance = await startProvenance(options, startedAt);
  const record: RunRecord = { schema: 'biolens/run@1', id, kind, status: 'running', configuration, provenance };
  try {
    const run = await beginWork(path, { now, share, runsDir }, () => record);
    await syncFolder(runsDir);
    return run;
  } catch (error) {
    // A run that could not begin leaves no folder behind.
    await rm(path, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
}

/**
 * Reads `run.json`.
 *
 * @throws BiolensError `input` naming the file when it is missing or not a run's.
 */
export async function readRunRecord(path: string): Promise<RunRecord> {
  const file = join(path, 'run.json');
  const value = await readJsonFile(file, { mostBytes: MOST_RECORD_BYTES });
  const parsed = runRecordSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new BiolensError('input', `${file}: ${describeIssue(parsed.error)}`, { cause: parsed.error });
}

/**
 * Opens a run to resume it: takes its lock, cuts a torn last line off its items, and marks it as running.
 *
 * @throws BiolensError `usage` when the run is done or another process works on it; `input` when it is no run.
 */
export async function openRun(
  path: string,
  { now = () => new Date() }: { readonly now?: () => Date } = {},
): Promise<Run> {
  const folder = resolve(path);
  // Before the lock, so that a folder that is not a run is refused and stays untouched.
  refuseDone(await readRunRecord(folder), folder);
  return await beginWork(folder, { now, share: null, runsDir: dirname(folder) }, async () => {
    // Again, because the process that held the lock until now may have ended the run.
    const found = await readRunRecord(folder);
    refuseDone(found, folder);
    return await resumedRecord(found, folder);
  });
}

/** The record of a run that is worked on again, in its tidied folder. */
async function resumedRecord({ error: _, ...found }: RunRecord, folder: string): Promise<RunRecord> {
  await removeTemporaryFiles(folder);
  await removeTemporaryFiles(join(folder, 'artifacts'));
  return { ...found, status: 'running', provenance: { ...found.provenance, endedAt: null } };
}

/**
 * Begins the run of a shard, or goes on with it: a run like any other, within the folder of the run that it is a part of.
 *
 * @param path the folder of the shard
 * @param of the run that it is a part of
 * @throws BiolensError `usage` when another process works on it or it is done; `input` where what is there belongs to another configuration
 */
export async function openShardRun(
  path: string,
  { of, share, now = () => new Date() }: { readonly of: RunRecord; readonly share: Share; readonly now?: () => Date },
): Promise<Run> {
  const folder = resolve(path);
  await mkdir(folder, { recursive: true, mode: PRIVATE_FOLDER }).catch(error => {
    throw fileError(folder, error, 'write');
  });
  const { error: _, ...whole } = of;
  return await beginWork(folder, { now, share, runsDir: resolve(folder, '../../..') }, async () => {
    if (existsSync(join(folder, 'run.json'))) {
      const found = await readRunRecord(folder);
      if (digestConfiguration(found) !== digestConfiguration(of))
        throw new BiolensError('input', `${folder}: a shard of another configuration than that of run ${of.id}`);
      if (found.status === 'done') throw new BiolensError('usage', `${folder}: this shard is done`);
      return await resumedRecord(found, folder);
    }
    // With the digests of the run's inputs: a shard of others is none of it.
    const { seed, digests } = of.provenance;
    const provenance = await startProvenance({ seed, digests }, now());
    return { ...whole, id: `${of.id}-shard-${basename(folder)}`, status: 'running', provenance };
  });
}

/** SHA-256 of what a run does; items belong together where it is the same. */
export function digestConfiguration({ kind, configuration }: Pick<RunRecord, 'kind' | 'configuration'>): string {
  return createHash('sha256').update(toJson({ kind, configuration })).digest('hex');
}

/** Takes the lock, writes the record that is made under it, and opens the items. */
async function beginWork(
  path: string,
  { now, share, runsDir }: { readonly now: () => Date; readonly share: Share | null; readonly runsDir: string },
  makeRecord: () => RunRecord | Promise<RunRecord>,
): Promise<Run> {
  let log: ItemLog | undefined;
  const unlock = await lockRun(path, () =>
    log?.refuse(
      new BiolensError('external', `${path}: this process was silent for long, and another machine took the run over`),
    ),
  );
  try {
    const record = await makeRecord();
    log = await ItemLog.open(join(path, 'items.jsonl'));
    // The folder is synced with the record, and the new file of items with it.
    await writeAtomically(join(path, 'run.json'), toJson(record), { mode: PRIVATE_FILE });
    return new Run(path, { record, log, unlock, now, share, runsDir });
  } catch (error) {
    await log?.close();
    await unlock();
    throw error;
  }
}

/** @throws {BiolensError} `usage` for a run that is done: there is nothing to resume */
export function refuseDone({ status }: RunRecord, folder: string): void {
  if (status === 'done')
    throw new BiolensError(
      'usage',
      `${basename(folder)}: this run is done; biolens runs rerun repeats it, biolens runs report writes its page`,
    );
}
