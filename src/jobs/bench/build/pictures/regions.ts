import type { Image } from '../../../../kit/images/index.ts';
import type { RegionMap } from '../labelled-image.ts';
import { forEachPixel } from './compose.ts';

/** Share of the image that a part must cover to be asked about, and the fewest pixels. */
const LEAST_SHARE = 0.0025;
const LEAST_PIXELS = 24;

/** The parts that are large enough to be seen once they are painted, by name and in the order of the map. */
export function visibleParts({ names, data }: RegionMap): string[] {
  const counts = new Map<string, number>();
  for (const place of data) {
    const name = names[place] ?? '';
    if (name !== '') counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const least = Math.max(LEAST_PIXELS, LEAST_SHARE * data.length);
  return [...new Set(names)].filter(name => (counts.get(name) ?? 0) >= least);
}

/** The name of the part that a pixel of an image shows; masks may be of another size than their images. */
export function partLookup(
  regions: RegionMap,
  size: { readonly width: number; readonly height: number },
): (x: number, y: number) => string {
  const { width, height, data, names } = regions;
  return (x, y) => {
    const column = Math.min(width - 1, Math.floor(((x + 0.5) * width) / size.width));
    const row = Math.min(height - 1, Math.floor(((y + 0.5) * height) / size.height));
    return names[data[row * width + column]!] ?? '';
  };
}

/** Mean grey level from which white paint can hardly be seen: teeth, white hair, white shirts. */
const NEARLY_WHITE = 225;

/** The image with all of one part painted white; null where that would not be seen, or the part is not there. */
export function paintPart(image: Image, regions: RegionMap, part: string): Image | null {
  const partAt = partLookup(regions, image);
  const data = Uint8Array.from(image.data);
  let painted = 0;
  let light = 0;
  forEachPixel(image, (x, y, at) => {
    if (partAt(x, y) !== part) return;
    light += 0.299 * data[at]! + 0.587 * data[at + 1]! + 0.114 * data[at + 2]!;
    data.fill(255, at, at + 3);
    painted++;
  });
  return painted === 0 || light / painted >= NEARLY_WHITE ? null : { width: image.width, height: image.height, data };
}
