import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import sharp from 'sharp';
import { BiolensError, messageOf, throwIfAborted } from '../../../ground/errors.ts';
import { listTextFiles as listFiles, type TextFile } from '../../audit-text/index.ts';
import { type Block, poolBlock } from '../measure/grid.ts';
import { paletteLight } from './palette.ts';
import { type DicomImage, readDicom } from './read-dicom.ts';
import { isNifti, readNifti } from './read-nifti.ts';
import { unpack } from './unpack.ts';
import { lightOf, usualWindow, type Window } from './window.ts';

/** An image or a volume, pooled to a small grid. */
export interface Item {
  /** Made of the SHA-256 of its content: a file's name may be a person's. */
  readonly name: string;
  readonly volume: boolean;
  readonly cells: Float32Array;
  /** As many slices as were asked for, evenly through it; of an image one. */
  readonly pictures: readonly SlicePicture[];
}

/** A slice in 8 bits of light, within the window of its file. */
export interface SlicePicture {
  readonly width: number;
  readonly height: number;
  readonly light: Uint8Array;
}

export interface CollectedItems {
  readonly items: readonly Item[];
  readonly files: number;
  readonly mayShowPersons: number;
  readonly notes: readonly { readonly item: string; readonly reason: string }[];
}

/** Cells of the grids that items are compared on. */
export const IMAGE_GRID = [48, 48, 1] as const;
export const VOLUME_GRID = [32, 32, 32] as const;

const MOST_FILE = 2 ** 30;
/** Fewer slices are no volume. */
const LEAST_SLICES = 4;
/** Slices further apart than this share of the usual distance from it leave a gap. */
const UNEVEN = 0.1;
/** Pixels of the longer side of a slice on the page. */
const PICTURE_SIDE = 160;

const nameOf = (bytes: Uint8Array): string => `sha256-${createHash('sha256').update(bytes).digest('hex').slice(0, 12)}`;

/** How the values of a block are shown: within a window, those of MONOCHROME1 from light to dark. */
interface Shown {
  readonly window: Window | null;
  readonly inverted: boolean;
}
const AS_USUAL: Shown = { window: null, inverted: false };

function pictureOf({ size: [w, h], values }: Block, slice: number, { window, inverted }: Shown): SlicePicture {
  const shown = Array.prototype.slice.call(values, slice * w * h, (slice + 1) * w * h) as number[];
  const scale = Math.min(1, PICTURE_SIDE / Math.max(w, h));
  const [width, height] = [Math.max(1, Math.round(w * scale)), Math.max(1, Math.round(h * scale))];
  const pooled = poolBlock({ size: [w, h, 1], values: shown }, [width, height, 1]);
  // Padding is as dark as the darkest value, whatever the window.
  const used = window ?? usualWindow(pooled);
  const light = Uint8Array.from(pooled, value => {
    const part = lightOf(inverted && window !== null ? -value : value, used);
    return Math.round(255 * (inverted && window !== null ? 1 - part : part));
  });
  return { width, height, light };
}

interface ItemOptions {
  readonly shown: Shown;
  /** Slices of a volume that are kept as pictures; 0 for none. */
  readonly pictures: number;
}

const itemOf = (name: string, block: Block, { shown, pictures }: ItemOptions): Item => {
  const slices = block.size[2];
  const volume = slices >= LEAST_SLICES;
  const kept = Math.min(pictures, volume ? pictures : 1);
  return {
    name,
    volume,
    cells: poolBlock(block, volume ? VOLUME_GRID : IMAGE_GRID),
    pictures: Array.from({ length: kept }, (_, i) => pictureOf(block, Math.floor(((i + 0.5) * slices) / kept), shown)),
  };
};

/** Rescaled values of one frame: colours as brightness, padding as none, light and dark as in MONOCHROME2. */
function frameValues(image: DicomImage, frame: number): Float64Array {
  const { rows, columns, samples, values, slope, intercept, padding, photometric, palette } = image;
  const pixels = rows * columns;
  const sign = photometric === 'MONOCHROME1' ? -1 : 1;
  return Float64Array.from({ length: pixels }, (_, i) => {
    const at = (frame * pixels + i) * samples;
    if (samples >= 3 && photometric === 'RGB')
      return 0.299 * values[at]! + 0.587 * values[at + 1]! + 0.114 * values[at + 2]!;
    const value = values[at]!;
    if (palette !== null) return paletteLight(palette, value);
    if (samples === 1 && padding !== null && value === padding) return Number.NaN;
    return sign * (value * slope + intercept);
  });
}

