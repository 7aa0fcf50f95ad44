import { BiolensError } from '../../../../ground/errors.ts';
import { type MatValue, readMat } from '../mat-file.ts';
import { pathAdapter, tableAdapter } from './make-adapter.ts';

const jhu = tableAdapter({
  name: 'jhu-crowd',
  dataset: 'JHUCrowd++',
  layout: '{train,val,test}/image_labels.txt (0001,21,street,…) with {train,val,test}/images/0001.jpg',
  table: /(?:^|\/)image_labels\.txt$/,
  among: /\/images\/[^/]+$/,
  rows: async (folder, table) =>
    (await folder.lines(table)).flatMap(line => {
      const [name = '', count = ''] = line.split(',').map(cell => cell.trim());
      return /^\d+$/.test(count) ? [{ picture: `${name}.jpg`, people: Number(count) }] : [];
    }),
});

/** The marked heads: `image_info{1}.location`, a row a head. */
function countHeads(info: MatValue | undefined): number | null {
  if (info?.kind === 'cells') return countHeads(info.cells[0]);
  if (info?.kind !== 'struct') return null;
  const location = info.elements[0]?.get('location');
  return location?.kind === 'numbers' ? (location.size[0] ?? null) : null;
}

const shanghai = pathAdapter({
  name: 'shanghaitech',
  dataset: 'ShanghaiTech',
  layout: '{train,test}_data/images/IMG_1.jpg with {train,test}_data/{ground_truth,ground-truth}/GT_IMG_1.mat',
  pattern: /^(?<part>(?:.*\/)?(?:train|test)_data)\/images\/(?<stem>IMG_\d+)\.\w+$/,
  labels: async ({ part, stem }, { folder }) => {
    for (const name of ['ground_truth', 'ground-truth']) {
      const file = `${part}/${name}/GT_${stem}.mat`;
      const bytes = await folder.bytes(file);
      if (bytes === null) continue;
      const people = countHeads(readMat(bytes, folder.path(file)).get('image_info'));
      if (people === null)
        throw new BiolensError('input', `${folder.path(file)}: expected "image_info" with "location"`);
      return { people };
    }
    return null;
  },
});

export const CROWD_ADAPTERS = [jhu, shanghai];
