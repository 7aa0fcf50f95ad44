import { type BenchBuild, BUILD_DEFAULTS } from '../../../ground/contracts/bench-build.ts';
import { TASKS, type TaskCode } from '../../../ground/contracts/bench-codes.ts';
import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';
import { foldIn, type RandomKey, randomKey } from '../../../ground/math/index.ts';
import { packageVersion } from '../../../kit/runs/index.ts';
import { chooseAdapter } from './adapters/index.ts';
import { BenchmarkFolder, type BuildFormat } from './benchmark-folder.ts';
import { composeQuestions, type Supplier } from './compose-questions.ts';
import type { Adapter, LabelledImage } from './labelled-image.ts';
import { PictureMaker } from './picture-maker.ts';
import { type PictureUses, Pool } from './pool.ts';
import { TASK_MAKERS } from './questions/index.ts';
import { SourceFolder } from './source-folder.ts';
import { FACE_TOOLS, type ToolBook } from './tool-book.ts';

/** Defaults are those of `BUILD_DEFAULTS`. */
export interface BuildOptions {
  /** Folders of labelled images. */
  readonly from: string | readonly string[];
  /** The new folder. */
  readonly to: string;
  /** All fourteen by default. */
  readonly tasks?: readonly TaskCode[] | undefined;
  /** Questions of each task, shared among the folders that can make them. */
  readonly perTask?: number | undefined;
  /** Whole number from 0. */
  readonly seed?: number | undefined;
  /** Name of the layout of all folders; told from what is in them by default. */
  readonly layout?: string | undefined;
  /** Folder of region masks with `regions.json`; by default the one called like the folder of images, with `-masks` behind. */
  readonly masks?: string | undefined;
  /** `jsonl`: our own, with the origin of every image; `official`: the layout of the FaceXBench release. */
  readonly format?: BuildFormat | undefined;
  /** Copy images, or link to those that are used as they are. */
  readonly copy?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

export type BuildEvent =
  /** A folder was read. */
  | {
      readonly type: 'source';
      readonly directory: string;
      readonly adapter: string;
      readonly dataset: string;
      readonly images: number;
    }
  /** Questions done, or found impossible, of those asked for. */
  | { readonly type: 'progress'; readonly task: TaskCode; readonly done: number; readonly total: number }
  | { readonly type: 'result'; readonly result: BenchBuild };

interface Source {
  readonly directory: string;
  readonly adapter: Adapter;
  /** Unique among the sources. */
  readonly dataset: string;
  readonly images: readonly LabelledImage[];
  readonly tools: ToolBook | null;
  readonly pictures: PictureMaker;
  readonly uses: PictureUses;
}

/**
 * Builds a benchmark of four-option questions from folders of labelled images. Every question has its options decided before its
 * images are chosen, so that they give nothing away; right letters are dealt evenly; no question shows an image twice; each
 * image's origin is written down. The same folders and options give the same bytes. The new folder appears when it is complete.
 *
 * @throws {BiolensError} `usage` naming an option out of range; `input` naming a folder or label file that cannot be read, or saying
 *   why no question can be made; `interrupted`.
 */
export async function* buildBenchmark(options: BuildOptions): AsyncGenerator<BuildEvent> {
  const { perTask = BUILD_DEFAULTS.perTask, seed = BUILD_DEFAULTS.seed, signal } = options;
  if (!Number.isInteger(perTask) || perTask < 1)
    throw new BiolensError('usage', `"perTask" expected a whole number ≥ 1, got ${perTask}`);
  const key = foldIn(randomKey(seed), 'bench build');
  const tasks = tasksOf(options.tasks);
  const folder = await BenchmarkFolder.create(options.to, { copy: options.copy ?? BUILD_DEFAULTS.copy });
  try {
    const sources: Source[] = [];
    for (const directory of typeof options.from === 'string' ? [options.from] : options.from) {
      const source = await openSource(directory, { ...options, seed, taken: sources });
      sources.push(source);
      yield {
        type: 'source',
        directory,
        adapter: source.adapter.name,
        dataset: source.dataset,
        images: source.images.length,
      };
    }
    const unusable = new Map<string, string>();
    const shortfalls: BenchBuild['shortfalls'] = [];
    for (const [i, task] of tasks.entries()) {
      const { suppliers, reasons } = suppliersOf(task, sources);
      let made = 0;
      for await (const question of composeTask(suppliers, {
        task,
        perTask,
        key: foldIn(key, task),
        unusable,
        signal,
      })) {
        await folder.add(question);
        made++;
        yield { type: 'progress', task, done: i * perTask + made, total: tasks.length * perTask };
      }
      if (made < perTask) {
        const some = suppliers.length > 0 ? ['no further question with these labels'] : [];
        shortfalls.push({ task, asked: perTask, made, reason: [...some, ...reasons].join('; ') });
        yield { type: 'progress', task, done: (i + 1) * perTask, total: tasks.length * perTask };
      }
    }
    throwIfAborted(signal);
    if (folder.questions.length === 0) {
      const [reason] = unusable.values();
      const left = reason === undefined ? [] : [`${unusable.size} images cannot be used, such as ${reason}`];
      const why = [...shortfalls.map(({ task, reason }) => `${task}: ${reason}`), ...left].join('; ');
      throw new BiolensError(
        'input',
        `no question can be made from ${sources.map(({ directory }) => directory).join(', ')}: ${why}`,
      );
    }
    const result = summarise(folder, { options, seed, sources, shortfalls, unusable });
    await folder.finish(result, { biolens: packageVersion(), tasks, perTask });
    yield { type: 'result', result };
  } finally {
    await folder.discard();
  }
}

function tasksOf(asked: readonly TaskCode[] | undefined): TaskCode[] {
  const known: readonly TaskCode[] = TASKS.map(({ code }) => code);
  const unknown = asked?.find(task => !known.includes(task));
  if (unknown !== undefined)
    throw new BiolensError('usage', `"tasks" expected some of ${known.join(', ')}, got "${unknown}"`);
  return known.filter(task => asked?.includes(task) ?? true);
}

async function openSource(
  directory: string,
  options: BuildOptions & { readonly seed: number; readonly taken: readonly Source[] },
): Promise<Source> {
  const { seed, masks, signal, taken } = options;
  const folder = await SourceFolder.open(directory, { signal });
  const adapter = await chooseAdapter(folder, options.layout);
  const images: LabelledImage[] = [];
  for await (const image of adapter.read(folder, { seed, masks, signal })) images.push(image);
  const tools = (await adapter.readTools?.(folder)) ?? null;
  if (images.length === 0 && tools === null)
    throw new BiolensError(
      'input',
      `${directory}: no labelled image in the layout "${adapter.name}" (${adapter.layout})`,
    );
  const same = taken.filter(source => source.adapter.dataset === adapter.dataset).length;
  const dataset = same === 0 ? adapter.dataset : `${adapter.dataset} ${same + 1}`;
  return { directory, adapter, dataset, images, tools, pictures: new PictureMaker(folder), uses: new Map() };
}

interface Suppliers {
  readonly suppliers: readonly Supplier[];
  /** Why other sources cannot supply the task. */
  readonly reasons: readonly string[];
}

/** The sources that can make questions of a task. Tools come from scenarios that a user wrote, or else from our own. */
function suppliersOf(task: TaskCode, sources: readonly Source[]): Suppliers {
  const make = TASK_MAKERS[task];
  const suppliers: Supplier[] = [];
  const reasons: string[] = [];
  if (task === 'tools_retrieval') {
    const books = sources.flatMap(({ tools, dataset, adapter }) =>
      tools === null ? [] : [{ tools, dataset, adapter: adapter.name }],
    );
    for (const { tools, dataset, adapter } of books.length > 0
      ? books
      : [{ tools: FACE_TOOLS, dataset: FACE_TOOLS.dataset, adapter: 'built-in' }]) {
      const material = { pool: new Pool([]), lowResolution: false, tools };
      const questions = make(material);
      if (typeof questions !== 'string') suppliers.push({ dataset, adapter, material, questions, pictures: null });
    }
    return { suppliers, reasons };
  }
  for (const { dataset, adapter, images, pictures, tools, uses } of sources) {
    if (tools !== null) continue;
    const material = { pool: new Pool(images, uses), lowResolution: adapter.lowResolution ?? false, tools: FACE_TOOLS };
    const questions = make(material);
    if (typeof questions === 'string') reasons.push(`${dataset}: ${questions}`);
    else suppliers.push({ dataset, adapter: adapter.name, material, questions, pictures });
  }
  return { suppliers, reasons };
}

interface TaskWork {
  readonly task: TaskCode;
  readonly perTask: number;
  readonly key: RandomKey;
  readonly unusable: Map<string, string>;
  readonly signal: AbortSignal | undefined;
}

/** The questions of a task, its suppliers in turn; what one cannot make the later ones may. */
async function* composeTask(suppliers: readonly Supplier[], work: TaskWork): ReturnType<typeof composeQuestions> {
  const { task, perTask, key, unusable, signal } = work;
  const asked = new Set<string>();
  let left = perTask;
  for (const [i, supplier] of suppliers.entries()) {
    const count = Math.ceil(left / (suppliers.length - i));
    const onUnusable = (file: string, reason: string): void =>
      void unusable.set(`${supplier.dataset}: ${file}`, reason);
    for await (const question of composeQuestions(supplier, {
      task,
      count,
      key: foldIn(key, supplier.dataset),
      asked,
      onUnusable,
      signal,
    })) {
      left--;
      yield question;
    }
  }
}

function summarise(
  { questions, provenance }: BenchmarkFolder,
  facts: {
    readonly options: BuildOptions;
    readonly seed: number;
    readonly sources: readonly Source[];
    readonly shortfalls: BenchBuild['shortfalls'];
    readonly unusable: ReadonlyMap<string, string>;
  },
): BenchBuild {
  const countBy = (of: (question: (typeof questions)[number]) => string): Record<string, number> => {
    const counts: Record<string, number> = {};
    for (const question of questions) counts[of(question)] = (counts[of(question)] ?? 0) + 1;
    return counts;
  };
  const { options, seed, sources, shortfalls, unusable } = facts;
  return {
    schema: 'biolens/bench-build@1',
    directory: options.to,
    format: options.format ?? BUILD_DEFAULTS.format,
    seed,
    sources: sources.map(({ directory, adapter, dataset, images }) => ({
      directory,
      adapter: adapter.name,
      dataset,
      images: images.length,
    })),
    questions: questions.length,
    images: provenance.length,
    byTask: countBy(({ task }) => task),
    byDataset: countBy(({ dataset }) => dataset),
    byImageCount: countBy(({ imageCount }) => imageCount),
    shortfalls,
    unusable: [...unusable].map(([file, reason]) => ({ file, reason })),
  };
}
