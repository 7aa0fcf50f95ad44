import type { FaceSet } from '../../../kit/face-sets/index.ts';
import type { JobPlan } from '../../../kit/job/index.ts';
import { MOST_COMPARISONS } from '../embeddings.ts';

/** Measured in November 2026 on two shared cores of an Intel Xeon: 200 portraits took 9.5 s. */
const SECONDS_PER_IMAGE = 0.04;
/** A comparison with its resamples, measured likewise on 78,000 pairs. */
const SECONDS_PER_PAIR = 3e-5;
/** Scores, people and items of a comparison, and its place in two orders. */
const BYTES_PER_PAIR = 60;
const FLOAT_BYTES = 4;

/** What a job on sets of faces would read, and about how long it takes. */
export function planFaces(
  sets: readonly FaceSet[],
  {
    width,
    comparisons,
    files,
  }: {
    readonly width: number;
    /** Null for all pairs of the first set. */
    readonly comparisons: number | null;
    readonly files: readonly { readonly what: string; readonly path: string }[];
  },
): JobPlan {
  const images = sets.reduce((sum, set) => sum + (set.files?.length ?? 0), 0);
  const items = sets.reduce((sum, set) => sum + set.items.length, 0);
  const first = sets[0]?.items.length ?? 0;
  const pairs = Math.min(MOST_COMPARISONS, comparisons ?? (first * (first - 1)) / 2);
  return {
    reads: [
      ...sets.map(({ set, source, items: own, files: images }) => ({
        what: set,
        path: source,
        amount: images === null ? `${own.length} embeddings` : `${own.length} images`,
      })),
      ...files.map(file => ({ ...file, amount: '1 file' })),
    ],
    writes: [],
    seconds: 1 + images * SECONDS_PER_IMAGE + pairs * SECONDS_PER_PAIR,
    basis: 'as measured on two shared cores of an Intel Xeon, less where readings are kept',
    memoryBytes: items * width * FLOAT_BYTES + pairs * BYTES_PER_PAIR,
  };
}
