import { openStream, type RandomStream, randomKey } from '../../src/ground/math/index.ts';
import type { Image } from '../../src/kit/images/index.ts';

/** Drawn clips with known truth: textured actors that move along smooth paths before a textured background. Look and motion have seeds of their own. */
export interface Drawing {
  readonly look: number;
  readonly motion: number;
  /** Look of the background where it is another than that of the actors. */
  readonly scene?: number;
  readonly width?: number;
  readonly height?: number;
}

const TILE = 128;

/** A texture that repeats, `[TILE, TILE, 3]`: fine waves, and where it is a scene also broad ones, as photographs have large light and dark parts. */
function drawTexture(
  stream: RandomStream,
  { finest, broad = 0 }: { readonly finest: number; readonly broad?: number },
): Float32Array {
  const tile = new Float32Array(TILE * TILE * 3);
  const base = [0, 1, 2].map(() => 60 + 130 * stream.uniform());
  const wave = (reach: number, strength: number) => {
    const [across, down] = [0, 1].map(() => Math.round((2 * stream.uniform() - 1) * reach)) as [number, number];
    const tint = [0, 1, 2].map(
      () => (strength * (stream.uniform() + 0.4)) / Math.sqrt(1 + Math.hypot(across, down) / 6),
    );
    return { across, down, phase: 2 * Math.PI * stream.uniform(), tint };
  };
  const waves = [
    ...Array.from({ length: 24 }, () => wave(finest, 14)),
    ...Array.from({ length: broad }, () => wave(2, 26)),
  ];
  for (let i = 0; i < TILE * TILE; i++) {
    const [x, y] = [i % TILE, Math.floor(i / TILE)];
    for (let c = 0; c < 3; c++) tile[3 * i + c] = base[c]!;
    for (const { across, down, phase, tint } of waves) {
      const height = Math.sin((2 * Math.PI * (across * x + down * y)) / TILE + phase);
      for (let c = 0; c < 3; c++) tile[3 * i + c]! += tint[c]! * height;
    }
  }
  return tile;
}

/** A smooth path: sums of slow waves, in parts of the frame. */
function drawPath(stream: RandomStream): (t: number) => number {
  const waves = Array.from({ length: 3 }, () => ({
    speed: 2 * Math.PI * (0.08 + 0.22 * stream.uniform()),
    phase: 2 * Math.PI * stream.uniform(),
    reach: 0.06 + 0.1 * stream.uniform(),
  }));
  const middle = 0.3 + 0.4 * stream.uniform();
  return t => middle + waves.reduce((sum, { speed, phase, reach }) => sum + reach * Math.sin(speed * t + phase), 0);
}

export interface DrawnClip {
  readonly width: number;
  readonly height: number;
  /** The frame at a time in seconds. */
  frame(seconds: number): Image;
}

const SCENE = { finest: 9, broad: 6 };

/** Draws a clip; equal seeds give the same. */
export function drawClip({ look, motion, scene = look, width = 144, height = 112 }: Drawing): DrawnClip {
  const looks = openStream(randomKey(2 * look + 1));
  const moves = openStream(randomKey(2 * motion + 2));
  const background = drawTexture(openStream(randomKey(2 * scene + 1)), SCENE);
  drawTexture(looks, SCENE);
  const actors = Array.from({ length: 1 + moves.integer(2) }, () => ({
    x: drawPath(moves),
    y: drawPath(moves),
    spin: (moves.uniform() - 0.5) * 1.2,
    size: 0.1 + 0.06 * moves.uniform(),
    texture: drawTexture(looks, { finest: 14 }),
  }));
  return {
    width,
    height,
    frame(seconds) {
      const data = new Uint8Array(width * height * 3);
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const at = 3 * ((y % TILE) * TILE + (x % TILE));
          for (let c = 0; c < 3; c++) data[3 * (y * width + x) + c] = clamp(background[at + c]!);
        }
      for (const { x: pathX, y: pathY, spin, size, texture } of actors) {
        const [cx, cy, radius] = [pathX(seconds) * width, pathY(seconds) * height, size * width];
        const [cos, sin] = [Math.cos(spin * seconds), Math.sin(spin * seconds)];
        for (let y = Math.max(0, Math.floor(cy - radius)); y < Math.min(height, cy + radius + 1); y++)
          for (let x = Math.max(0, Math.floor(cx - radius)); x < Math.min(width, cx + radius + 1); x++) {
            const [dx, dy] = [x - cx, y - cy];
            // The edge of the disc is as soft as that of a photograph.
            const cover = Math.max(0, Math.min(1, radius - Math.hypot(dx, dy) + 0.5));
            if (cover === 0) continue;
            const [tx, ty] = [cos * dx + sin * dy + TILE, cos * dy - sin * dx + TILE];
            const [ix, iy] = [Math.floor(tx), Math.floor(ty)];
            const [fx, fy] = [tx - ix, ty - iy];
            for (let c = 0; c < 3; c++) {
              const sample = (px: number, py: number): number => texture[3 * ((py % TILE) * TILE + (px % TILE)) + c]!;
              const top = sample(ix, iy) * (1 - fx) + sample(ix + 1, iy) * fx;
              const bottom = sample(ix, iy + 1) * (1 - fx) + sample(ix + 1, iy + 1) * fx;
              const at = 3 * (y * width + x) + c;
              data[at] = clamp(data[at]! * (1 - cover) + (top * (1 - fy) + bottom * fy) * cover);
            }
          }
      }
      return { width, height, data };
    },
  };
}

const clamp = (value: number): number => Math.max(0, Math.min(255, Math.round(value)));
