import type { ImageRef } from '../../../ground/contracts/bench.ts';
import { type ImageRule, type PreparedImage, prepareImage } from '../../../kit/vlm/index.ts';

/** Gives the encoded bytes of an image; `Benchmark.images` is one. */
export interface ImageSource {
  load(ref: ImageRef): Promise<Uint8Array>;
}

export interface PictureStoreOptions {
  readonly images: ImageSource;
  readonly rule: ImageRule;
  /** Most bytes of prepared images that are kept for the next question that shows them. */
  readonly cacheBytes?: number;
}

/**
 * Loads images ready to be sent and keeps the last used ones, since benchmarks show the same image in several
 * questions.
 */
export interface PictureStore {
  /** @throws BiolensError `input` that names the image */
  prepare(refs: readonly ImageRef[]): Promise<readonly PreparedImage[]>;
}

/**
 * Enough for the rotations and repeats of all questions under way, which come one after another; larger ones show in
 * the process's peak memory.
 */
const CACHE_BYTES = 16 * 2 ** 20;

export function createPictureStore({ images, rule, cacheBytes = CACHE_BYTES }: PictureStoreOptions): PictureStore {
  /** In order of last use; an image that is still being prepared counts nothing yet. */
  const kept = new Map<string, { readonly picture: Promise<PreparedImage>; bytes: number }>();
  let total = 0;

  const forget = (key: string): void => {
    total -= kept.get(key)?.bytes ?? 0;
    kept.delete(key);
  };

  const load = (ref: ImageRef): Promise<PreparedImage> => {
    const key = JSON.stringify([ref.file, ref.cell]);
    const known = kept.get(key);
    if (known !== undefined) {
      kept.delete(key);
      kept.set(key, known);
      return known.picture;
    }
    const picture = images.load(ref).then(bytes => prepareImage(bytes, { file: ref.path, rule }));
    const entry = { picture, bytes: 0 };
    kept.set(key, entry);
    picture.then(
      ({ bytes }) => {
        if (kept.get(key) !== entry) return;
        entry.bytes = bytes.length;
        total += bytes.length;
        for (const oldest of kept.keys()) {
          if (total <= cacheBytes) break;
          forget(oldest);
        }
      },
      () => forget(key),
    );
    return picture;
  };

  return { prepare: refs => Promise.all(refs.map(load)) };
}
