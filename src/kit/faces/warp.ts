import type { Image } from '../images/index.ts';
import { fivePoints, type Point } from './alignment.ts';

/** Side of the template's square. */
const TEMPLATE_SIDE = 112;
/** Where ArcFace's training puts left eye, right eye, nose tip and the corners of the mouth (Deng et al. 2019). */
const TEMPLATE: readonly Point[] = [
  { x: 38.2946, y: 51.6963 },
  { x: 73.5318, y: 51.5014 },
  { x: 56.0252, y: 71.7366 },
  { x: 41.5493, y: 92.3655 },
  { x: 70.7299, y: 92.2041 },
];

/** `x' = a·x − b·y + tx`, `y' = b·x + a·y + ty`: a turn, a scale and a shift. */
export interface SimilarityMap {
  readonly a: number;
  readonly b: number;
  readonly tx: number;
  readonly ty: number;
}

const meanOf = (points: readonly Point[]): Point => ({
  x: points.reduce((sum, { x }) => sum + x, 0) / points.length,
  y: points.reduce((sum, { y }) => sum + y, 0) / points.length,
});

/** The similarity that takes points onto others with the least sum of squared distances (Umeyama 1991, for two dimensions). */
export function fitSimilarity(from: readonly Point[], to: readonly Point[]): SimilarityMap {
  const [p, q] = [meanOf(from), meanOf(to)];
  let [along, across, spread] = [0, 0, 0];
  from.forEach((point, i) => {
    const [x, y] = [point.x - p.x, point.y - p.y];
    const [u, v] = [to[i]!.x - q.x, to[i]!.y - q.y];
    along += x * u + y * v;
    across += x * v - y * u;
    spread += x * x + y * y;
  });
  const [a, b] = [along / spread, across / spread];
  return { a, b, tx: q.x - a * p.x + b * p.y, ty: q.y - b * p.x - a * p.y };
}

/** Samples `image` bilinearly so that `map`, from its pixels to the result's, holds; outside is black. */
export function warpImage(
  image: Image,
  map: SimilarityMap,
  { width, height }: { width: number; height: number },
): Image {
  const norm = map.a * map.a + map.b * map.b;
  const data = new Uint8Array(width * height * 3);
  const sample = (x: number, y: number, channel: number) =>
    x >= 0 && y >= 0 && x < image.width && y < image.height ? image.data[(y * image.width + x) * 3 + channel]! : 0;
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < width; u++) {
      const [dx, dy] = [u - map.tx, v - map.ty];
      const x = (map.a * dx + map.b * dy) / norm;
      const y = (map.a * dy - map.b * dx) / norm;
      const [left, top] = [Math.floor(x), Math.floor(y)];
      const [right, down] = [x - left, y - top];
      for (let channel = 0; channel < 3; channel++) {
        const upper = sample(left, top, channel) * (1 - right) + sample(left + 1, top, channel) * right;
        const lower = sample(left, top + 1, channel) * (1 - right) + sample(left + 1, top + 1, channel) * right;
        data[(v * width + u) * 3 + channel] = Math.round(upper * (1 - down) + lower * down);
      }
    }
  }
  return { width, height, data };
}

/** Turns, scales and shifts a face so that its five points lie on ArcFace's template, scaled to `width` × `height`. */
export function warpToTemplate(
  image: Image,
  landmarks: Float32Array,
  size: { readonly width: number; readonly height: number },
): Image {
  const [scaleX, scaleY] = [size.width / TEMPLATE_SIDE, size.height / TEMPLATE_SIDE];
  const target = TEMPLATE.map(({ x, y }) => ({ x: x * scaleX, y: y * scaleY }));
  return warpImage(image, fitSimilarity(fivePoints(landmarks), target), size);
}
