import { type BenchReport, type ImageRef, pictureName } from '../../../ground/contracts/index.ts';
import type { ReportImages } from '../../../kit/job/index.ts';
import type { Benchmark } from '../read/benchmark.ts';

/** Images of questions kept in a frozen report: enough for every question of a small benchmark, and a sample of a large one. */
export const QUESTION_PICTURES = 600;

interface QuestionPictures {
  readonly byName: ReadonlyMap<string, ImageRef>;
  /** Opened when the first image is asked for, and once. */
  readonly benchmark: () => Promise<Benchmark | null>;
}

/** Opens the benchmark; null where it is not where it was. */
async function open(source: string): Promise<Benchmark | null> {
  const { openBenchmark } = await import('../read/benchmark.ts');
  return await openBenchmark(source).catch(() => null);
}

const known = new WeakMap<BenchReport, QuestionPictures>();

/** The images of a report's questions, and the benchmark that holds them, opened once a report. */
function picturesOf(report: BenchReport): QuestionPictures {
  const found = known.get(report);
  if (found !== undefined) return found;
  const byName = new Map<string, ImageRef>();
  for (const { images } of report.questions) {
    for (const image of images) {
      const name = pictureName(image);
      if (name !== null) byName.set(name, image);
    }
  }
  let benchmark: Promise<Benchmark | null> | undefined;
  const opened = {
    byName,
    benchmark: () => {
      benchmark ??= open(report.benchmark.source);
      return benchmark;
    },
  };
  known.set(report, opened);
  return opened;
}

/** Names of all images that the report's questions show. */
export const questionPicturesNamed = (report: BenchReport): ReadonlySet<string> =>
  new Set(picturesOf(report).byName.keys());

/** An image's bytes; null where it is none of the report's, or the benchmark is not where it was. */
export async function readQuestionPicture(report: BenchReport, name: string): Promise<Uint8Array | null> {
  const { byName, benchmark } = picturesOf(report);
  const ref = byName.get(name);
  if (ref === undefined) return null;
  const images = (await benchmark())?.images;
  return (await images?.load(ref).catch(() => null)) ?? null;
}

/** The images to keep: of all questions, or of every second, third, … so that whole questions have theirs. */
export function questionPicturesToKeep({ questions }: BenchReport, most = QUESTION_PICTURES): string[] {
  const uses = questions.reduce((sum, { images }) => sum + images.length, 0);
  const step = Math.max(1, Math.ceil(uses / most));
  const names = questions
    .filter((_, i) => i % step === 0)
    .flatMap(({ images }) => images.flatMap(image => pictureName(image) ?? []));
  return [...new Set(names)].slice(0, most);
}

/** Images of a bench report: those of its questions. */
export const questionImages: ReportImages<BenchReport> = {
  list: (report, { samples }) => {
    const names = samples === Infinity ? questionPicturesNamed(report) : questionPicturesToKeep(report);
    return [...names].map(file => ({ set: 'questions', file }));
  },
  sourceOf: ({ benchmark }, set) => (set === 'questions' ? benchmark.source : null),
  open: async ({ report }, { set, file }) => (set === 'questions' ? readQuestionPicture(report, file) : null),
};
