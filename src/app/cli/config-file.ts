import { readFile, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { LineCounter, parseDocument } from 'yaml';
import { z } from 'zod';
import { fileError } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import { suggest } from '../../kit/job/index.ts';

/** A job as a configuration file asks for it. */
export interface ConfiguredJob {
  /** Kind or verb; null where the file leaves it to the verb that reads it. */
  readonly job: string | null;
  readonly name: string | undefined;
  readonly failOn: readonly string[];
  /** Fields of the job's configuration, not yet checked. */
  readonly input: Readonly<Record<string, unknown>>;
  /** Where it stands, for messages. */
  readonly source: string;
  /** Folder that its relative paths start from. */
  readonly base: string;
}

const MOST_BYTES = 2 ** 20;
/** More jobs than this in one file are a mistake. */
const MOST_JOBS = 1000;
const DEEPEST = 32;

const entrySchema = z.looseObject({
  job: z.string().min(1).optional(),
  name: z.string().min(1).optional(),
  failOn: z.union([z.string().transform(text => [text]), z.array(z.string())]).default([]),
  matrix: z.record(z.string(), z.array(z.unknown()).min(1)).default({}),
});
type Entry = z.output<typeof entrySchema>;

function refuse(file: string, why: string, cause?: unknown): BiolensError {
  return new BiolensError('input', `${file}: ${why}`, { details: { file }, cause });
}

function depthOf(value: unknown, depth = 0): number {
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return depth;
  return Math.max(depth, ...Object.values(value).map(inside => depthOf(inside, depth + 1)));
}

async function readYaml(file: string): Promise<unknown> {
  let text: string;
  try {
    const { size } = await stat(file);
    if (size > MOST_BYTES) throw refuse(file, `${size} bytes, a configuration has at most ${MOST_BYTES}`);
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw fileError(file, error);
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: true });
  const [problem] = document.errors;
  if (problem !== undefined)
    throw refuse(file, `line ${lines.linePos(problem.pos[0]).line}: ${problem.message.split('\n')[0]}`, problem);
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch (error) {
    throw refuse(file, 'too many aliases', error);
  }
  if (depthOf(value) > DEEPEST) throw refuse(file, `nested more than ${DEEPEST} deep`);
  return value;
}

function parseEntry(value: unknown, source: string): Entry {
  const parsed = entrySchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const path = issue?.path.join('.') ?? '';
  throw refuse(source, path === '' ? 'expected fields of a job' : `"${path}" ${issue?.message}`, parsed.error);
}

/** Every combination of the values of a matrix. */
function combinationsOf(matrix: Entry['matrix']): Record<string, unknown>[] {
  return Object.entries(matrix).reduce<Record<string, unknown>[]>(
    (all, [name, values]) => all.flatMap(one => values.map(value => ({ ...one, [name]: value }))),
    [{}],
  );
}

const LIST_FIELDS = ['jobs', 'defaults'];

/**
 * Reads a configuration file: the fields of one job, with `job`, `name`, `failOn` and `matrix` beside them, or `jobs`, a list of such, with
 * `defaults` for all of them. `matrix` makes a job of each combination of its values. Relative paths start from the file's folder.
 *
 * @throws {BiolensError} `input` naming the file and the line or field that is wrong
 */
export async function readConfigFile(file: string): Promise<ConfiguredJob[]> {
  const value = await readYaml(file);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuse(file, 'expected the fields of a job, or "jobs", a list of them');
  let entries: { readonly entry: Entry; readonly source: string }[];
  if ('jobs' in value) {
    const stranger = Object.keys(value).find(name => !LIST_FIELDS.includes(name));
    if (stranger !== undefined)
      throw refuse(
        file,
        `"${stranger}" stands beside "jobs"${suggest(stranger, LIST_FIELDS)}; fields for all jobs go into "defaults"`,
      );
    const parsed = z
      .object({
        jobs: z.array(z.record(z.string(), z.unknown())).min(1),
        defaults: z.record(z.string(), z.unknown()).default({}),
      })
      .safeParse(value);
    if (!parsed.success)
      throw refuse(file, `"${parsed.error.issues[0]?.path.join('.')}" ${parsed.error.issues[0]?.message}`);
    const { jobs, defaults } = parsed.data;
    entries = jobs.map((one, i) => {
      const source = `${file}: jobs.${i}`;
      return { entry: parseEntry({ ...defaults, ...one }, source), source };
    });
  } else entries = [{ entry: parseEntry(value, file), source: file }];
  const combinations = entries.reduce(
    (sum, { entry }) => sum + Object.values(entry.matrix).reduce((product, values) => product * values.length, 1),
    0,
  );
  if (combinations > MOST_JOBS) throw refuse(file, `makes ${combinations} jobs, at most ${MOST_JOBS} go together`);
  return entries.flatMap(({ entry, source }) => {
    const { job = null, name, failOn, matrix, ...input } = entry;
    return combinationsOf(matrix).map(values => ({
      job,
      name,
      failOn,
      input: { ...input, ...values },
      source,
      base: dirname(resolve(file)),
    }));
  });
}
