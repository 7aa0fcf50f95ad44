import { BiolensError } from '../../ground/errors.ts';
import { plainBytes } from './decode.ts';
import { pipelineOf } from './encode.ts';
import type { Image } from './image.ts';

/** Gaussian blur with a standard deviation of `sigma` pixels, 0.3 to 1000. */
export async function blurImage(image: Image, options: { readonly sigma: number }): Promise<Image> {
  const { sigma } = options;
  if (!(sigma >= 0.3 && sigma <= 1000)) {
    throw new BiolensError('usage', `"sigma" expected a number from 0.3 to 1000, got ${sigma}`);
  }
  const data = await pipelineOf(image).blur({ sigma, minAmplitude: 0.01, precision: 'float' }).raw().toBuffer();
  return { width: image.width, height: image.height, data: plainBytes(data) };
}