interface Slice {
  readonly name: string;
  readonly folder: string;
  readonly image: DicomImage;
}

const cross = (o: readonly number[]): readonly [number, number, number] => [
  o[1]! * o[5]! - o[2]! * o[4]!,
  o[2]! * o[3]! - o[0]! * o[5]!,
  o[0]! * o[4]! - o[1]! * o[3]!,
];

/** Slices that lie in one direction and have one size, in the order of their positions along the normal. */
export function orderSlices<T extends { readonly image: Pick<DicomImage, 'position' | 'orientation'> }>(
  slices: readonly T[],
): { readonly ordered: readonly T[]; readonly places: readonly number[] } {
  const normal = cross(slices[0]!.image.orientation!);
  const along = ({ image: { position } }: T): number =>
    position!.reduce((sum, value, axis) => sum + value * normal[axis]!, 0);
  const ordered = slices.toSorted((a, b) => along(a) - along(b));
  return { ordered, places: ordered.map(along) };
}

/** Gaps between slices that elsewhere lie evenly. */
export function countGaps(places: readonly number[]): number {
  const steps = places.slice(1).map((place, i) => place - places[i]!);
  const usual = steps.toSorted((a, b) => a - b)[steps.length >> 1] ?? 0;
  return steps.filter(step => Math.abs(step - usual) > UNEVEN * Math.abs(usual)).length;
}

/** How the pixels of a file are shown; colours have no window. */
const shownOf = ({ window, photometric, samples, palette }: DicomImage): Shown =>
  samples > 1 || palette !== null ? AS_USUAL : { window, inverted: photometric === 'MONOCHROME1' };

/** Volumes of the slices of a folder, and the images that belong to none. */
function joinSlices(
  slices: readonly Slice[],
  { notes, pictures }: { readonly notes: { item: string; reason: string }[]; readonly pictures: number },
): Item[] {
  const keyOf = ({ folder, image }: Slice): string =>
    image.frames > 1 || image.position === null || image.orientation === null
      ? ''
      : [folder, image.rows, image.columns, ...image.orientation.map(value => value.toFixed(2))].join(' ');
  const items: Item[] = [];
  const alone = (slice: Slice): void => {
    const { image, name } = slice;
    const values = Float64Array.from({ length: image.rows * image.columns * image.frames }, () => 0);
    for (let frame = 0; frame < image.frames; frame++)
      values.set(frameValues(image, frame), frame * image.rows * image.columns);
    items.push(
      itemOf(name, { size: [image.columns, image.rows, image.frames], values }, { shown: shownOf(image), pictures }),
    );
  };
  const folders = new Map<string, number>();
  for (const [key, group] of Map.groupBy(slices, keyOf)) {
    if (key === '' || group.length < LEAST_SLICES) {
      for (const slice of group) alone(slice);
      continue;
    }
    const { ordered, places } = orderSlices(group);
    const { rows, columns } = ordered[0]!.image;
    const values = new Float64Array(rows * columns * ordered.length);
    for (const [z, { image }] of ordered.entries()) values.set(frameValues(image, 0), z * rows * columns);
    const name = nameOf(Buffer.from(ordered.map(one => one.name).join(' ')));
    const gaps = countGaps(places);
    if (gaps > 0) notes.push({ item: name, reason: `${gaps} ${gaps === 1 ? 'gap' : 'gaps'} between its slices` });
    const { folder } = ordered[0]!;
    folders.set(folder, (folders.get(folder) ?? 0) + 1);
    if (folders.get(folder) === 2)
      notes.push({
        item: name,
        reason: 'slices of several directions or sizes lie in its folder, and are volumes of their own',
      });
    const shown = shownOf(ordered[ordered.length >> 1]!.image);
    items.push(itemOf(name, { size: [columns, rows, ordered.length], values }, { shown, pictures }));
  }
  return items;
}

