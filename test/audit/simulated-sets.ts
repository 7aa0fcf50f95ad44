import { type Matrix, openStream, type RandomKey, type RandomStream } from '../../src/ground/math/index.ts';
import type { EmbeddedSets } from '../../src/jobs/audit/embedded-sets.ts';
import { sourceOf } from '../../src/kit/tensor/index.ts';

const WIDTH = 32;

/**
 * Faces as an embedder sees them: a large part that all share, a part of a few groups (people who look alike), and a part of
 * their own.
 */
export function drawFaces(stream: RandomStream, rows: number): Matrix {
  const data = new Float32Array(rows * WIDTH);
  for (let i = 0; i < rows; i++) {
    const group = stream.integer(6);
    for (let j = 0; j < WIDTH; j++)
      data[i * WIDTH + j] = 1 + 0.1 * Math.sin(7 * group + j * (group + 1)) + 0.25 * stream.normal();
  }
  return { rows, cols: WIDTH, data };
}

/** Copies rows of `from` over rows of `to`, with noise of this deviation. */
export function plant(
  stream: RandomStream,
  from: Matrix,
  to: Matrix,
  options: { readonly pairs: readonly (readonly [number, number])[]; readonly noise: number },
): void {
  for (const [source, target] of options.pairs)
    for (let j = 0; j < WIDTH; j++)
      to.data[target * WIDTH + j] = from.data[source * WIDTH + j]! + options.noise * stream.normal();
}

export interface SetSizes {
  readonly training: number;
  readonly generated: number;
  readonly heldout: number;
  /** Generated rows 0 … copies − 1 are altered copies of the training rows of the same numbers. */
  readonly copies?: number;
  /** Training rows 0 … duplicates − 1 are altered copies of the last ones. */
  readonly duplicates?: number;
  /** So many training rows, 0 and those that follow, are one image: altered copies of the last row. */
  readonly crowd?: number;
}

/** Deviation of the alteration of a copy: its cosine to the original is about 0.93 after centring. */
const ALTERATION = 0.1;

/** Training, generated and held-out faces of one law, with planted copies and duplicates. */
export function drawSets(key: RandomKey, sizes: SetSizes): EmbeddedSets {
  const { copies = 0, duplicates = 0, crowd = 0 } = sizes;
  const stream = openStream(key);
  const training = drawFaces(stream, sizes.training);
  const generated = drawFaces(stream, sizes.generated);
  const heldout = drawFaces(stream, sizes.heldout);
  const doubled = Array.from({ length: duplicates }, (_, i) => [sizes.training - 1 - i, i] as const);
  plant(stream, training, training, { pairs: doubled, noise: 0.03 });
  if (crowd > 0) {
    const crowded = Array.from({ length: crowd }, (_, i) => [sizes.training - 1, i] as const);
    plant(stream, training, training, { pairs: crowded, noise: 0.03 });
  }
  plant(stream, training, generated, {
    pairs: Array.from({ length: copies }, (_, i) => [i, i] as const),
    noise: ALTERATION,
  });
  return {
    training: { rows: sourceOf(training), id: row => `t${row}` },
    generated: { rows: generated, id: row => `g${row}` },
    heldout: sizes.heldout === 0 ? null : { rows: heldout, id: row => `h${row}` },
  };
}

/** Runs a generator of events to its end. */
export async function finish<E, R>(
  events: AsyncGenerator<E, R>,
): Promise<{ readonly events: E[]; readonly result: R }> {
  const seen: E[] = [];
  for (;;) {
    const next = await events.next();
    if (next.done) return { events: seen, result: next.value };
    seen.push(next.value);
  }
}
