import type { ImageRef, Question } from '../../ground/contracts/bench.ts';
import { nameOfCode } from '../../ground/contracts/bench-codes.ts';
import { PUBLISHED_COUNTS } from './datasets.ts';

/** Counts of a group of questions by the images they show, under the names of the published tables. */
export interface Counts {
  questions: number;
  multipleImages: number;
  singleImages: number;
  textOnly: number;
}

export interface DatasetRow extends Readonly<Counts> {
  readonly dataset: string;
  readonly task: string;
  readonly category: string;
}

export interface Summary extends Readonly<Counts> {
  readonly uniqueImages: number;
  readonly imageUses: number;
  /** Different question texts, which is what the paper seems to count as its templates. */
  readonly templates: number;
  readonly longestQuestion: number;
  readonly longestOption: number;
  /** Questions by how many options they have. */
  readonly optionCounts: Readonly<Record<string, number>>;
  /** Questions by the letter of the right option. */
  readonly letters: Readonly<Record<string, number>>;
  readonly categories: number;
  readonly tasks: number;
  readonly datasets: number;
}

/** A published number beside the one that was counted. */
export interface Comparison {
  readonly field: string;
  readonly published: number;
  readonly found: number;
  readonly equal: boolean;
}

/** What `biolens bench stats --json` prints. */
export interface BenchmarkStats {
  readonly summary: Summary;
  /** The columns of the published table of source data sets. */
  readonly datasets: readonly DatasetRow[];
  readonly byCategory: Readonly<Record<string, Readonly<Counts>>>;
  readonly byTask: Readonly<Record<string, Readonly<Counts>>>;
  readonly byDataset: Readonly<Record<string, Readonly<Counts>>>;
  readonly byImageCount: Readonly<Record<string, number>>;
  /** Empty where these are other questions than the published ones. */
  readonly published: readonly Comparison[];
}

/** Published of the whole benchmark (FaceXBench, arXiv 2501.10360, and its released questions). */
const PUBLISHED_SUMMARY = {
  questions: 5000,
  multipleImages: 2750,
  singleImages: 2150,
  textOnly: 100,
  uniqueImages: 10_441,
  imageUses: 11_266,
  templates: 757,
  longestQuestion: 676,
  longestOption: 207,
} as const;
const SUMMARY_FIELDS = [
  'questions',
  'multipleImages',
  'singleImages',
  'textOnly',
  'uniqueImages',
  'imageUses',
  'templates',
  'longestQuestion',
  'longestOption',
] as const;
const PUBLISHED_LETTERS: Readonly<Record<string, number>> = { A: 1278, B: 1332, C: 1189, D: 1201 };

const none = (): Counts => ({ questions: 0, multipleImages: 0, singleImages: 0, textOnly: 0 });
const COUNT_FIELD = { multiple: 'multipleImages', single: 'singleImages', zero: 'textOnly' } as const;

function count(counts: Counts, question: Question): void {
  counts.questions++;
  counts[COUNT_FIELD[question.imageCount]]++;
}

interface MutableRow {
  /** The first of its questions. */
  readonly question: Question;
  readonly counts: Counts;
}

class Tally {
  readonly #counts = new Map<string, Counts>();

  get size(): number {
    return this.#counts.size;
  }

  add(key: string, question: Question): void {
    const counts = this.#counts.get(key) ?? none();
    count(counts, question);
    this.#counts.set(key, counts);
  }

