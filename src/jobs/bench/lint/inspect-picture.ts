import { createHash } from 'node:crypto';
import type { ImageRef } from '../../../ground/contracts/bench.ts';
import { messageOf } from '../../../ground/errors.ts';
import { decodeImage, type Image, resizeImage } from '../../../kit/images/index.ts';
import type { ImageStore } from '../read/image-store.ts';

/** What is known of an image once it was opened. */
export interface PictureFacts {
  /** SHA-256 of the file in hexadecimal; null where it could not be read. */
  readonly digest: string | null;
  /** Why it cannot be read or decoded; null where it can. */
  readonly problem: string | null;
  readonly width: number;
  readonly height: number;
  /** Every pixel is nearly the same. */
  readonly blank: boolean;
  /** 256 bits that change little when an image is resized, compressed or brightened. */
  readonly hash: Uint32Array;
}

/** Side of the grid whose neighbouring cells are compared. */
const GRID = 16;
/** Grey levels between the darkest and the brightest cell below which an image shows nothing. */
const BLANK_RANGE = 4;

/** Opens an image and takes its digest and its perceptual hash. Never throws: what goes wrong is in `problem`. */
export async function inspectPicture(ref: ImageRef, images: ImageStore): Promise<PictureFacts> {
  let digest: string | null = null;
  try {
    const bytes = await images.load(ref);
    digest = createHash('sha256').update(bytes).digest('hex');
    const image = await decodeImage(bytes);
    const grey = await greyGrid(image);
    return {
      digest,
      problem: null,
      width: image.width,
      height: image.height,
      blank: Math.max(...grey) - Math.min(...grey) < BLANK_RANGE,
      hash: differenceHash(grey),
    };
  } catch (error) {
    return { digest, problem: messageOf(error), width: 0, height: 0, blank: false, hash: new Uint32Array(0) };
  }
}

/** `[GRID, GRID + 1]` mean luma, row-major. */
async function greyGrid(image: Image): Promise<Float32Array> {
  const { data } = await resizeImage(image, { width: GRID + 1, height: GRID, fit: 'fill' });
  return Float32Array.from(
    { length: (GRID + 1) * GRID },
    (_, i) => 0.299 * data[i * 3]! + 0.587 * data[i * 3 + 1]! + 0.114 * data[i * 3 + 2]!,
  );
}

/** One bit a pair of horizontal neighbours: whether it gets brighter to the right. */
function differenceHash(grey: Float32Array): Uint32Array {
  const hash = new Uint32Array((GRID * GRID) / 32);
  for (let bit = 0; bit < GRID * GRID; bit++) {
    const at = Math.floor(bit / GRID) * (GRID + 1) + (bit % GRID);
    if (grey[at + 1]! > grey[at]!) hash[bit >>> 5]! |= 1 << (bit & 31);
  }
  return hash;
}

/** Whether two hashes differ in at most `bits`. */
export function areNear(a: Uint32Array, b: Uint32Array, { bits: limit }: { readonly bits: number }): boolean {
  let distance = 0;
  for (let i = 0; i < a.length; i++) {
    let bits = a[i]! ^ b[i]!;
    bits -= (bits >>> 1) & 0x55555555;
    bits = (bits & 0x33333333) + ((bits >>> 2) & 0x33333333);
    distance += Math.imul((bits + (bits >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
    if (distance > limit) return false;
  }
  return true;
}
