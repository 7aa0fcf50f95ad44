import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import {
  type Alteration,
  alterImage,
  decodeImage,
  encodePng,
  readCsv,
  renderFaces,
  type Skew,
  writeCsv,
} from '../images/index.ts';
import { foldIn, RandomStream, randomKey } from '../math/index.ts';

/** A training set, a "generated" one with planted copies and a stronger skew, and a held-out one, all drawn. */
export interface PlantedSets {
  readonly training: string;
  readonly generated: string;
  readonly heldout: string;
  /** Generated file → the training file that it copies. */
  readonly copies: ReadonlyMap<string, string>;
}

export interface PlantOptions {
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

export type PlantEvent = {
  readonly type: 'progress';
  readonly stage: string;
  readonly done: number;
  readonly total: number;
};

/** Sizes and skews of the demo: enough to see, few enough for a minute. */
export const DEMO_SETS = {
  size: 192,
  training: { n: 240, skew: { gender: { male: 0.7 } } },
  generated: { n: 160, skew: { gender: { male: 0.88 } } },
  heldout: { n: 160, skew: { gender: { male: 0.7 } } },
  copies: 24,
  duplicates: 0.05,
} as const;

/** What is done to a copy, in turn, so that no copy is byte for byte the original: what a memorising generator loses. */
const ALTERATIONS: readonly Alteration[] = [
  { jpegQuality: 60 },
  { crop: 0.02 },
  { brightness: 1.08 },
  { rotate: 2 },
  { blur: 0.6 },
  { mirror: true },
];

async function* draw(
  directory: string,
  options: { n: number; seed: number; skew: Skew; duplicates?: number; signal: AbortSignal | undefined },
  stage: string,
): AsyncGenerator<PlantEvent> {
  for await (const event of renderFaces(directory, { size: DEMO_SETS.size, ...options })) {
    if (event.type === 'progress') yield { type: 'progress', stage, done: event.done, total: event.total };
  }
}

/** Puts altered copies of training faces, with their labels, in the place of some generated ones. */
async function plantCopies(training: string, generated: string, seed: number): Promise<Map<string, string>> {
  const [from, to] = await Promise.all(
    [training, generated].map(folder => readCsv(join(folder, 'labels.csv'), { key: 'file' })),
  );
  if (from === undefined || to === undefined) return new Map();
  const key = to.columns.indexOf('file');
  const stream = new RandomStream(foldIn(randomKey(seed), 'planted copies'));
  const originals = stream.sampleWithoutReplacement(from.rows.length, DEMO_SETS.copies);
  const places = stream.sampleWithoutReplacement(to.rows.length, DEMO_SETS.copies);
  const rows = to.rows.map(row => [...row]);
  const copies = new Map<string, string>();
  for (const [i, place] of places.entries()) {
    const original = from.rows[originals[i] ?? 0] ?? [];
    const [source, file] = [original[key] ?? '', rows[place]?.[key] ?? ''];
    const altered = await alterImage(
      await decodeImage(join(training, source)),
      ALTERATIONS[i % ALTERATIONS.length] ?? {},
    );
    await writeFile(join(generated, file), await encodePng(altered));
    rows[place] = original.map((cell, c) => (c === key ? file : cell));
    copies.set(file, source);
  }
  await writeCsv(join(generated, 'labels.csv'), { columns: to.columns, rows });
  return copies;
}

/**
 * Draws the three sets of the demo into a folder. The same seed gives the same sets on every machine.
 *
 * @throws {BiolensError} `input` when the folder cannot be written; `interrupted`.
 */
export async function* drawPlantedSets(
  folder: string,
  { seed, signal }: PlantOptions,
): AsyncGenerator<PlantEvent, PlantedSets> {
  const [training, generated, heldout] = ['training', 'generated', 'heldout'].map(name => join(folder, name)) as [
    string,
    string,
    string,
  ];
  const { duplicates } = DEMO_SETS;
  yield* draw(training, { ...DEMO_SETS.training, duplicates, seed, signal }, 'drawing training faces');
  yield* draw(generated, { ...DEMO_SETS.generated, seed: seed + 1, signal }, 'drawing generated faces');
  yield* draw(heldout, { ...DEMO_SETS.heldout, seed: seed + 2, signal }, 'drawing held-out faces');
  return { training, generated, heldout, copies: await plantCopies(training, generated, seed) };
}
