import { type Path, turn } from './shapes.ts';

/**
 * From the head's own coordinates to pixels. The head's origin lies between the eyes; x runs to the viewer's right, y down, z
 * towards the viewer; 1 is about half the head's height.
 */
export interface Pose {
  /** Pixels per unit. */
  readonly unit: number;
  /** Sine of yaw: how far things nearer to the viewer move to the right. */
  readonly sinYaw: number;
  readonly cosYaw: number;
  readonly sinPitch: number;
  /** Direction of the head's x axis in the image. */
  readonly axis: readonly [number, number];
  /** A point in space. */
  point(x: number, y: number, z: number): readonly [number, number];
  /** A path drawn on the face's surface, `lift` above it. */
  surface(path: readonly number[], lift?: number): Path;
  /** A path on the head's silhouette, which turns without getting narrower; the chin, being in front, swings along. */
  rim(path: readonly number[]): Path;
  /** A path behind the head, `depth` behind its centre. */
  behind(path: readonly number[], depth: number): Path;
  /** A path that belongs to the body and does not turn. */
  body(path: readonly number[]): Path;
}

export interface PoseOptions {
  readonly size: number;
  readonly yaw: number;
  readonly pitch: number;
  readonly roll: number;
  readonly shift: readonly [number, number];
  readonly zoom: number;
}

/** Height of the point about which the head leans: the top of the neck. */
const PIVOT = 0.95;

/** Height of the face's surface above the plane through the ears. */
export function depthAt(x: number, y: number): number {
  const u = x / 0.84;
  const v = (y - 0.05) / 1.35;
  const rest = 1 - u * u - v * v;
  return 0.62 * Math.sqrt(Math.max(0.01, rest));
}

/** How much the silhouette is that of a flat curve rather than of a ball: nothing at the skull, all of it at the chin. */
function flatness(y: number): number {
  const t = Math.min(1, Math.max(0, (y + 0.1) / 1.1));
  return t * t * (3 - 2 * t);
}

export function createPose(options: PoseOptions): Pose {
  const { size, yaw, pitch, roll, shift, zoom } = options;
  const [cosYaw, sinYaw] = turn(yaw);
  const [cosPitch, sinPitch] = turn(pitch);
  const axis = turn(roll);
  const unit = 0.305 * size * zoom;
  const centreX = size * (0.5 + shift[0]);
  const centreY = size * (0.5 + shift[1]);

  const place = (x: number, y: number): readonly [number, number] => {
    const dy = y - PIVOT;
    return [centreX + unit * (x * axis[0] - dy * axis[1]), centreY + unit * (PIVOT + x * axis[1] + dy * axis[0])];
  };
  const point = (x: number, y: number, z: number): readonly [number, number] =>
    place(x * cosYaw + z * sinYaw, y * cosPitch - z * sinPitch);
  const each = (path: readonly number[], map: (x: number, y: number) => readonly [number, number]): Path => {
    const out: Path = [];
    for (let i = 0; i < path.length; i += 2) {
      const [x, y] = map(path[i]!, path[i + 1]!);
      out.push(x, y);
    }
    return out;
  };
  return {
    unit,
    sinYaw,
    cosYaw,
    sinPitch,
    axis,
    point,
    surface: (path, lift = 0) => each(path, (x, y) => point(x, y, depthAt(x, y) + lift)),
    rim: path =>
      each(path, (x, y) => {
        const flat = flatness(y);
        const u = x / 0.72;
        const depth = 0.5 * flat * Math.max(0.1, 1 - 0.8 * u * u);
        const narrower = 1 - 0.04 * Math.abs(sinYaw) - flat * (1 - cosYaw);
        // A skull is longer than wide: turned, its back shows on the side it turns away from.
        const back = y < 0.35 && x * sinYaw < 0 ? 1 + 0.22 * Math.abs(sinYaw) * Math.min(1, (0.35 - y) * 2) : 1;
        return place(x * back * narrower + depth * sinYaw, y - 0.5 * flat * sinPitch);
      }),
    behind: (path, depth) => each(path, (x, y) => place(x - depth * sinYaw, y + depth * sinPitch)),
    body: path => each(path, (x, y) => [centreX + unit * x, centreY + unit * y]),
  };
}
