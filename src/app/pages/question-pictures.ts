import { type BenchReport, type ImageRef, pictureName } from '../../ground/contracts/index.ts';
import { type Benchmark, openBenchmark } from '../../jobs/bench/index.ts';

/** Pictures of questions kept in a frozen report: enough for every question of a small benchmark, and a sample of a large one. */
export const QUESTION_PICTURES = 600;

interface QuestionPictures {
  readonly byName: ReadonlyMap<string, ImageRef>;
  readonly benchmark: Promise<Benchmark | null>;
}

const known = new WeakMap<BenchReport, QuestionPictures>();

/** The pictures of a report's questions, and the benchmark that holds them, opened once a report. */
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
  const opened = { byName, benchmark: openBenchmark(report.benchmark.source).catch(() => null) };
  known.set(report, opened);
  return opened;
}

/** Names of all pictures that the report's questions show. */
export const questionPicturesNamed = (report: BenchReport): ReadonlySet<string> =>
  new Set(picturesOf(report).byName.keys());

/** A picture's bytes; null where it is none of the report's, or the benchmark is not where it was. */
export async function readQuestionPicture(report: BenchReport, name: string): Promise<Uint8Array | null> {
  const { byName, benchmark } = picturesOf(report);
  const ref = byName.get(name);
  if (ref === undefined) return null;
  const images = (await benchmark)?.images;
  return (await images?.load(ref).catch(() => null)) ?? null;
}

/** The pictures to keep: of all questions, or of every second, third, … so that whole questions have theirs. */
export function questionPicturesToKeep({ questions }: BenchReport, most = QUESTION_PICTURES): string[] {
  const uses = questions.reduce((sum, { images }) => sum + images.length, 0);
  const step = Math.max(1, Math.ceil(uses / most));
  const names = questions
    .filter((_, i) => i % step === 0)
    .flatMap(({ images }) => images.flatMap(image => pictureName(image) ?? []));
  return [...new Set(names)].slice(0, most);
}
