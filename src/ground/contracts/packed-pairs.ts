import { z } from 'zod';
import type { Pair } from './audit.ts';

/** Strings of one column without what they all begin and end with. */
const packedNamesSchema = z.object({ prefix: z.string(), suffix: z.string(), rest: z.array(z.string()) });
type PackedNames = z.infer<typeof packedNamesSchema>;

/** Equal neighbours of one column, stored once with their count. */
const packedRunsSchema = z.object({
  values: z.array(z.number().nullable()),
  counts: z.array(z.number().int().positive()),
});
type PackedRuns = z.infer<typeof packedRunsSchema>;

/**
 * A table of pairs by columns, for pages that carry 100,000 of them: about a fifth of the plain list, and nothing lost.
 * Pairs come most similar first, so that p, q and the calls are long runs of equal values.
 */
export const packedPairsSchema = z.object({
  generated: packedNamesSchema,
  training: packedNamesSchema,
  similarity: z.object({
    /** The numbers were single precision: read through `Math.fround`, their short decimals give the same ones back. */
    single: z.boolean(),
    values: z.array(z.number()),
  }),
  pValue: packedRunsSchema,
  qValue: packedRunsSchema,
  /** 1 for a copy, 0 for none. */
  copy: packedRunsSchema,
});
export type PackedPairs = z.infer<typeof packedPairsSchema>;

function commonLength(names: readonly string[], at: (name: string, i: number) => string | undefined): number {
  const [first = ''] = names;
  const shortest = names.reduce((least, name) => Math.min(least, name.length), first.length);
  let length = 0;
  while (length < shortest && names.every(name => at(name, length) === at(first, length))) length++;
  return length;
}

function packNames(names: readonly string[]): PackedNames {
  const head = commonLength(names, (name, i) => name[i]);
  const tails = names.map(name => name.slice(head));
  const tail = commonLength(tails, (name, i) => name[name.length - 1 - i]);
  const [first = ''] = tails;
  return {
    prefix: (names[0] ?? '').slice(0, head),
    suffix: first.slice(first.length - tail),
    rest: tails.map(name => name.slice(0, name.length - tail)),
  };
}

function packRuns(column: readonly (number | null)[]): PackedRuns {
  const values: (number | null)[] = [];
  const counts: number[] = [];
  for (const value of column) {
    const last = counts.length - 1;
    if (last >= 0 && values[last] === value) counts[last] = counts[last]! + 1;
    else {
      values.push(value);
      counts.push(1);
    }
  }
  return { values, counts };
}

function unpackRuns({ values, counts }: PackedRuns): (number | null)[] {
  return values.flatMap((value, i) => new Array<number | null>(counts[i] ?? 0).fill(value));
}

/** The shortest decimal that single precision reads back as the same number. */
function shortenSingle(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return Number(value.toPrecision(9));
}

/** Turns rows into columns; `unpackPairs` gives exactly the same rows back. */
export function packPairs(pairs: readonly Pair[]): PackedPairs {
  const similarity = pairs.map(pair => pair.similarity);
  const single = similarity.every(value => Math.fround(value) === value);
  return {
    generated: packNames(pairs.map(pair => pair.generated)),
    training: packNames(pairs.map(pair => pair.training)),
    similarity: { single, values: single ? similarity.map(shortenSingle) : similarity },
    pValue: packRuns(pairs.map(pair => pair.pValue)),
    qValue: packRuns(pairs.map(pair => pair.qValue)),
    copy: packRuns(pairs.map(pair => Number(pair.copy))),
  };
}

/** Turns columns back into rows; a short column leaves a row out rather than make something up. */
export function unpackPairs(packed: PackedPairs): Pair[] {
  const pValue = unpackRuns(packed.pValue);
  const qValue = unpackRuns(packed.qValue);
  const copy = unpackRuns(packed.copy);
  const { single, values } = packed.similarity;
  const rows = Math.min(
    packed.generated.rest.length,
    packed.training.rest.length,
    values.length,
    pValue.length,
    qValue.length,
    copy.length,
  );
  return values.slice(0, rows).map((value, i) => ({
    generated: packed.generated.prefix + packed.generated.rest[i]! + packed.generated.suffix,
    training: packed.training.prefix + packed.training.rest[i]! + packed.training.suffix,
    similarity: single ? Math.fround(value) : value,
    pValue: pValue[i]!,
    qValue: qValue[i]!,
    copy: copy[i] === 1,
  }));
}