  toJSON(): Record<string, Counts> {
    return Object.fromEntries(this.#counts);
  }
}

/** What makes two references the same image: its digest where it was taken, else where it is kept. */
export function pictureKey(ref: ImageRef): string {
  return ref.digest ?? JSON.stringify([ref.file ?? ref.path, ref.cell]);
}

const bump = (counts: Record<string, number>, key: string): void => {
  counts[key] = (counts[key] ?? 0) + 1;
};

/**
 * Counts a benchmark by category, task, source data set and number of images, and sets the published numbers beside the counts.
 * Images are told apart by digest where the references carry one.
 */
export async function countQuestions(questions: Iterable<Question> | AsyncIterable<Question>): Promise<BenchmarkStats> {
  const total = none();
  const [category, task, dataset] = [new Tally(), new Tally(), new Tally()];
  const rows = new Map<string, MutableRow>();
  const pictures = new Set<string>();
  const texts = new Set<string>();
  const letters: Record<string, number> = {};
  const optionCounts: Record<string, number> = {};
  let imageUses = 0;
  let longestQuestion = 0;
  let longestOption = 0;
  for await (const question of questions) {
    count(total, question);
    category.add(question.category, question);
    task.add(question.task, question);
    dataset.add(question.dataset, question);
    const key = JSON.stringify([question.dataset, question.task, question.category]);
    const row = rows.get(key) ?? { question, counts: none() };
    rows.set(key, row);
    count(row.counts, question);
    for (const image of question.images) {
      pictures.add(pictureKey(image));
      imageUses++;
    }
    texts.add(question.text);
    bump(letters, question.correct);
    bump(optionCounts, String(question.options.length));
    longestQuestion = Math.max(longestQuestion, question.text.length);
    longestOption = Math.max(longestOption, ...question.options.map(option => option.text.length));
  }
  const summary: Summary = {
    ...total,
    uniqueImages: pictures.size,
    imageUses,
    templates: texts.size,
    longestQuestion,
    longestOption,
    optionCounts,
    letters: Object.fromEntries(Object.entries(letters).sort(([a], [b]) => (a < b ? -1 : 1))),
    categories: category.size,
    tasks: task.size,
    datasets: dataset.size,
  };
  return {
    summary,
    datasets: [...rows.values()].map(rowOf).sort(byPublishedOrder),
    byCategory: category.toJSON(),
    byTask: task.toJSON(),
    byDataset: dataset.toJSON(),
    byImageCount: { multiple: total.multipleImages, single: total.singleImages, zero: total.textOnly },
    published: comparePublished(summary, [...rows.values()]),
  };
}

const rowOf = ({ question, counts }: MutableRow): DatasetRow => ({
  dataset: question.dataset,
  ...counts,
  task: nameOfCode(question.task),
  category: nameOfCode(question.category),
});

/** Rows that the published table does not have come last. */
function byPublishedOrder(a: DatasetRow, b: DatasetRow): number {
  const rank = (row: DatasetRow): number => {
    const i = PUBLISHED_COUNTS.findIndex(
      published => published.dataset === row.dataset && nameOfCode(published.task) === row.task,
    );
    return i < 0 ? PUBLISHED_COUNTS.length : i;
  };
  return rank(a) - rank(b) || (a.dataset < b.dataset ? -1 : 1);
}

/** How much of a copy of the published benchmark may be missing, or be too many, for it to be held against the published numbers. */
const TOLERANCE = 0.1;

/** Whether questions are, but for a damaged file or two, those of the published benchmark: about as many, of its data sets and tasks. */
function isPublished({ questions }: Summary, rows: readonly MutableRow[]): boolean {
  const ours = new Set(rows.map(({ question }) => `${question.dataset} ${question.task}`));
  const shared = PUBLISHED_COUNTS.filter(({ dataset, task }) => ours.has(`${dataset} ${task}`)).length;
  const off = Math.abs(questions - PUBLISHED_SUMMARY.questions);
  return off <= TOLERANCE * PUBLISHED_SUMMARY.questions && shared >= (1 - TOLERANCE) * PUBLISHED_COUNTS.length;
}

function comparePublished(summary: Summary, rows: readonly MutableRow[]): Comparison[] {
  if (!isPublished(summary, rows)) return [];
  const found = new Map(rows.map(({ question, counts }) => [`${question.dataset} ${question.task}`, counts]));
  const compare = (field: string, published: number, value: number): Comparison => ({
    field,
    published,
    found: value,
    equal: published === value,
  });
  return [
    ...SUMMARY_FIELDS.map(field => compare(field, PUBLISHED_SUMMARY[field], summary[field])),
    ...Object.entries(PUBLISHED_LETTERS).map(([letter, n]) =>
      compare(`letter ${letter}`, n, summary.letters[letter] ?? 0),
    ),
    ...PUBLISHED_COUNTS.flatMap(({ dataset, task, multiple, single, zero }) => {
      const counts = found.get(`${dataset} ${task}`) ?? none();
      const name = `${dataset}, ${nameOfCode(task)}`;
      return [
        compare(`${name}: multipleImages`, multiple, counts.multipleImages),
        compare(`${name}: singleImages`, single, counts.singleImages),
        compare(`${name}: textOnly`, zero, counts.textOnly),
      ].filter(comparison => comparison.published > 0 || comparison.found > 0);
    }),
  ];
}
