import type { Image } from '../../../kit/images/index.ts';
import type { Region } from '../motion/grey-square.ts';

/** Lightness, 0 to 255, that a bar may have on average, and in its lightest place: compression leaves shadows of the picture in it. */
const DARK_MEAN = 26;
const DARK_MOST = 64;
/** A frame that is darker than this says nothing of bars. */
const DARK_FRAME = 20;
/** Of a side so much is left whatever there is. */
const LEAST_LEFT = 0.4;

interface Lightness {
  readonly mean: number;
  readonly most: number;
}

function lightnessOf({ width, height, data }: Image): { readonly rows: Lightness[]; readonly columns: Lightness[] } {
  const rows = Array.from({ length: height }, () => ({ mean: 0, most: 0 }));
  const columns = Array.from({ length: width }, () => ({ mean: 0, most: 0 }));
  for (let y = 0, at = 0; y < height; y++)
    for (let x = 0; x < width; x++, at += 3) {
      const light = 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!;
      const [row, column] = [rows[y]!, columns[x]!];
      row.mean += light / width;
      column.mean += light / height;
      if (light > row.most) row.most = light;
      if (light > column.most) column.most = light;
    }
  return { rows, columns };
}

/** Dark lines at the beginning of a side in all frames; one more is cut where there are some, since scaling blends it with the picture. */
function barOf(frames: readonly (readonly Lightness[])[]): number {
  const length = frames[0]!.length;
  let bar = 0;
  while (bar < length && frames.every(lines => lines[bar]!.mean <= DARK_MEAN && lines[bar]!.most <= DARK_MOST)) bar++;
  return bar === 0 || bar === length ? 0 : bar + 1;
}

function cut(frames: readonly (readonly Lightness[])[]): { readonly from: number; readonly length: number } {
  const length = frames[0]!.length;
  const from = barOf(frames);
  const to = barOf(frames.map(lines => lines.toReversed()));
  return length - from - to < LEAST_LEFT * length ? { from: 0, length } : { from, length: length - from - to };
}

/** The part of a clip's frames that is picture: without black bars above and below or on both sides, which a copy may have and its original not. */
export function findPicture(frames: readonly Image[]): Region {
  const { width, height } = frames[0]!;
  const seen = frames
    .filter(frame => frame.width === width && frame.height === height)
    .map(lightnessOf)
    .filter(({ rows }) => rows.reduce((sum, { mean }) => sum + mean, 0) / height >= DARK_FRAME);
  if (seen.length === 0) return { x: 0, y: 0, width, height };
  const down = cut(seen.map(({ rows }) => rows));
  const across = cut(seen.map(({ columns }) => columns));
  return { x: across.from, y: down.from, width: across.length, height: down.length };
}
