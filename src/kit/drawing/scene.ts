import type { Rgb } from '../images/crop.ts';
import { type FaceShape, faceShape } from './face-shape.ts';
import { type HairPalette, hairPalette, type SkinPalette, skinPalette } from './palette.ts';
import { createPose, type Pose } from './pose.ts';
import { type Canvas, coverageOf, createCanvas, fill, glow, type Paint } from './raster.ts';
import { brush, type Path, type Points, smoothOpen } from './shapes.ts';
import { type FaceSpec, type Region, regionNumber } from './spec.ts';

/** What every part of the drawing works with. */
export interface Scene {
  readonly spec: FaceSpec;
  readonly canvas: Canvas;
  readonly pose: Pose;
  readonly shape: FaceShape;
  readonly skin: SkinPalette;
  readonly hair: HairPalette;
  /** Coverage of the head, `[size, size]`: bounds all that lies on the face. */
  readonly head: Float32Array;
}

export function createScene(spec: FaceSpec, size: number): Scene {
  const canvas = createCanvas(size);
  const pose = createPose({ ...spec, size });
  const shape = faceShape(spec);
  const head = coverageOf(canvas, pose.rim(shape.outline));
  return { spec, canvas, pose, shape, skin: skinPalette(spec), hair: hairPalette(spec), head };
}

export interface PaintOptions {
  readonly paint: Paint;
  readonly alpha?: number;
  /** Width of the soft edge in head units. */
  readonly soft?: number;
  readonly clip?: Float32Array;
  readonly region?: Region;
}

/** Fills an outline that is in pixels already. */
export function paintPath(scene: Scene, path: Path, options: PaintOptions): void {
  const { region, soft = 0, ...rest } = options;
  const named = region === undefined ? {} : { region: regionNumber(region) };
  fill(scene.canvas, path, { ...rest, ...named, soft: soft * scene.pose.unit });
}

export interface StrokeOptions extends PaintOptions {
  /** Full widths in head units, spread over the stroke. */
  readonly widths: readonly number[];
  /** Height above the face's surface. */
  readonly lift?: number;
}

/** A stroke over the face through control points. */
export function paintStroke(scene: Scene, points: Points, options: StrokeOptions): void {
  const { widths, lift, ...rest } = options;
  const line = scene.pose.surface(smoothOpen(points), lift);
  const pixels = widths.map(width => width * scene.pose.unit);
  paintPath(scene, brush(line, pixels), rest);
}

export interface GlowOnFace {
  readonly x: number;
  readonly y: number;
  readonly radiusX: number;
  readonly radiusY: number;
  readonly colour: Rgb;
  readonly alpha: number;
  readonly lift?: number;
}

/** Distance between two points of a path, in head units per unit. */
function stretch(scene: Scene, from: Path, to: Path, apart: number): number {
  const dx = to[0]! - from[0]!;
  const dy = to[1]! - from[1]!;
  return Math.min(1.1, Math.max(0.3, Math.sqrt(dx * dx + dy * dy) / (apart * scene.pose.unit)));
}

/** A soft spot on the face's surface, foreshortened as the surface turns away. */
export function paintGlow(scene: Scene, options: GlowOnFace): void {
  const { pose, head } = scene;
  const { x, y, radiusX, radiusY, colour, alpha, lift = 0 } = options;
  const apart = 0.05;
  const centre = pose.surface([x, y], lift);
  const across = pose.surface([x + apart, y], lift);
  const down = pose.surface([x, y + apart], lift);
  glow(scene.canvas, {
    x: centre[0]!,
    y: centre[1]!,
    radiusX: radiusX * pose.unit * stretch(scene, centre, across, apart),
    radiusY: radiusY * pose.unit * stretch(scene, centre, down, apart),
    axis: pose.axis,
    colour,
    alpha,
    clip: head,
  });
}
