import { BiolensError } from '../../ground/errors.ts';
import type { Image } from '../images/index.ts';

/** A header is `P6`, width, height and 255, with one blank after each. */
const MOST_HEADER = 32;
const HEADER = /^P6\s(\d{1,5})\s(\d{1,5})\s255\s/;

/**
 * Images from a stream of binary PPM of 8 bits, one after the other, whatever the chunks are cut into.
 *
 * @param options.side longest side that an image may have: more is refused before memory is taken for it
 * @throws {BiolensError} `external` for a stream that is something else, or ends within an image
 */
export async function* readPixmaps(
  chunks: AsyncIterable<Uint8Array>,
  { side }: { readonly side: number },
): AsyncGenerator<Image> {
  const wrong = (why: string): BiolensError => new BiolensError('external', `frames from ffmpeg: ${why}`);
  let head = Buffer.alloc(0);
  let image: { readonly width: number; readonly height: number; readonly data: Uint8Array } | null = null;
  let filled = 0;
  for await (const chunk of chunks) {
    let at = 0;
    while (at < chunk.length) {
      if (image === null) {
        const before = head.length;
        head = Buffer.concat([head, chunk.subarray(at, at + MOST_HEADER)]);
        const found = HEADER.exec(head.toString('latin1', 0, MOST_HEADER));
        if (found === null) {
          if (head.length >= MOST_HEADER) throw wrong('not a stream of images');
          at = chunk.length;
          continue;
        }
        const [width, height] = [Number(found[1]), Number(found[2])];
        if (width < 1 || height < 1 || width > side || height > side)
          throw wrong(`an image of ${width} × ${height}, expected at most ${side} × ${side}`);
        image = { width, height, data: new Uint8Array(width * height * 3) };
        filled = 0;
        at += found[0].length - before;
        head = Buffer.alloc(0);
        continue;
      }
      const part = chunk.subarray(at, at + image.data.length - filled);
      image.data.set(part, filled);
      filled += part.length;
      at += part.length;
      if (filled < image.data.length) continue;
      const whole = image;
      image = null;
      yield whole;
    }
  }
  if (image !== null || head.length > 0) throw wrong('the stream ends within an image');
}
