import { BiolensError } from '../../ground/errors.ts';
import { KeyStream } from './key-stream.ts';

/** Pixels, `[height, width, channels]` row-major, samples 0 to 255. */
export interface Pixels {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Geometric transforms of images under a key. */
export const GEOMETRIC_TRANSFORMS = ['cartesian', 'polar', 'surface-folding'] as const;
export type GeometricTransform = (typeof GEOMETRIC_TRANSFORMS)[number];

/** Cells to a side of the cartesian transform; rings and sectors of the polar one. */
const CELLS = 4;
const RINGS = 4;
const SECTORS = 8;
/** Waves that fold a surface, and how far they reach, as a share of the shorter side. */
const WAVES = 4;
const REACH = 0.12;
const MOST_PIXELS = 100_000_000;

/** Where a pixel of the transformed image is taken from, in pixels of the given one. */
type Source = (x: number, y: number) => readonly [number, number];

/** Cells of the image in another order; cells may be taken twice, so that the transform cannot be undone cell by cell. */
function cartesian(stream: KeyStream, width: number, height: number): Source {
  const from = Array.from({ length: CELLS * CELLS }, () => stream.integer(CELLS * CELLS));
  return (x, y) => {
    const [u, v] = [(x * CELLS) / width, (y * CELLS) / height];
    const cell = from[Math.min(CELLS - 1, Math.floor(v)) * CELLS + Math.min(CELLS - 1, Math.floor(u))]!;
    return [(((cell % CELLS) + (u % 1)) * width) / CELLS, ((Math.floor(cell / CELLS) + (v % 1)) * height) / CELLS];
  };
}

/** Sectors of rings around the middle, likewise. */
function polar(stream: KeyStream, width: number, height: number): Source {
  const from = Array.from({ length: RINGS * SECTORS }, () => stream.integer(RINGS * SECTORS));
  const [cx, cy] = [width / 2, height / 2];
  const most = Math.hypot(cx, cy);
  return (x, y) => {
    const radius = (Math.hypot(x - cx, y - cy) / most) * RINGS;
    const turn = ((Math.atan2(y - cy, x - cx) / (2 * Math.PI) + 1) % 1) * SECTORS;
    const ring = Math.min(RINGS - 1, Math.floor(radius));
    const cell = from[ring * SECTORS + Math.min(SECTORS - 1, Math.floor(turn))]!;
    const r = ((Math.floor(cell / SECTORS) + (radius % 1)) / RINGS) * most;
    const angle = (((cell % SECTORS) + (turn % 1)) / SECTORS) * 2 * Math.PI;
    return [cx + r * Math.cos(angle), cy + r * Math.sin(angle)];
  };
}

/** The image drawn over a folded surface: several places may show the same pixel. */
function surfaceFolding(stream: KeyStream, width: number, height: number): Source {
  const reach = REACH * Math.min(width, height);
  const waves = Array.from({ length: WAVES }, () => ({
    fx: 1 + 3 * stream.uniform(),
    fy: 1 + 3 * stream.uniform(),
    phase: 2 * Math.PI * stream.uniform(),
    dx: stream.normal(),
    dy: stream.normal(),
  }));
  return (x, y) =>
    waves.reduce<readonly [number, number]>(
      ([u, v], { fx, fy, phase, dx, dy }) => {
        const lift = reach * Math.sin(2 * Math.PI * ((fx * x) / width + (fy * y) / height) + phase);
        return [u + dx * lift, v + dy * lift];
      },
      [x, y],
    );
}

const TRANSFORMS: Readonly<Record<GeometricTransform, typeof polar>> = {
  cartesian,
  polar,
  'surface-folding': surfaceFolding,
};

/**
 * Transforms an image under a key, before a face is embedded (Ratha, Chikkerur, Connell and Bolle, "Generating Cancelable Fingerprint
 * Templates", PAMI 29(4), 2007, on pixels instead of minutiae). Pixels beyond the border are those at it.
 *
 * Adversary: a thief of transformed images without the key. With the key much of the image can be put back, and whoever looks at it sees the
 * parts of a face: nothing is claimed against either.
 *
 * @param key 32 bytes, such as {@link deriveKey} gives
 * @throws BiolensError `input` for an image whose data do not fit its size
 */
export function transformImage(image: Pixels, transform: GeometricTransform, key: Uint8Array): Pixels {
  const { width, height, data } = image;
  const channels = data.length / (width * height);
  if (![1, 3, 4].includes(channels) || width * height > MOST_PIXELS)
    throw new BiolensError(
      'input',
      `"image" expected ${width} × ${height} pixels of 1, 3 or 4 samples, got ${data.length} bytes`,
    );
  const sourceOf = TRANSFORMS[transform](new KeyStream(key), width, height);
  const out = new Uint8Array(data.length);
  const clamp = (value: number, most: number): number => Math.max(0, Math.min(most - 1, Math.floor(value)));
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const [u, v] = sourceOf(x + 0.5, y + 0.5);
      const from = (clamp(v, height) * width + clamp(u, width)) * channels;
      for (let c = 0; c < channels; c++) out[(y * width + x) * channels + c] = data[from + c]!;
    }
  return { width, height, data: out };
}
