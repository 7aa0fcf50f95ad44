import { lstat, readdir } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import {
  headlineSchema,
  type RunHeadline,
  type RunList,
  type RunNotes,
  type RunRecord,
  type RunRow,
  runNotesSchema,
} from '../../ground/contracts/index.ts';
import { readJsonFile, writeAtomically } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import { type Job, MOST_REPORT_BYTES, valueAt } from '../../kit/job/index.ts';
import { asItStands, type FoundRun, readRunRecord, toJson } from '../../kit/runs/index.ts';

/** Names that a run's folder can have: nothing in them leads out of the folder of runs. */
const RUN_NAME = /^\w[\w.-]{0,199}$/;
const NOTES_FILE = 'notes.json';
const MOST_NOTE_BYTES = 64 * 2 ** 10;
/** Milliseconds that one look at the list may spend on reports that have not been read yet. */
const PATIENCE_MS = 1000;
/** Folders looked at together. */
const PARALLEL = 32;

interface Kept {
  readonly version: string;
  readonly record: RunRecord;
}

/** Tells two states of a file apart; empty where there is no such file. */
async function versionOf(file: string): Promise<string> {
  const status = await lstat(file).catch(() => null);
  return status?.isFile() ? `${status.mtimeMs} ${status.size} ${status.ino}` : '';
}

export interface RunIndexOptions {
  readonly runsDir: string;
  readonly jobs: readonly Job[];
}

/** The runs of a folder as the studio lists them; what has been read is kept until its file changes. */
export class RunIndex {
  readonly #folder: string;
  readonly #jobs: readonly Job[];
  readonly #records = new Map<string, Kept>();
  /** Of runs whose folder has another name than they have. */
  readonly #folders = new Map<string, string>();
  readonly #headlines = new Map<string, { readonly version: string; readonly headline: RunHeadline | null }>();

  constructor({ runsDir, jobs }: RunIndexOptions) {
    this.#folder = resolve(runsDir);
    this.#jobs = jobs;
  }

  /**
   * One run by its id; null where there is none. A run whose folder has the run's name is found without a look at any other; where no folder
   * has it, all are looked at, since a folder may have been renamed.
   */
  async find(id: string): Promise<FoundRun | null> {
    if (!RUN_NAME.test(id)) return null;
    for (const name of [id, this.#folders.get(id)]) {
      const found = name === undefined ? null : await this.#look(name).catch(() => null);
      if (found?.record.id === id) return found;
    }
    return (await this.#all()).find(({ record }) => record.id === id) ?? null;
  }

  /** @throws {BiolensError} `usage` where there is no such run */
  async get(id: string): Promise<FoundRun> {
    const found = await this.find(id);
    if (found === null) throw new BiolensError('usage', `there is no run "${id.slice(0, 200)}" here`);
    return found;
  }

  async #look(name: string): Promise<FoundRun | null> {
    const path = join(this.#folder, name);
    const version = await versionOf(join(path, 'run.json'));
    if (version === '' || !(await lstat(path)).isDirectory()) {
      this.#records.delete(name);
      this.#headlines.delete(name);
      return null;
    }
    const kept = this.#records.get(name);
    const record = kept?.version === version ? kept.record : await readRunRecord(path);
    this.#records.set(name, { version, record });
    if (record.id !== name) this.#folders.set(record.id, name);
    return await asItStands({ path, record });
  }

  async #all(): Promise<FoundRun[]> {
    const entries = await readdir(this.#folder, { withFileTypes: true }).catch(() => []);
    const names = entries.filter(entry => entry.isDirectory() && RUN_NAME.test(entry.name)).map(({ name }) => name);
    const found: FoundRun[] = [];
    for (let at = 0; at < names.length; at += PARALLEL) {
      const some = await Promise.all(names.slice(at, at + PARALLEL).map(name => this.#look(name).catch(() => null)));
      found.push(...some.filter(run => run !== null));
    }
    return found;
  }

  /** All runs, newest first. Reports that have not been read are read for a second; the rows of the others are `pending`. */
  async list(): Promise<RunList> {
    const found = await this.#all();
    const startOf = ({ record }: FoundRun): string => record.provenance.startedAt;
    found.sort((a, b) => startOf(b).localeCompare(startOf(a)) || b.record.id.localeCompare(a.record.id));
    const until = Date.now() + PATIENCE_MS;
    const rows: RunRow[] = [];
    for (const run of found) rows.push(await this.#row(run, until));
    return rows;
  }

  async #row({ path, record }: FoundRun, until: number): Promise<RunRow> {
    const { startedAt, endedAt, digests } = record.provenance;
    const job = this.#jobs.find(({ kind }) => kind === record.kind);
    const { notes, tags } = await readNotes(path);
    const headline = await this.#headline({ path, record }, { job, until });
    return {
      id: record.id,
      kind: record.kind,
      status: record.status,
      startedAt,
      title: titleOf(record, job),
      seconds: endedAt === null ? null : Math.max(0, (Date.parse(endedAt) - Date.parse(startedAt)) / 1000),
      headline: headline ?? null,
      pending: headline === undefined,
      notes,
      tags,
      data: Object.entries(digests).map(([role, digest]) => ({ role, name: nameOf(record, role), digest })),
    };
  }

  /** Undefined where it has not been read and there is no time to. */
  async #headline(
    { path, record }: FoundRun,
    { job, until }: { readonly job: Job | undefined; readonly until: number },
  ): Promise<RunHeadline | null | undefined> {
    if (record.status !== 'done' || job === undefined) return null;
    const file = join(path, 'report.json');
    const version = await versionOf(file);
    const name = basename(path);
    const kept = this.#headlines.get(name);
    // Neither a link nor a pipe: a folder of runs can come from a stranger.
    if (version === '') return null;
    if (kept?.version === version) return kept.headline;
    if (Date.now() > until) return undefined;
    const headline = await readHeadline(file, job);
    this.#headlines.set(name, { version, headline });
    return headline;
  }
}

/** What a run is about, in a few words. */
const titleOf = ({ configuration, id }: RunRecord, job: Job | undefined): string => job?.titleOf?.(configuration) ?? id;

/** What the user called a set or a model: the end of its path, where the configuration has one of the same name. */
function nameOf({ configuration }: RunRecord, role: string): string {
  const value = valueAt(configuration, [role]);
  return typeof value === 'string' ? basename(value) : role;
}

/** The headline of a report that may be anyone's: one that does not fit its job has none. */
async function readHeadline(file: string, job: Job): Promise<RunHeadline | null> {
  try {
    const report = job.report.safeParse(await readJsonFile(file, { mostBytes: MOST_REPORT_BYTES }));
    if (!report.success) return null;
    return headlineSchema.safeParse(job.headline(report.data)).data ?? null;
  } catch {
    return null;
  }
}

const NO_NOTES: RunNotes = { notes: '', tags: [] };

/** What was written about a run; nothing where its file is not what it should be. */
export async function readNotes(path: string): Promise<RunNotes> {
  const file = join(path, NOTES_FILE);
  try {
    // Neither a link nor a pipe: a folder of runs can come from a stranger.
    if (!(await lstat(file)).isFile()) return NO_NOTES;
    return runNotesSchema.safeParse(await readJsonFile(file, { mostBytes: MOST_NOTE_BYTES })).data ?? NO_NOTES;
  } catch {
    return NO_NOTES;
  }
}

/** Writes what a user says of a run. */
export async function writeNotes(path: string, { notes, tags }: RunNotes): Promise<void> {
  await writeAtomically(join(path, NOTES_FILE), toJson({ notes, tags: [...new Set(tags)] }));
}
