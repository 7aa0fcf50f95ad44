import { z } from 'zod';
import { studyKindSchema } from '../../ground/contracts/index.ts';

const saidSchema = z.record(z.string(), z.string()).nullable();
const generator = { kind: studyKindSchema, size: z.number().int() };

/** One line of a study's `items.jsonl`. */
export const studyItemSchema = z.discriminatedUnion('type', [
  /** The folder as it was when the run began: a resumed run must find the same. */
  z.object({ type: z.literal('folder'), n: z.number().int(), digest: z.string() }),
  /** What the classifier says of an image of the folder. */
  z.object({ type: z.literal('labelled'), file: z.string(), said: saidSchema }),
  /** A checkpoint is on the disk, and this long a training has led to it. */
  z.object({ type: z.literal('checkpoint'), ...generator, step: z.number().int(), seconds: z.number() }),
  /** A generator is trained and saved. */
  z.object({
    type: z.literal('trained'),
    ...generator,
    parameters: z.number().int().nullable(),
    steps: z.number().int().nullable(),
    seconds: z.number(),
  }),
  /** What the classifier says of a generator's samples, in their order. */
  z.object({ type: z.literal('sampled'), ...generator, sheet: z.string(), said: z.array(saidSchema) }),
]);
export type StudyItem = z.infer<typeof studyItemSchema>;
type ItemOf<T extends StudyItem['type']> = Extract<StudyItem, { readonly type: T }>;

/** Names a generator within its run: also the stem of its files. */
export function nameOf({ kind, size }: Pick<ItemOf<'trained'>, 'kind' | 'size'>): string {
  return `${kind}-${size}`;
}

/** What a run has done so far. */
export interface StudyProgress {
  folder: ItemOf<'folder'> | null;
  readonly labelled: Map<string, ItemOf<'labelled'>['said']>;
  readonly checkpoints: Map<string, ItemOf<'checkpoint'>>;
  readonly trained: Map<string, ItemOf<'trained'>>;
  readonly sampled: Map<string, ItemOf<'sampled'>>;
}

/** Gathers the items of a run; a later one of the same name counts. */
export async function collectProgress(items: AsyncIterable<StudyItem>): Promise<StudyProgress> {
  const progress: StudyProgress = {
    folder: null,
    labelled: new Map(),
    checkpoints: new Map(),
    trained: new Map(),
    sampled: new Map(),
  };
  for await (const item of items) {
    if (item.type === 'folder') progress.folder ??= item;
    else if (item.type === 'labelled') progress.labelled.set(item.file, item.said);
    else if (item.type === 'checkpoint') progress.checkpoints.set(nameOf(item), item);
    else if (item.type === 'trained') progress.trained.set(nameOf(item), item);
    else progress.sampled.set(nameOf(item), item);
  }
  return progress;
}
