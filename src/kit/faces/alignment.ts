import type { Box } from '../../ground/contracts/index.ts';
import type { PixelRect } from './resample.ts';

/** Points of the landmark network. */
export const LANDMARK_COUNT = 68;

export interface Point {
  readonly x: number;
  readonly y: number;
}

/** First and one past the last landmark of each part, in the order of iBUG 300-W. "Left" is the left of the image. */
const PARTS = { leftEye: [36, 42], rightEye: [42, 48], mouth: [48, 68] } as const;
const NOSE_TIP = 30;
const MOUTH_CORNERS = [48, 54] as const;

export function pointAt(landmarks: Float32Array, index: number): Point {
  return { x: landmarks[index * 2]!, y: landmarks[index * 2 + 1]! };
}

function centreOf(landmarks: Float32Array, [from, to]: readonly [number, number]): Point {
  let [x, y] = [0, 0];
  for (let i = from; i < to; i++) {
    x += landmarks[i * 2]!;
    y += landmarks[i * 2 + 1]!;
  }
  return { x: x / (to - from), y: y / (to - from) };
}

/** The whole pixels of a box that lie inside an image; undefined if there are none. */
export function clipToImage(
  box: Box,
  image: { readonly width: number; readonly height: number },
): PixelRect | undefined {
  const [left, top] = [Math.max(box.x, 0), Math.max(box.y, 0)];
  const width = Math.floor(Math.min(box.x + box.width - left, image.width - left));
  const height = Math.floor(Math.min(box.y + box.height - top, image.height - top));
  return width > 0 && height > 0 ? { x: Math.floor(left), y: Math.floor(top), width, height } : undefined;
}

/**
 * Landmarks in pixels of the image from the output of the landmark network.
 *
 * @param points `[68, 2]`, shares of the square that the crop was centred in.
 * @param crop the pixels that were cropped.
 * @param box the face's box; its corner, not the crop's, is added, as in the original pipeline.
 */
export function placeLandmarks(points: Float32Array, crop: PixelRect, box: Box): Float32Array {
  const side = Math.max(crop.width, crop.height);
  const [left, top] = [(side - crop.width) / 2, (side - crop.height) / 2];
  return points.map((share, i) => (i % 2 === 0 ? share * side - left + box.x : share * side - top + box.y));
}

/** The smallest box around points, grown by `padding` of its size, half on each side. */
export function boxAround(landmarks: Float32Array, padding: number): Box {
  let [minX, minY, maxX, maxY] = [Infinity, Infinity, -Infinity, -Infinity];
  for (let i = 0; i < landmarks.length; i += 2) {
    minX = Math.min(minX, landmarks[i]!);
    maxX = Math.max(maxX, landmarks[i]!);
    minY = Math.min(minY, landmarks[i + 1]!);
    maxY = Math.max(maxY, landmarks[i + 1]!);
  }
  const [width, height] = [maxX - minX, maxY - minY];
  return {
    x: minX - (width * padding) / 2,
    y: minY - (height * padding) / 2,
    width: width * (1 + padding),
    height: height * (1 + padding),
  };
}

/** Share of the box around the landmarks that is added for age, gender and expression. */
const ATTRIBUTE_PADDING = 0.2;

/** The box that age, gender and expression are read from. */
export function attributeBox(landmarks: Float32Array): Box {
  return boxAround(landmarks, ATTRIBUTE_PADDING);
}

/** Where dlib puts the centre of eyes and mouth in its square, and how far eyes and mouth are apart in it, as shares. */
const EMBEDDING_FRAME = { x: 0.5, y: 0.43, eyesToMouth: 0.45 };

/**
 * The square that the embedding is computed from: whole pixels, placed by eyes and mouth.
 *
 * @param crop the pixels that the landmarks were found in; the square is at most as wide as these plus its own left, a rule
 *   kept from the original pipeline, as the embeddings of a face must not depend on which of the two made them.
 */
export function embeddingBox(landmarks: Float32Array, crop: PixelRect): Box {
  const [leftEye, rightEye, mouth] = [PARTS.leftEye, PARTS.rightEye, PARTS.mouth].map(part =>
    centreOf(landmarks, part),
  );
  const distance = (eye: Point) => Math.hypot(eye.x - mouth!.x, eye.y - mouth!.y);
  const size = Math.floor((distance(leftEye!) + distance(rightEye!)) / 2 / EMBEDDING_FRAME.eyesToMouth);
  const centre = { x: (leftEye!.x + rightEye!.x + mouth!.x) / 3, y: (leftEye!.y + rightEye!.y + mouth!.y) / 3 };
  const x = Math.floor(Math.max(0, centre.x - EMBEDDING_FRAME.x * size));
  const y = Math.floor(Math.max(0, centre.y - EMBEDDING_FRAME.y * size));
  return { x, y, width: Math.min(size, crop.width + x), height: Math.min(size, crop.height + y) };
}

/** Centres of the left and right eye, tip of the nose, left and right corner of the mouth. */
export function fivePoints(landmarks: Float32Array): readonly Point[] {
  return [
    centreOf(landmarks, PARTS.leftEye),
    centreOf(landmarks, PARTS.rightEye),
    pointAt(landmarks, NOSE_TIP),
    ...MOUTH_CORNERS.map(index => pointAt(landmarks, index)),
  ];
}
