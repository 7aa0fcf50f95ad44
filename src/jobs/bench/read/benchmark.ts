import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve } from 'node:path';
import type { Question } from '../../../ground/contracts/bench.ts';
import { fileError } from '../../../ground/disk.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { findFaceHuman, isFaceHuman, readFaceHuman, rootOfFaceHuman } from './face-human-bench.ts';
import { looksFaceBench, readFaceBench } from './facebench.ts';
import { type ImageStore, openImages } from './image-store.ts';
import { readQuestionLines } from './jsonl.ts';
import { looksOfficial, readOfficial, readOfficialFile } from './official.ts';
import { readParquet } from './parquet.ts';
import { type ReadOptions, raise, tooLarge } from './problem.ts';

export type BenchmarkFormat = 'official' | 'parquet' | 'jsonl' | 'face-human-bench' | 'facebench';

/** A benchmark on disk: its questions stream, its images load when asked for. */
export interface Benchmark {
  /** Absolute folder that the files of image references are relative to. */
  readonly root: string;
  readonly format: BenchmarkFormat;
  /** Files with questions, relative to `root`, in the order they are read. */
  readonly files: readonly string[];
  readonly images: ImageStore;
  /**
   * All questions in the order of the files. Ids are unique.
   *
   * @throws {BiolensError} `input`, naming the file and the field, at the first problem unless `onProblem` is given.
   */
  questions(options?: ReadOptions): AsyncGenerator<Question>;
}

/**
 * Opens an official FaceXBench folder (the repository, its `benchmark/` folder, or one JSON file), Parquet files with the same
 * columns, questions in JSONL, or the folders of Face-Human-Bench and FaceBench.
 *
 * @throws {BiolensError} `input` where there is nothing of the kind at `path`.
 */
export async function openBenchmark(path: string): Promise<Benchmark> {
  const found = await findFiles(resolve(path));
  const { root, format, files } = found;
  return {
    ...found,
    images: openImages(root),
    async *questions(options = {}) {
      const seen = new Set<string>();
      for await (const question of read(root, { format, files }, options)) {
        const where = question.id.slice(0, 200);
        const large = tooLarge(question);
        if (large !== null) raise({ where, message: `question "${where}": ${large}` }, options);
        else if (seen.has(question.id)) raise({ where, message: `question "${where}" is there twice` }, options);
        else {
          seen.add(question.id);
          yield question;
        }
      }
    },
  };
}

async function* read(
  root: string,
  { format, files }: { readonly format: BenchmarkFormat; readonly files: readonly string[] },
  options: ReadOptions,
): AsyncGenerator<Question> {
  switch (format) {
    case 'official':
      yield* readOfficial(root, files, options);
      break;
    case 'parquet':
      yield* readParquet(root, files, options);
      break;
    case 'jsonl':
      for (const name of files) yield* readQuestionLines(root, name, options);
      break;
    case 'face-human-bench':
      yield* readFaceHuman(root, files, options);
      break;
    case 'facebench':
      yield* readFaceBench(root, files, options);
      break;
    default:
      format satisfies never;
  }
}

interface Found {
  readonly root: string;
  readonly format: BenchmarkFormat;
  readonly files: readonly string[];
}

/** What a benchmark in JSONL is called in its folder; other lines beside official files may be anything, such as results. */
const OWN_FILE = 'questions.jsonl';

async function findFiles(path: string): Promise<Found> {
  const info = await stat(path).catch((cause: unknown) => {
    throw fileError(path, cause);
  });
  if (!info.isDirectory()) {
    const format = formatOf(path);
    if (format === null) throw new BiolensError('input', `${path}: expected .json, .jsonl or .parquet`);
    const [folder, name] = [dirname(path), basename(path)];
    if (format === 'official' && (await isFaceHuman(folder, name))) return faceHuman(folder, [name]);
    if (format === 'jsonl' && (await looksFaceBench(path))) return { root: folder, format: 'facebench', files: [name] };
    return { root: folder, format, files: [name] };
  }
  for (const folder of ['', 'benchmark', 'data']) {
    const root = join(path, folder);
    const names = await readdir(root).catch(() => []);
    const of = (format: BenchmarkFormat): string[] => names.filter(name => formatOf(name) === format).sort();
    const jsonl = of('jsonl');
    if (jsonl.includes(OWN_FILE)) return { root, format: 'jsonl', files: [OWN_FILE] };
    const humans = await faceHumanFiles(root, of('official'));
    if (humans.length > 0) return faceHuman(root, humans);
    const official = await questionFiles(root, of('official'));
    if (official.length > 0) return { root, format: 'official', files: official };
    // Parquet is kept in `data/` by convention, and its paths are relative to the folder above.
    const parquet = of('parquet').map(name => join(folder, name));
    if (parquet.length > 0) return { root: path, format: 'parquet', files: parquet };
    const faceBench = await keepOnly(jsonl, name => looksFaceBench(join(root, name)));
    if (faceBench.length > 0) return { root, format: 'facebench', files: faceBench };
    if (jsonl.length > 0) return { root, format: 'jsonl', files: jsonl };
  }
  const below = await findFaceHuman(path);
  if (below !== null) return faceHuman(below, await faceHumanFiles(below, await readdir(below)));
  throw new BiolensError(
    'input',
    `${path}: no questions here: expected FaceXBench JSON, JSONL, Parquet, Face-Human-Bench or FaceBench files`,
  );
}

async function keepOnly(names: readonly string[], is: (name: string) => Promise<boolean>): Promise<string[]> {
  const kept = await Promise.all(names.map(is));
  return names.filter((_, i) => kept[i]);
}

const faceHumanFiles = (folder: string, names: readonly string[]): Promise<string[]> =>
  keepOnly(names.filter(name => /^(?:face|human)_\w+\.json$/.test(name)).sort(), name => isFaceHuman(folder, name));

function faceHuman(folder: string, names: readonly string[]): Found {
  const root = rootOfFaceHuman(folder);
  return { root, format: 'face-human-bench', files: names.map(name => relative(root, join(folder, name))) };
}

/** JSON that cannot be parsed counts as a file of questions: leaving it out would lose them without a word. */
async function questionFiles(root: string, names: readonly string[]): Promise<string[]> {
  const kept = await Promise.all(
    names.map(name =>
      readOfficialFile(root, name).then(
        ({ parsed }) => looksOfficial(parsed),
        () => true,
      ),
    ),
  );
  return names.filter((_, i) => kept[i]);
}

function formatOf(name: string): BenchmarkFormat | null {
  if (/\.jsonl$/i.test(name)) return 'jsonl';
  if (/\.json$/i.test(name)) return 'official';
  return /\.parquet$/i.test(name) ? 'parquet' : null;
}

/** SHA-256 over all that the questions say, in their order; images count by their own digests where those are known. */
export function digestQuestions(questions: Iterable<Question>): string {
  const hash = createHash('sha256');
  for (const question of questions) hash.update(`${JSON.stringify(question)}\n`);
  return hash.digest('hex');
}
