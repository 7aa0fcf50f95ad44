import { createHash } from 'node:crypto';
import type { ImageRef, Question } from '../../../ground/contracts/bench.ts';
import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';
import type { ImageStore } from '../read/image-store.ts';

/**
 * The questions with the digest of every image that is there, so that the same image under two names is known as one.
 * Reads every file once, also where the benchmark gives digests: images may have been replaced since.
 *
 * @throws {BiolensError} `input` naming an image that is not the one that the benchmark says it is.
 */
export async function* withDigests(
  questions: Iterable<Question> | AsyncIterable<Question>,
  images: ImageStore,
  options: { readonly signal?: AbortSignal | undefined } = {},
): AsyncGenerator<Question> {
  const known = new Map<string, string>();
  const digest = async (ref: ImageRef): Promise<ImageRef> => {
    if (ref.file === null) return ref;
    const place = JSON.stringify([ref.file, ref.cell]);
    const found =
      known.get(place) ??
      createHash('sha256')
        .update(await images.load(ref))
        .digest('hex');
    known.set(place, found);
    if (ref.digest !== undefined && ref.digest !== found)
      throw new BiolensError('input', `${ref.file}: not the image that the benchmark names: its digest is another one`);
    return { ...ref, digest: found };
  };
  for await (const question of questions) {
    throwIfAborted(options.signal);
    const refs: ImageRef[] = [];
    for (const ref of question.images) refs.push(await digest(ref));
    yield { ...question, images: refs };
  }
}
