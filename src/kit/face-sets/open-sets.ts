import { BiolensError } from '../../ground/errors.ts';
import { type Embedder, openEmbedder } from '../faces/index.ts';
import type { DeviceChoice } from '../tensor/index.ts';
import { type FaceSet, openFaceSet } from './face-set.ts';

/** A set that a job asks for. */
export interface WantedSet {
  /** What the job calls it. */
  readonly set: string;
  readonly source: string;
  readonly labels?: string | undefined;
  readonly identity?: string | undefined;
  readonly named: boolean;
}

/** Sets of faces, and the network for those that are images. */
export interface OpenedSets {
  readonly sets: readonly FaceSet[];
  /** Null where all sets are embeddings. */
  readonly embedder: Embedder | null;
  /** Numbers in an embedding. */
  readonly width: number;
  close(): Promise<void>;
}

/**
 * Opens the sets of a job and, where one is of images, the embedder; checks that embeddings are of one width.
 *
 * @throws BiolensError as {@link openFaceSet}; `input` for a model or card that is wrong, and for embeddings of several widths
 */
export async function openSets(
  wanted: readonly WantedSet[],
  options: {
    readonly embedder: string;
    readonly device: DeviceChoice;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<OpenedSets> {
  const sets: FaceSet[] = [];
  let embedder: Embedder | null = null;
  const close = async (): Promise<void> => {
    for (const set of sets) await set.close();
    await embedder?.close();
  };
  try {
    for (const { set, source, ...rest } of wanted)
      sets.push(await openFaceSet(set, source, { ...rest, signal: options.signal }));
    if (sets.some(({ files }) => files !== null)) embedder = await openEmbedder(options.embedder, options);
    const widths = sets.flatMap(({ source, matrix }) =>
      matrix === null ? [] : [{ name: source, width: matrix.cols }],
    );
    if (embedder !== null) widths.unshift({ name: `the embedder ${options.embedder}`, width: embedder.width });
    const [first] = widths;
    const other = widths.find(({ width }) => width !== first?.width);
    if (first !== undefined && other !== undefined)
      throw new BiolensError(
        'input',
        `${other.name}: embeddings are ${other.width} wide, those of ${first.name} are ${first.width}`,
        { details: { file: other.name } },
      );
    return { sets, embedder, width: first?.width ?? 0, close };
  } catch (error) {
    await close();
    throw error;
  }
}
