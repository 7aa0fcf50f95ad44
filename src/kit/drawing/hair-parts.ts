import type { Rgb } from '../images/crop.ts';
import { mix } from './colours.ts';
import { coverageOf, glow, type Paint } from './raster.ts';
import { paintPath, type Scene } from './scene.ts';
import { between, brush, type Points, smoothOpen, symmetric } from './shapes.ts';
import { regionNumber } from './spec.ts';

/** Heights (in head units, down) between which hair goes from its light to its dark colour. */
export type Span = readonly [number, number];

/** Colour of hair by height: lit from above, darker towards the tips and the nape. */
export function hairPaint(scene: Scene, span: Span): Paint {
  const { hair, pose, spec, canvas } = scene;
  const top = pose.body([0, span[0]])[1]!;
  const bottom = pose.body([0, span[1]])[1]!;
  return (x, y, out) => {
    const t = Math.min(1, Math.max(0, (y - top) / (bottom - top)));
    const lit = 1 + 0.22 * spec.light[0] * ((x / canvas.size) * 2 - 1);
    for (let k = 0; k < 3; k++) {
      const upper = hair.light[k]! + (hair.base[k]! - hair.light[k]!) * Math.min(1, t * 2.4);
      out[k] = (upper + (hair.dark[k]! - upper) * Math.max(0, t - 0.35) * 0.9) * lit;
    }
  };
}

export interface LockOptions {
  /** Edge away from the face and edge towards it, from root to tip, with as many points each. */
  readonly outer: Points;
  readonly inner: Points;
  /** Whether the inner edge lies on the forehead and turns with it, or on the silhouette. */
  readonly innerOnFace?: boolean;
  readonly span: Span;
  readonly strands: number;
}

/** A sheet of hair between two edges, with strands that follow them. */
export function drawLock(scene: Scene, options: LockOptions): void {
  const { pose, hair, canvas } = scene;
  const outer = pose.rim(smoothOpen(options.outer));
  const innerPath = smoothOpen(options.inner);
  const inner = options.innerOnFace ? pose.surface(innerPath) : pose.rim(innerPath);
  const path = between(outer, inner);
  paintPath(scene, path, { paint: hairPaint(scene, options.span), region: 'hair' });
  const clip = coverageOf(canvas, path);
  for (let k = 1; k <= options.strands; k++) {
    const share = k / (options.strands + 1);
    const strand = outer.map((value, i) => value + (inner[i]! - value) * share);
    const width = (0.05 + 0.02 * (k % 3)) * pose.unit;
    const paint = k % 2 === 0 ? hair.light : hair.dark;
    const outline = brush(strand, [0, width, width * 1.2, width * 0.4]);
    paintPath(scene, outline, { paint, alpha: 0.42, soft: 0.035, clip });
  }
}

/** A band of light over the crown at height `y`. */
export function drawSheen(scene: Scene, options: { readonly y: number; readonly alpha: number }): void {
  const { pose, hair, canvas, spec } = scene;
  const place = pose.rim([spec.light[0] >= 0 ? 0.28 : -0.28, options.y]);
  glow(canvas, {
    x: place[0]!,
    y: place[1]!,
    radiusX: 0.6 * pose.unit,
    radiusY: 0.24 * pose.unit,
    axis: pose.axis,
    colour: mix(hair.light, [255, 250, 240], 0.35),
    alpha: options.alpha,
    clip: hairCoverage(scene),
  });
}

/** Where hair has been painted so far, as 0 or 1. */
export function hairCoverage(scene: Scene): Float32Array {
  const hair = regionNumber('hair');
  const { regions } = scene.canvas;
  const coverage = new Float32Array(regions.length);
  for (let i = 0; i < regions.length; i++) coverage[i] = regions[i] === hair ? 1 : 0;
  return coverage;
}

export interface CapOptions {
  /** How far the hair stands off the skull, above and at the sides. */
  readonly top: number;
  readonly sides: number;
  /** Height of the lower end at the sides (the sideburns). */
  readonly end: number;
  /** From the viewer's left temple to the right one, on the face. */
  readonly hairline: Points;
  readonly paint?: Rgb;
  readonly alpha?: number;
  readonly soft?: number;
  readonly clip?: Float32Array;
}

/** Hair that covers the skull down to the hairline. */
export function drawCap(scene: Scene, options: CapOptions): void {
  const { pose, shape } = scene;
  const { top, sides, end, hairline, ...style } = options;
  const w = shape.width;
  const silhouette = symmetric([
    [w + sides * 0.25, end],
    [w + sides * 0.7, -0.08],
    [w + sides, -0.42],
    [w * 0.86 + sides * 0.9, -0.8 - top * 0.45],
    [0.46, -1.06 - top * 0.9],
    [0, -1.15 - top],
  ]);
  const temple = end / 2 - 0.225;
  const edge: Points = [[-w * 0.955, end], [-w * 0.93, temple], ...hairline, [w * 0.93, temple], [w * 0.955, end]];
  const path = between(pose.rim(smoothOpen(silhouette)), pose.surface(smoothOpen(edge)));
  const look = { paint: hairPaint(scene, [-1.3 - top, 0.2]), ...style, region: 'hair' } as const;
  paintPath(scene, path, look);

  // The back of the head, seen behind the ear when the head turns away from that side.
  const turned = Math.abs(pose.sinYaw);
  if (turned < 0.08) return;
  const side = pose.sinYaw > 0 ? -1 : 1;
  const inner = w * (0.9 - 0.3 * turned);
  const nape: Points = [
    [side * inner, -0.6],
    [side * inner, -0.1],
    [side * (inner + 0.04), 0.2],
    [side * (w * 0.95 - 0.1 * turned), 0.3],
    [side * w, 0.18],
    [side * (w + sides * 0.4), -0.15],
    [side * (w + sides * 0.95), -0.5],
  ];
  paintPath(scene, pose.rim(smoothOpen(nape)), look);
}
