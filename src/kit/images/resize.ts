import { BLACK, checkSide, cropImage, type Rgb } from './crop.ts';
import { plainBytes } from './decode.ts';
import { pipelineOf } from './encode.ts';
import type { Image } from './image.ts';

/**
 * - `triangle`: bilinear, its support widened when reducing so that nothing aliases (what Pillow and torchvision call
 *   antialiased bilinear);
 * - `lanczos`: Lanczos with three lobes, sharper, may ring at hard edges;
 * - `nearest`: for label maps drawn as images.
 */
export type Kernel = 'triangle' | 'lanczos' | 'nearest';
const SHARP_KERNELS = { triangle: 'linear', lanczos: 'lanczos3', nearest: 'nearest' } as const;

export interface ResizeOptions {
  readonly width: number;
  readonly height: number;
  /** `fill` stretches (default), `cover` crops the longer side about the centre, `contain` pads with `background`. */
  readonly fit?: 'fill' | 'cover' | 'contain';
  /** Default `triangle`. */
  readonly kernel?: Kernel;
  /** Padding of `contain`; black by default. */
  readonly background?: Rgb;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));

/** Weight at distance `x` in samples, and the distance beyond which it is zero. */
const KERNELS = {
  triangle: { support: 1, weight: (x: number): number => Math.max(0, 1 - Math.abs(x)) },
  lanczos: { support: 3, weight: (x: number): number => (Math.abs(x) < 3 ? sinc(x) * sinc(x / 3) : 0) },
} as const;

/** For every sample of the result, the first source sample that it mixes and the weights from there on. */
interface Taps {
  readonly first: Int32Array;
  /** `[to, width]`, rows sum to 1. */
  readonly weights: Float64Array;
  readonly width: number;
}

function tapsOf(from: number, to: number, kernel: Kernel): Taps {
  const ratio = from / to;
  const nearest = kernel === 'nearest';
  const { support, weight } = KERNELS[kernel === 'nearest' ? 'triangle' : kernel];
  const scale = Math.max(1, ratio);
  const width = nearest ? 1 : Math.min(from, Math.ceil(2 * support * scale) + 1);
  const first = new Int32Array(to);
  const weights = new Float64Array(to * width).fill(nearest ? 1 : 0);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * ratio;
    const start = nearest ? Math.floor(centre) : Math.ceil(centre - support * scale - 0.5);
    first[i] = Math.min(Math.max(0, start), from - width);
    if (nearest) continue;
    const row = weights.subarray(i * width, (i + 1) * width);
    for (let t = 0; t < width; t++) row[t] = weight((first[i]! + t + 0.5 - centre) / scale);
    const sum = row.reduce((a, b) => a + b, 0);
    for (let t = 0; t < width; t++) row[t]! /= sum;
  }
  return { first, weights, width };
}

/** Mixes `[lines, from, step]` along its middle axis into `[lines, to, step]`. */
function mix(
  source: Float32Array | Uint8Array,
  taps: Taps,
  shape: { readonly lines: number; readonly from: number; readonly step: number },
): Float32Array {
  const { lines, from, step } = shape;
  const { first, weights, width } = taps;
  const to = first.length;
  const mixed = new Float32Array(lines * to * step);
  for (let line = 0; line < lines; line++) {
    for (let i = 0; i < to; i++) {
      const out = (line * to + i) * step;
      for (let t = 0; t < width; t++) {
        const weight = weights[i * width + t]!;
        if (weight === 0) continue;
        const at = (line * from + first[i]! + t) * step;
        for (let k = 0; k < step; k++) mixed[out + k]! += weight * source[at + k]!;
      }
    }
  }
  return mixed;
}

/** The kernel as it is defined, pixel centres at halves. */
function resample(image: Image, width: number, height: number, kernel: Kernel): Image {
  const across = tapsOf(image.width, width, kernel);
  const rows = mix(image.data, across, { lines: image.height, from: image.width, step: 3 });
  const mixed = mix(rows, tapsOf(image.height, height, kernel), { lines: 1, from: image.height, step: width * 3 });
  const data = new Uint8Array(mixed.length);
  for (let i = 0; i < data.length; i++) data[i] = Math.min(255, Math.max(0, Math.round(mixed[i]!)));
  return { width, height, data };
}

async function stretch(image: Image, width: number, height: number, kernel: Kernel): Promise<Image> {
  if (width === image.width && height === image.height) return image;
  // libvips is fast and true at reducing, but enlarges half a source pixel off (as of 8.18).
  if (width > image.width || height > image.height || kernel === 'nearest') {
    return resample(image, width, height, kernel);
  }
  const options = { width, height, fit: 'fill', kernel: SHARP_KERNELS[kernel] } as const;
  return { width, height, data: plainBytes(await pipelineOf(image).resize(options).raw().toBuffer()) };
}

/** The middle of an image in the proportions of `width` to `height`. */
function middleOf(image: Image, width: number, height: number): Image {
  const scale = Math.min(image.width / width, image.height / height);
  const cut = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
  const x = Math.floor((image.width - cut.width) / 2);
  const y = Math.floor((image.height - cut.height) / 2);
  return cropImage(image, { x, y, ...cut });
}

/**
 * Resizes with the kernel that is named. Samples are those of sRGB, not of linear light, as the usual face networks were
 * trained. Reductions average whole blocks of pixels first where the kernel is much wider than a block.
 *
 * @throws BiolensError `usage` when a side is not a whole number ≥ 1.
 */
export async function resizeImage(image: Image, options: ResizeOptions): Promise<Image> {
  const { width, height, fit = 'fill', kernel = 'triangle', background = BLACK } = options;
  checkSide('width', width);
  checkSide('height', height);
  if (fit === 'fill') return stretch(image, width, height, kernel);
  if (fit === 'cover') return stretch(middleOf(image, width, height), width, height, kernel);
  const scale = Math.min(width / image.width, height / image.height);
  const innerWidth = Math.max(1, Math.round(image.width * scale));
  const innerHeight = Math.max(1, Math.round(image.height * scale));
  const inner = await stretch(image, innerWidth, innerHeight, kernel);
  const x = -Math.floor((width - innerWidth) / 2);
  const y = -Math.floor((height - innerHeight) / 2);
  return cropImage(inner, { x, y, width, height }, { outside: background });
}
