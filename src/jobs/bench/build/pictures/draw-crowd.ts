import type { RandomStream } from '../../../../ground/math/index.ts';
import { type Image, resizeImage } from '../../../../kit/images/index.ts';
import type { RegionMap } from '../labelled-image.ts';
import { between, blankCanvas, type Canvas, type Colour, finish, forEachPixel } from './compose.ts';
import { partLookup } from './regions.ts';

export interface CrowdFace {
  readonly image: Image;
  /** Without it the whole image is shown, like a photograph on a wall. */
  readonly regions: RegionMap | null;
}

/** Width of the scene, in pixels; it is two thirds as high. */
const WIDTH = 720;
const HEIGHT = 480;

const SKIES: readonly (readonly [Colour, Colour])[] = [
  [
    [196, 212, 226],
    [122, 126, 110],
  ],
  [
    [222, 206, 186],
    [110, 104, 100],
  ],
  [
    [150, 160, 176],
    [84, 88, 84],
  ],
];

/**
 * A scene with all of these faces and no other, rows behind rows, those behind smaller. Every face has a place of its own, so that none
 * hides another and their number is exact.
 */
export async function drawCrowd(faces: readonly CrowdFace[], stream: RandomStream): Promise<Image> {
  const [above, below] = stream.pick(SKIES);
  const canvas = blankCanvas(WIDTH, HEIGHT, (_, y) => between(above, below, y / HEIGHT));
  for (const [i, place] of layOut(faces.length, stream).entries()) {
    await stand(canvas, faces[i]!, place);
  }
  return finish(canvas);
}

interface Place {
  readonly left: number;
  readonly top: number;
  readonly size: number;
}

/** Cells of a grid, the fullest that leaves some of them empty, each with a face somewhere within. */
function layOut(count: number, stream: RandomStream): Place[] {
  const rows = Math.max(1, Math.ceil(Math.sqrt((count * 1.25 * HEIGHT) / WIDTH)));
  const columns = Math.max(1, Math.ceil((count * 1.25) / rows));
  const [cellWidth, cellHeight] = [WIDTH / columns, HEIGHT / rows];
  const cells = stream.sampleWithoutReplacement(rows * columns, count).sort((a, b) => a - b);
  return cells.map(cell => {
    const row = Math.floor(cell / columns);
    const near = rows === 1 ? 1 : 0.72 + (0.28 * row) / (rows - 1);
    const size = Math.floor(Math.min(cellWidth, cellHeight) * near * (0.88 + 0.1 * stream.uniform()));
    const left = Math.floor((cell % columns) * cellWidth + stream.uniform() * (cellWidth - size));
    const top = Math.floor(row * cellHeight + stream.uniform() * (cellHeight - size));
    return { left, top, size: Math.max(1, size) };
  });
}

async function stand(canvas: Canvas, face: CrowdFace, { left, top, size }: Place): Promise<void> {
  const image = await resizeImage(face.image, { width: size, height: size });
  const partAt = face.regions === null ? null : partLookup(face.regions, image);
  forEachPixel(image, (x, y, at) => {
    if (partAt?.(x, y) === '') return;
    canvas.data.set(image.data.subarray(at, at + 3), ((top + y) * canvas.width + left + x) * 3);
  });
}