/** The slices of a block as blocks. */
function slicesOf(name: string, { size, values }: Block, options: ItemOptions): Item[] {
  const [x, y, z] = size;
  return Array.from({ length: z }, (_, slice) => {
    const part = Array.prototype.slice.call(values, slice * x * y, (slice + 1) * x * y) as number[];
    return itemOf(z === 1 ? name : `${name}/${slice}`, { size: [x, y, 1], values: part }, options);
  });
}

async function readPicture(bytes: Uint8Array): Promise<Block> {
  const picture = sharp(bytes, { limitInputPixels: 2 ** 28, failOn: 'error' });
  const { data, info } = await picture
    .toColourspace('b-w')
    .extractChannel(0)
    .raw({ depth: 'ushort' })
    .toBuffer({ resolveWithObject: true });
  return { size: [info.width, info.height, 1], values: new Uint16Array(new Uint8Array(data).buffer) };
}

const isPicture = (bytes: Uint8Array): boolean =>
  (bytes[0] === 0x89 && bytes[1] === 0x50) ||
  (bytes[0] === 0x49 && bytes[1] === 0x49) ||
  (bytes[0] === 0x4d && bytes[1] === 0x4d);

/**
 * Reads all images of a folder. Files that cannot be read are noted by the SHA-256 of their content; no name of a file, and of DICOM nothing but what pixels
 * need, leaves this function.
 */
export async function* collectItems(
  path: string,
  {
    compare,
    pictures,
    signal,
  }: { readonly compare: 'auto' | 'slices'; readonly pictures: number; readonly signal: AbortSignal | undefined },
): AsyncGenerator<{ readonly done: number; readonly total: number }, CollectedItems> {
  const { files } = await listFiles(path, { signal });
  const notes: { item: string; reason: string }[] = [];
  const items: Item[] = [];
  const slices: Slice[] = [];
  let mayShowPersons = 0;
  const headers = new Map<string, TextFile>(files.map(file => [file.file, file]));
  const put = (name: string, block: Block, shown = AS_USUAL): void => {
    const options = { shown, pictures };
    if (compare === 'slices') items.push(...slicesOf(name, block, options));
    else items.push(itemOf(name, block, options));
  };
  for (const [done, file] of files.entries()) {
    throwIfAborted(signal);
    let name = `file ${done + 1}`;
    try {
      if (file.bytes > MOST_FILE) throw new BiolensError('input', `${file.bytes} bytes, at most ${MOST_FILE} are read`);
      const packed = new Uint8Array(await readFile(file.path));
      name = nameOf(packed);
      const bytes = await unpack(packed);
      if (isPicture(bytes)) put(name, await readPicture(bytes));
      else if (isNifti(bytes)) {
        const pair = headers.get(file.file.replace(/\.hdr(\.gz)?$/i, '.img$1'));
        const image =
          /\.hdr(\.gz)?$/i.test(file.file) && pair !== undefined
            ? await unpack(new Uint8Array(await readFile(pair.path)))
            : null;
        put(name, readNifti(bytes, image));
      } else if (/\.img(\.gz)?$/i.test(file.file) && headers.has(file.file.replace(/\.img(\.gz)?$/i, '.hdr$1')))
        continue;
      else {
        const image = await readDicom(bytes);
        if (image.photometric === 'PALETTE COLOR' && image.palette === null)
          throw new BiolensError('input', 'colours of a palette whose tables are not there');
        if (image.burntIn !== 'no') mayShowPersons++;
        if (compare === 'slices')
          for (let frame = 0; frame < image.frames; frame++)
            items.push(
              itemOf(
                image.frames === 1 ? name : `${name}/${frame}`,
                { size: [image.columns, image.rows, 1], values: frameValues(image, frame) },
                { shown: shownOf(image), pictures },
              ),
            );
        else slices.push({ name, folder: dirname(file.file), image });
      }
    } catch (error) {
      throwIfAborted(signal);
      // What a library or the system says may hold the file's name; what we say does not.
      notes.push({ item: name, reason: error instanceof BiolensError ? messageOf(error) : 'it cannot be read' });
    }
    yield { done: done + 1, total: files.length };
  }
  items.push(...joinSlices(slices, { notes, pictures }));
  return { items, files: files.length, mayShowPersons, notes };
}
