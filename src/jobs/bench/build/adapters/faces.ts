import { BiolensError } from '../../../../ground/errors.ts';
import { readCsv } from '../../../../kit/images/index.ts';
import type { SourceFolder } from '../source-folder.ts';
import { attributeRows } from './attribute-list.ts';
import { pathAdapter, pictureFinder, tableAdapter } from './make-adapter.ts';
import { recordsOf } from './table.ts';

const RAF_LABELS = ['', 'Surprise', 'Fear', 'Disgust', 'Happiness', 'Sadness', 'Anger', 'Neutral'] as const;

const rafdb = tableAdapter({
  name: 'raf-db',
  dataset: 'RAF-DB',
  layout:
    'EmoLabel/list_patition_label.txt with Image/aligned/train_00001_aligned.jpg or Image/original/train_00001.jpg',
  table: /(?:^|\/)list_patition_label\.txt$/,
  rows: async (folder, table) => {
    const locate = pictureFinder(folder);
    return (await folder.lines(table)).flatMap(line => {
      const [picture = '', label = ''] = line.trim().split(/\s+/);
      const aligned = picture.replace(/(?=\.\w+$)/, '_aligned');
      const expression = RAF_LABELS[Number(label)] || undefined;
      if (expression === undefined) return [];
      return [{ picture: locate(aligned, '') === null ? picture : aligned, expression }];
    });
  },
});

/** The last three of its eleven classes are no expression, uncertain, and no face. */
const AFFECTNET_LABELS = [
  'Neutral',
  'Happiness',
  'Sadness',
  'Surprise',
  'Fear',
  'Disgust',
  'Anger',
  'Contempt',
] as const;

const affectnetTable = tableAdapter({
  name: 'affectnet',
  dataset: 'AffectNet',
  layout:
    '{training,validation}.csv (subDirectory_filePath, face_x, face_y, face_width, face_height, expression) with the images that they name',
  table: /(?:^|\/)(?:training|validation)\.csv$/i,
  rows: async (folder, table) =>
    recordsOf(await readCsv(folder.path(table), { key: 'subDirectory_filePath' })).map(row => {
      const [x, y, width, height] = [row.face_x, row.face_y, row.face_width, row.face_height].map(Number);
      const whole = [x, y, width, height].every(Number.isFinite) && width! > 0 && height! > 0;
      return {
        picture: row.subDirectory_filePath ?? '',
        expression: AFFECTNET_LABELS[Number(row.expression || Number.NaN)],
        ...(whole ? { box: { x: x!, y: y!, width: width!, height: height! } } : {}),
      };
    }),
});

const affectnetFiles = pathAdapter({
  name: 'affectnet-8',
  dataset: 'AffectNet',
  layout: '{train,val}_set/images/1.jpg with {train,val}_set/annotations/1_exp.npy',
  pattern: /^(?<set>(?:.*\/)?(?:train|val)_set)\/images\/(?<number>\d+)\.\w+$/,
  labels: async ({ set, number }, { folder }) => {
    const file = `${set}/annotations/${number}_exp.npy`;
    const bytes = await folder.bytes(file);
    if (bytes === null) return null;
    return { expression: AFFECTNET_LABELS[npyDigit(bytes, folder.path(file))] };
  },
});

const NPY_MAGIC = [0x93, ...new TextEncoder().encode('NUMPY'), 1];

/** The one digit of an array of one text (`<U1`), after a header whose length stands at byte 8 (NumPy's format, version 1). */
function npyDigit(bytes: Uint8Array, file: string): number {
  const start = 10 + (bytes[8] ?? 0) + 256 * (bytes[9] ?? 0);
  const text = new TextDecoder().decode(bytes.subarray(10));
  if (!NPY_MAGIC.every((byte, i) => bytes[i] === byte) || !/'descr': '[<|]U\d/.test(text))
    throw new BiolensError('input', `${file}: expected a NumPy array of one text`);
  return Number(new TextDecoder().decode(bytes.subarray(start)).replaceAll('\0', ''));
}

/** `000001.jpg 2880`. */
async function identities(folder: SourceFolder): Promise<ReadonlyMap<string, string>> {
  const list = folder.find(/(?:^|\/)identity_CelebA\.txt$/);
  if (list === undefined) return new Map();
  return new Map(
    (await folder.lines(list)).map(line => line.trim().split(/\s+/)).map(([picture = '', who = '']) => [picture, who]),
  );
}

const celeba = tableAdapter({
  name: 'celeba',
  dataset: 'CelebA',
  layout: 'list_attr_celeba.txt or .csv with img_align_celeba/000001.jpg; identity_CelebA.txt where it is there',
  table: /(?:^|\/)list_attr_celeba\.(?:txt|csv)$/,
  rows: async (folder, table) => {
    const who = await identities(folder);
    return (await attributeRows(folder, table)).map(row => ({ ...row, subject: who.get(row.picture) }));
  },
});

export const EXPRESSION_ADAPTERS = [rafdb, affectnetTable, affectnetFiles];
export const ATTRIBUTE_ADAPTERS = [celeba];
