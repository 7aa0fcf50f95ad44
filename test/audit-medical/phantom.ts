import { openStream, type RandomStream, randomKey } from '../../src/ground/math/index.ts';

type Point = readonly [number, number, number];

/** A body with organs, as a function of place from −1 to 1: an outline and a coarse build that all share, and details of its own. */
export interface Phantom {
  readonly axes: Point;
  readonly organs: readonly { readonly at: Point; readonly width: number; readonly light: number }[];
}

const SHARED = 6;
const OWN = 14;

const spread = (stream: RandomStream, reach: number): Point => [
  (2 * stream.uniform() - 1) * reach,
  (2 * stream.uniform() - 1) * reach,
  (2 * stream.uniform() - 1) * reach,
];

/** The phantom of a number; those of one kind share their build. */
export function makePhantom(seed: number): Phantom {
  const build = openStream(randomKey(0));
  const stream = openStream(randomKey(seed + 1));
  const shared = Array.from({ length: SHARED }, () => ({ at: spread(build, 0.5), width: 0.25, light: 0.5 }));
  const own = Array.from({ length: OWN }, () => ({
    at: spread(stream, 0.6),
    width: 0.08 + 0.14 * stream.uniform(),
    light: 1.4 * stream.uniform() - 0.5,
  }));
  const axes = [0, 1, 2].map(axis => 0.62 + 0.06 * axis + 0.08 * stream.uniform()) as [number, number, number];
  return { axes, organs: [...shared, ...own] };
}

/** How a copy differs: everything that a scanner or a generator may do to it. */
export interface Change {
  readonly gain: number;
  readonly offset: number;
  readonly gamma: number;
  readonly degrees: number;
  /** The axis of the turn; the third where it is not given. */
  readonly axis?: 0 | 1 | 2;
  /** Voxels along each axis. */
  readonly shift: Point;
  readonly flip: 0 | 1 | 2 | null;
  /** Signal over the deviation of the noise; null for none. */
  readonly signalToNoise: number | null;
}

export const UNCHANGED: Change = {
  gain: 1000,
  offset: 0,
  gamma: 1,
  degrees: 0,
  shift: [0, 0, 0],
  flip: null,
  signalToNoise: null,
};

/** A phantom on a grid of `side`³ voxels, turned, shifted and flipped. */
export function scanPhantom({ axes, organs }: Phantom, side: number, change: Change, seed = 1): Int16Array {
  const values = new Float64Array(side ** 3);
  const [c, s] = [Math.cos((change.degrees * Math.PI) / 180), Math.sin((change.degrees * Math.PI) / 180)];
  const unit = 2 / side;
  const [first, second] = (
    [
      [1, 2],
      [2, 0],
      [0, 1],
    ] as const
  )[change.axis ?? 2];
  for (let z = 0, i = 0; z < side; z++)
    for (let y = 0; y < side; y++)
      for (let x = 0; x < side; x++, i++) {
        const place = [x, y, z].map((at, axis) => (at + 0.5) * unit - 1 - change.shift[axis]! * unit);
        if (change.flip !== null) place[change.flip]! *= -1;
        const [a, b] = [c * place[first]! - s * place[second]!, s * place[first]! + c * place[second]!];
        place[first] = a;
        place[second] = b;
        const [p, q, r] = place as [number, number, number];
        if ((p / axes[0]) ** 2 + (q / axes[1]) ** 2 + (r / axes[2]) ** 2 > 1) continue;
        let value = 0.6;
        for (const { at, width, light } of organs) {
          const far = ((p - at[0]) ** 2 + (q - at[1]) ** 2 + (r - at[2]) ** 2) / width ** 2;
          if (far < 9) value += light * Math.exp(-far);
        }
        values[i] = Math.max(0.02, value);
      }
  const stream = openStream(randomKey(seed));
  const inside = values.filter(value => value > 0);
  const mean = inside.reduce((sum, value) => sum + value, 0) / inside.length;
  const noise = change.signalToNoise === null ? 0 : mean / change.signalToNoise;
  return Int16Array.from(
    values,
    value => change.gain * (value ** change.gamma + (noise === 0 ? 0 : noise * stream.normal())) + change.offset,
  );
}
