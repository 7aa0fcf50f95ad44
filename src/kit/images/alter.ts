import { BiolensError } from '../../ground/errors.ts';
import { blurImage } from './blur.ts';
import { cropImage } from './crop.ts';
import { decodeImage } from './decode.ts';
import { encodeJpeg } from './encode.ts';
import type { Image } from './image.ts';
import { resizeImage } from './resize.ts';

/** What becomes of an image on its way through the world; what is left out does not happen. */
export interface Alteration {
  /** Degrees, clockwise; the border's pixels fill the corners. */
  readonly rotate?: number;
  /** Share of the width and of the height that is cut away, half on each side; the rest is enlarged to the old size. */
  readonly crop?: number;
  readonly mirror?: boolean;
  /** Factor on the samples; 1.2 is a fifth brighter. */
  readonly brightness?: number;
  /** Standard deviation of a Gaussian blur, in pixels, from 0.3. */
  readonly blur?: number;
  /** Saved as JPEG of this quality, 1 to 100, and read again. */
  readonly jpegQuality?: number;
}

function inRange(name: string, value: number, range: readonly [number, number]): void {
  if (value >= range[0] && value <= range[1]) return;
  throw new BiolensError('usage', `"${name}" expected a number from ${range[0]} to ${range[1]}, got ${value}`);
}

/** Turns about the centre, bilinear, within the old borders. */
function rotateImage(image: Image, degrees: number): Image {
  const { width, height, data } = image;
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const rotated = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const dx = x - (width - 1) / 2;
      const dy = y - (height - 1) / 2;
      const fromX = Math.min(width - 1, Math.max(0, (width - 1) / 2 + dx * cos + dy * sin));
      const fromY = Math.min(height - 1, Math.max(0, (height - 1) / 2 - dx * sin + dy * cos));
      const [x0, y0] = [Math.floor(fromX), Math.floor(fromY)];
      const [x1, y1] = [Math.min(width - 1, x0 + 1), Math.min(height - 1, y0 + 1)];
      const [u, v] = [fromX - x0, fromY - y0];
      for (let k = 0; k < 3; k++) {
        const upper = data[(y0 * width + x0) * 3 + k]! * (1 - u) + data[(y0 * width + x1) * 3 + k]! * u;
        const lower = data[(y1 * width + x0) * 3 + k]! * (1 - u) + data[(y1 * width + x1) * 3 + k]! * u;
        rotated[(y * width + x) * 3 + k] = Math.round(upper * (1 - v) + lower * v);
      }
    }
  }
  return { width, height, data: rotated };
}

function mirrorImage({ width, height, data }: Image): Image {
  const mirrored = new Uint8Array(data.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + width - 1 - x) * 3;
      mirrored.set(data.subarray(from, from + 3), (y * width + x) * 3);
    }
  }
  return { width, height, data: mirrored };
}

/**
 * Alters an image as copies are altered in real data sets, in the order of the fields of `Alteration`; width and height
 * stay. For planting copies that an audit has to find.
 *
 * @throws BiolensError `usage` naming the option that is out of range.
 */
export async function alterImage(image: Image, alteration: Alteration): Promise<Image> {
  const { rotate, crop, mirror, brightness, blur, jpegQuality } = alteration;
  const { width, height } = image;
  let altered = image;
  if (rotate !== undefined) {
    inRange('rotate', rotate, [-180, 180]);
    altered = rotateImage(altered, rotate);
  }
  if (crop !== undefined) {
    inRange('crop', crop, [0, 0.9]);
    const kept = { width: Math.round(width * (1 - crop)), height: Math.round(height * (1 - crop)) };
    const x = Math.floor((width - kept.width) / 2);
    const y = Math.floor((height - kept.height) / 2);
    altered = await resizeImage(cropImage(altered, { x, y, ...kept }), { width, height });
  }
  if (mirror) altered = mirrorImage(altered);
  if (brightness !== undefined) {
    inRange('brightness', brightness, [0, 10]);
    const data = altered.data.map(sample => Math.min(255, Math.round(sample * brightness)));
    altered = { width, height, data };
  }
  if (blur !== undefined) altered = await blurImage(altered, { sigma: blur });
  if (jpegQuality !== undefined) {
    inRange('jpegQuality', jpegQuality, [1, 100]);
    altered = await decodeImage(await encodeJpeg(altered, { quality: jpegQuality }), { maxPixels: width * height });
  }
  return altered;
}
