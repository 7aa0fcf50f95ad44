import { decodeImage } from '../../../../kit/images/index.ts';
import type { RegionMap } from '../labelled-image.ts';
import type { SourceFolder } from '../source-folder.ts';
import { attributeRows } from './attribute-list.ts';
import { type ImageLabels, pathAdapter } from './make-adapter.ts';

/** A label image whose grey levels are places in a list of names. */
export async function readIndexMap(path: string, names: readonly string[]): Promise<RegionMap> {
  const { width, height, data } = await decodeImage(path);
  return { width, height, names, data: Uint8Array.from({ length: width * height }, (_, i) => data[3 * i]!) };
}

const LAPA_PARTS = [
  '',
  'Facial skin',
  'Eyebrows',
  'Eyebrows',
  'Eyes',
  'Eyes',
  'Nose',
  'Upper lip',
  'Inside of the mouth',
  'Lower lip',
  'Hair',
] as const;

const lapa = pathAdapter({
  name: 'lapa',
  dataset: 'LaPa',
  layout: '{train,val,test}/images/1.jpg with {train,val,test}/labels/1.png (grey levels 0 to 10)',
  pattern: /^(?<split>(?:.*\/)?(?:train|val|test))\/images\/(?<stem>[^/]+)\.\w+$/,
  detect: folder => folder.share(/(?:^|\/)(?:train|val|test)\/labels\/[^/]+\.png$/) > 0.3,
  labels: ({ split, stem }, { folder }) => {
    const mask = `${split}/labels/${stem}.png`;
    return folder.pictures.has(mask) ? { regions: () => readIndexMap(folder.path(mask), LAPA_PARTS) } : null;
  },
});

/** In the order in which they are laid over each other. */
const CELEBAMASK_PARTS: readonly (readonly [suffix: string, name: string])[] = [
  ['neck', 'Neck'],
  ['cloth', 'Clothes'],
  ['skin', 'Facial skin'],
  ['l_ear', 'Ears'],
  ['r_ear', 'Ears'],
  ['l_brow', 'Eyebrows'],
  ['r_brow', 'Eyebrows'],
  ['l_eye', 'Eyes'],
  ['r_eye', 'Eyes'],
  ['nose', 'Nose'],
  ['mouth', 'Inside of the mouth'],
  ['u_lip', 'Upper lip'],
  ['l_lip', 'Lower lip'],
  ['hair', 'Hair'],
  ['eye_g', 'Glasses'],
  ['ear_r', 'Earrings'],
  ['neck_l', 'Necklace'],
  ['hat', 'Hat'],
];

/** Lays the masks of an image, one file a part, over each other. */
async function mergeMasks(folder: SourceFolder, stem: string): Promise<RegionMap> {
  const there = CELEBAMASK_PARTS.filter(([suffix]) => folder.pictures.has(`${stem}_${suffix}.png`));
  const names = ['', ...there.map(([, name]) => name)];
  let merged: { width: number; height: number; data: Uint8Array } = { width: 1, height: 1, data: new Uint8Array(1) };
  for (const [i, [suffix]] of there.entries()) {
    const { width, height, data } = await decodeImage(folder.path(`${stem}_${suffix}.png`));
    if (i === 0) merged = { width, height, data: new Uint8Array(width * height) };
    if (width !== merged.width || height !== merged.height) continue;
    for (let k = 0; k < merged.data.length; k++) if (data[3 * k]! > 127) merged.data[k] = i + 1;
  }
  return { ...merged, names };
}

/** By the number of the image, which names it. */
async function maskAttributes(folder: SourceFolder): Promise<ReadonlyMap<string, ImageLabels>> {
  const table = folder.find(/(?:^|\/)CelebAMask-HQ-attribute-anno\.txt$/);
  if (table === undefined) return new Map();
  const rows = await attributeRows(folder, table);
  return new Map(rows.map(({ picture, ...said }) => [picture.replace(/\.\w+$/, ''), said]));
}

const attributesOf = new WeakMap<SourceFolder, Promise<ReadonlyMap<string, ImageLabels>>>();

const celebamask = pathAdapter({
  name: 'celebamask-hq',
  dataset: 'CelebAMask-HQ',
  layout:
    'CelebA-HQ-img/0.jpg with CelebAMask-HQ-mask-anno/0/00000_hair.png, 2,000 images a folder; CelebAMask-HQ-attribute-anno.txt where it is there',
  pattern: /^(?<root>.*\/)?CelebA-HQ-img\/(?<number>\d+)\.\w+$/,
  detect: folder => folder.share(/(?:^|\/)CelebAMask-HQ-mask-anno\//) > 0.3,
  labels: async ({ root = '', number = '' }, { folder }) => {
    const shelf = Math.floor(Number(number) / 2000);
    const stem = `${root}CelebAMask-HQ-mask-anno/${shelf}/${number.padStart(5, '0')}`;
    if (!attributesOf.has(folder)) attributesOf.set(folder, maskAttributes(folder));
    const masked = CELEBAMASK_PARTS.some(([suffix]) => folder.pictures.has(`${stem}_${suffix}.png`));
    const said = (await attributesOf.get(folder))?.get(number);
    if (!masked && said === undefined) return null;
    return { ...said, ...(masked ? { regions: () => mergeMasks(folder, stem) } : {}) };
  },
});

export const PART_ADAPTERS = [lapa, celebamask];
