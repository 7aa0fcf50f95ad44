import type { Image } from '../../../../kit/images/index.ts';
import type { RegionMap } from '../labelled-image.ts';
import {
  boxAround,
  type Canvas,
  type Colour,
  colourAt,
  finish,
  forEachPixel,
  mixPixel,
  type PixelBox,
  smoothStep,
} from './compose.ts';
import { partLookup } from './regions.ts';

export interface MaskedFace {
  readonly image: Image;
  readonly regions: RegionMap;
}

/** What is taken over from the other face. */
const FEATURES: ReadonlySet<string> = new Set([
  'Eyes',
  'Eyebrows',
  'Nose',
  'Lips',
  'Upper lip',
  'Lower lip',
  'Inside of the mouth',
]);
const SKIN = 'Facial skin';

interface Plan {
  readonly box: PixelBox;
  /** Mean colour of the skin. */
  readonly skin: Colour;
  readonly partAt: (x: number, y: number) => string;
}

function planOf({ image, regions }: MaskedFace): Plan | null {
  const partAt = partLookup(regions, image);
  const box = boxAround(image, (x, y) => FEATURES.has(partAt(x, y)));
  if (box === null || box.right === box.left || box.bottom === box.top) return null;
  const sums = [0, 0, 0];
  let count = 0;
  forEachPixel(image, (x, y, at) => {
    if (partAt(x, y) !== SKIN) return;
    for (let k = 0; k < 3; k++) sums[k]! += image.data[at + k]!;
    count++;
  });
  if (count === 0) return null;
  return { box, partAt, skin: [sums[0]! / count, sums[1]! / count, sums[2]! / count] };
}

/**
 * Replaces the features of a face by those of another one: brows to mouth are moved to the place of the old ones, most of the difference
 * in skin colour is taken out, and the border is blended. What a simple face swap does, with its traces: softer features, a
 * faint seam, lids and lips that do not quite fit.
 *
 * @returns null where a mask shows no features or no skin.
 */
export function swapFace(target: MaskedFace, donor: MaskedFace): Image | null {
  const [to, from] = [planOf(target), planOf(donor)];
  if (to === null || from === null) return null;
  const { width, height } = target.image;
  const canvas: Canvas = { width, height, data: Float32Array.from(target.image.data) };
  const centre = [(to.box.left + to.box.right) / 2, (to.box.top + to.box.bottom) / 2] as const;
  const half = [(to.box.right - to.box.left) / 2, (to.box.bottom - to.box.top) / 2] as const;
  const shift = (k: 0 | 1 | 2): number => 0.75 * (to.skin[k] - from.skin[k]);
  forEachPixel(canvas, (x, y, at) => {
    const [u, v] = [(x - centre[0]) / half[0], (y - centre[1]) / half[1]];
    // An ellipse around the features' box; beyond, the old face shines through.
    const share = 1 - smoothStep(1.12, 1.42, Math.hypot(u, v));
    if (share === 0 || !isFace(to.partAt(x, y))) return;
    const fx = from.box.left + ((u + 1) / 2) * (from.box.right - from.box.left);
    const fy = from.box.top + ((v + 1) / 2) * (from.box.bottom - from.box.top);
    if (!isFace(from.partAt(Math.round(fx), Math.round(fy)))) return;
    const colour = colourAt(donor.image, fx, fy);
    mixPixel(canvas.data, at, [colour[0] + shift(0), colour[1] + shift(1), colour[2] + shift(2)], share);
  });
  return finish(canvas);
}

const isFace = (part: string): boolean => part === SKIN || FEATURES.has(part);
