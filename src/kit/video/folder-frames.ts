import { join } from 'node:path';
import { throwIfAborted } from '../../ground/errors.ts';
import { decodeImage, resizeImage } from '../images/index.ts';
import { DEFAULT_SIDE, type Frame, type FrameOptions, fitInside, MOST_PIXELS, Pacer } from './frame.ts';

/**
 * Frames of a clip that is a folder of images, evenly spaced in time: the only clip whose times are counted, since images have none.
 *
 * @param files names within the folder, in order
 * @param options.frameRate images a second
 * @throws {BiolensError} `input` naming an image that cannot be decoded; `interrupted`
 */
export async function* folderFrames(
  path: string,
  files: readonly string[],
  options: FrameOptions & { readonly file: string; readonly frameRate: number },
): AsyncGenerator<Frame> {
  const { file, frameRate, rate, side = DEFAULT_SIDE, signal } = options;
  const pacer = new Pacer(rate);
  for (const [i, name] of files.entries()) {
    const seconds = i / frameRate;
    if (!pacer.takes(seconds)) continue;
    throwIfAborted(signal);
    const image = await decodeImage(join(path, name), { file: `${file}/${name}`, maxPixels: MOST_PIXELS, signal });
    const size = fitInside(image.width, image.height, side);
    yield { seconds, image: size.width === image.width ? image : await resizeImage(image, size) };
  }
}
