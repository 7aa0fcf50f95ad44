import type { RandomStream } from '../../../ground/math/index.ts';
import type { LabelledImage } from './labelled-image.ts';

/** Images looked at before the least used of those that fit is taken; small pools are looked at as a whole. */
const PROBES = 400;

/** How often each image of a source has been shown, over all its tasks. */
export type PictureUses = Map<LabelledImage, number>;

/** The images of one source, for one task. It knows which have been used, so that all get their turn. */
export class Pool {
  readonly images: readonly LabelledImage[];
  /** Images by the person whom they show. */
  readonly bySubject: ReadonlyMap<string, readonly LabelledImage[]>;
  readonly #uses: PictureUses;
  readonly #unusable = new Set<LabelledImage>();

  /** @param uses shared by the pools of a source, so that tasks show the same images only where there are no others */
  constructor(images: readonly LabelledImage[], uses: PictureUses = new Map()) {
    this.images = images;
    this.#uses = uses;
    const bySubject = new Map<string, LabelledImage[]>();
    for (const image of images) {
      if (image.subject === undefined) continue;
      const known = bySubject.get(image.subject);
      if (known === undefined) bySubject.set(image.subject, [image]);
      else known.push(image);
    }
    this.bySubject = bySubject;
  }

  /** A random one of the least used images that are accepted. */
  draw(
    stream: RandomStream,
    accept: (image: LabelledImage) => boolean,
    among: readonly LabelledImage[] = this.images,
  ): LabelledImage | null {
    const fits = (image: LabelledImage): boolean => !this.#unusable.has(image) && accept(image);
    const probed =
      among.length <= PROBES
        ? []
        : stream
            .sampleWithoutReplacement(among.length, PROBES)
            .map(i => among[i]!)
            .filter(fits);
    const found = probed.length > 0 ? probed : among.filter(fits);
    if (found.length === 0) return null;
    const usesOf = (image: LabelledImage): number => this.#uses.get(image) ?? 0;
    const least = Math.min(...found.map(usesOf));
    return stream.pick(found.filter(image => usesOf(image) === least));
  }

  /** Counts images as used, once their question stands. */
  use(images: readonly LabelledImage[]): void {
    for (const image of images) this.#uses.set(image, (this.#uses.get(image) ?? 0) + 1);
  }

  /** Leaves an image out from now on: it is missing, damaged or cannot be made. */
  discard(image: LabelledImage): void {
    this.#unusable.add(image);
  }
}

/** The images of one question, in their order: none twice, and no two of the same video. */
export class Selection {
  readonly pool: Pool;
  readonly stream: RandomStream;
  readonly images: LabelledImage[] = [];

  constructor(pool: Pool, stream: RandomStream) {
    this.pool = pool;
    this.stream = stream;
  }

  /** Adds an image that is accepted; false where there is none. */
  take(accept: (image: LabelledImage) => boolean, among?: readonly LabelledImage[]): boolean {
    const image = this.pool.draw(this.stream, candidate => this.#isNew(candidate) && accept(candidate), among);
    if (image === null) return false;
    this.images.push(image);
    return true;
  }

  #isNew(candidate: LabelledImage): boolean {
    return this.images.every(
      image =>
        image !== candidate &&
        (image.file !== candidate.file || (image.path === '' && candidate.path === '')) &&
        (image.clip === undefined || image.clip !== candidate.clip),
    );
  }
}

/** Adds an image for each place of a question, in order, by what is wanted there; null where one cannot be found. */
export function pickAll(
  pool: Pool,
  stream: RandomStream,
  wanted: readonly ((image: LabelledImage) => boolean)[],
): readonly LabelledImage[] | null {
  const selection = new Selection(pool, stream);
  return wanted.every(accept => selection.take(accept)) ? selection.images : null;
}
