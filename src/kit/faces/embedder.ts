import { availableParallelism } from 'node:os';
import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import type { Image } from '../images/index.ts';
import { APPEARANCE_WIDTH, embedAppearance } from './appearance.ts';
import type { Seen } from './custom-model.ts';
import type { Embedded, LargestFaceOptions } from './finding.ts';
import { EMBEDDING_WIDTH } from './networks/embedder.ts';
import { type OpenModelOptions, openModel } from './open-model.ts';

/** Turns the largest face of an image into numbers that are alike for alike faces. */
export interface Embedder extends AsyncDisposable {
  readonly name: string;
  /** Numbers in an embedding. */
  readonly width: number;
  /** Images under way at a time that keep it busy, for callers that give one at a time. */
  readonly concurrency: number;
  /** @returns an embedding for each image, as the network gives it, not of unit length, with those of its other faces where asked for; null where there is no face. */
  embed(images: readonly Image[], options?: LargestFaceOptions): Promise<(Embedded | null)[]>;
  close(): Promise<void>;
}

/** The spec of the embedder that looks at whole images and needs neither a face nor weights. */
export const APPEARANCE = 'appearance';

function openAppearance(): Embedder {
  const close = async (): Promise<void> => undefined;
  return {
    name: APPEARANCE,
    width: APPEARANCE_WIDTH,
    // It takes less time than decoding the image.
    concurrency: availableParallelism(),
    async embed(images, { signal } = {}) {
      throwIfAborted(signal);
      return images.map(image => ({ embedding: embedAppearance(image), box: null }));
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/**
 * Opens an embedder: `built-in` (faces), `appearance` (whole images, for those in which no face network is at home), or the path of an ONNX model with a card of kind `embedder`.
 *
 * @throws BiolensError `input` for a model or card that is missing or wrong; `usage` for a device that is not there.
 * @example
 * await using embedder = await openEmbedder('built-in');
 * const [face] = await embedder.embed([await decodeImage('portrait.jpg')]);
 */
export async function openEmbedder(spec: string, options: OpenModelOptions = {}): Promise<Embedder> {
  if (spec === APPEARANCE) return openAppearance();
  const { name, concurrency, custom, analyser, close } = await openModel(spec, 'embedder', options);
  const common = { name, concurrency, close, [Symbol.asyncDispose]: close };
  if (custom === undefined) {
    return { ...common, width: EMBEDDING_WIDTH, embed: (images, runOptions) => analyser.embed(images, runOptions) };
  }
  const { path, card } = custom.model;
  const width = card.output.meaning === 'embedding' ? card.output.width : 0;
  return {
    ...common,
    width,
    async embed(images, runOptions = {}) {
      const seen = await custom.see(images, analyser, runOptions);
      const embeddedOf = ({ row, others, ...where }: Seen): Embedded => {
        if (row.length !== width) {
          throw new BiolensError('input', `${path}: expected embeddings of ${width} numbers, got ${row.length}`);
        }
        return { embedding: row, ...where, ...(others === undefined ? {} : { others: others.map(embeddedOf) }) };
      };
      return seen.map(item => item && embeddedOf(item));
    },
  };
}
