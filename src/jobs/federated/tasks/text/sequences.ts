import * as t from '../../../../kit/tensor/index.ts';
import type { Tally, Tensors, TestData, TrainingData } from '../task.ts';
import { GUESSES, TEST_SEQUENCES } from './models.ts';
import type { Vocabulary } from './vocabulary.ts';

/** Sequences of equal length with the tokens that follow theirs. */
export interface Sequences {
  readonly steps: number;
  readonly count: number;
  /** `[count, steps]` */
  readonly tokens: Int32Array;
  /** `[count, steps]`; −1 behind the end of a text. */
  readonly next: Int32Array;
}

/** Cuts each text into sequences: the last one is filled up. */
export function cutTexts(
  texts: readonly string[],
  { vocabulary, steps }: { readonly vocabulary: Vocabulary; readonly steps: number },
): Sequences & { /** Sequences of each text. */ readonly of: readonly number[] } {
  const encoded = texts.map(vocabulary.encode);
  const of = encoded.map(({ length }) => Math.ceil(length / steps));
  const count = of.reduce((sum, own) => sum + own, 0);
  const tokens = new Int32Array(count * steps).fill(vocabulary.begin);
  const next = new Int32Array(count * steps).fill(-1);
  let at = 0;
  for (const [i, text] of encoded.entries()) {
    next.set(text, at);
    if (text.length > 1) tokens.set(text.subarray(0, -1), at + 1);
    at += of[i]! * steps;
  }
  return { steps, count, tokens, next, of };
}

export function textTraining({ steps, count, tokens, next }: Sequences): TrainingData {
  return {
    count,
    fill: (order, { start, batch }) => {
      const given = new Int32Array(steps * batch);
      const wanted = new Int32Array(steps * batch);
      const counts = new Float32Array(steps * batch);
      let real = 0;
      for (let row = 0; row < Math.min(batch, order.length - start); row++) {
        const from = order[start + row]! * steps;
        for (let step = 0; step < steps; step++) {
          const to = step * batch + row;
          given[to] = tokens[from + step]!;
          if (next[from + step]! < 0) continue;
          wanted[to] = next[from + step]!;
          counts[to] = 1;
          real++;
        }
      }
      // The loss is a mean over all places of the batch; what is missing must not make it smaller.
      for (let i = 0; i < counts.length; i++) counts[i] = counts[i]! * (counts.length / Math.max(1, real));
      return {
        tokens: { dtype: 'int32', shape: [steps, batch], data: given },
        next: { dtype: 'int32', shape: [steps * batch], data: wanted },
        counts: t.float32(counts, [steps * batch]),
      };
    },
  };
}

/** Tokens that are asked for in a test, at most: evenly spaced sequences of it. */
const MOST_SEQUENCES = 1000;

/** @param unknown a token that is never right */
export function textTest(
  { steps, count, tokens, next }: Sequences,
  { unknown }: Pick<Vocabulary, 'unknown'>,
): TestData {
  const used = Math.min(count, MOST_SEQUENCES);
  const places = Array.from({ length: used }, (_, i) => Math.floor((i * count) / used) * steps);
  const rowsOf = (batch: number) => places.slice(batch * TEST_SEQUENCES, (batch + 1) * TEST_SEQUENCES);
  let asked = 0;
  for (const from of places) for (let step = 0; step < steps; step++) if (next[from + step]! >= 0) asked++;
  return {
    count: asked,
    batches: Math.ceil(used / TEST_SEQUENCES),
    inputs: (batch): Tensors => {
      const given = new Int32Array(steps * TEST_SEQUENCES);
      for (const [row, from] of rowsOf(batch).entries())
        for (let step = 0; step < steps; step++) given[step * TEST_SEQUENCES + row] = tokens[from + step]!;
      return { tokens: { dtype: 'int32', shape: [steps, TEST_SEQUENCES], data: given } };
    },
    tally: (batch, { guesses }): Tally => {
      let [right, amongThree] = [0, 0];
      for (const [row, from] of rowsOf(batch).entries())
        for (let step = 0; step < steps; step++) {
          const wanted = next[from + step]!;
          if (wanted < 0 || wanted === unknown) continue;
          const at = (step * TEST_SEQUENCES + row) * GUESSES;
          const place = [0, 1, 2].find(guess => Number(guesses!.data[at + guess]) === wanted);
          if (place !== undefined) amongThree++;
          if (place === 0) right++;
        }
      return { right, amongThree };
    },
  };
}
