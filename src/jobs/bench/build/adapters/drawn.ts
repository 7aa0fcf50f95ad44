import { foldIn, type RandomKey, RandomStream, randomKey } from '../../../../ground/math/index.ts';
import { LABEL_COLUMNS } from '../../../../kit/drawing/index.ts';
import { decodeImage } from '../../../../kit/images/index.ts';
import type { Adapter, LabelledImage, ReadSourceOptions } from '../labelled-image.ts';
import { type CrowdFace, drawCrowd } from '../pictures/draw-crowd.ts';
import { cutFace, printFace, screenFace } from '../pictures/present-face.ts';
import { swapFace } from '../pictures/swap-face.ts';
import type { SourceFolder } from '../source-folder.ts';
import { PRESENTATIONS } from '../vocabulary.ts';
import { type Row, readLabelTable } from './table.ts';

/** Attributes by hair style; a style that is on neither side leaves it open. */
const STYLE_ATTRIBUTES: readonly {
  readonly name: string;
  readonly has: readonly string[];
  readonly open: readonly string[];
}[] = [
  { name: 'A bald head', has: ['bald'], open: ['buzz'] },
  { name: 'An afro', has: ['afro'], open: ['curly'] },
  { name: 'Hair in a bun', has: ['bun'], open: [] },
  { name: 'Long hair', has: ['long', 'wavy'], open: ['bob', 'bun'] },
];
const HAIR_COLOURS = ['black', 'brown', 'blond', 'red', 'grey'] as const;

function attributesOf(row: Row): { readonly present: string[]; readonly absent: string[] } {
  const style = row.hair_style ?? '';
  const said: (readonly [name: string, has: boolean])[] = [
    ['Glasses', row.glasses === 'yes'],
    ['A smile', row.expression === 'happy'],
    ...STYLE_ATTRIBUTES.filter(({ open }) => !open.includes(style)).map(
      ({ name, has }) => [name, has.includes(style)] as const,
    ),
    // On a bald head there is too little to tell.
    ...(style === 'bald'
      ? []
      : HAIR_COLOURS.map(colour => [`${capital(colour)} hair`, row.hair_color === colour] as const)),
  ];
  return {
    present: said.filter(([, has]) => has).map(([name]) => name),
    absent: said.filter(([, has]) => !has).map(([name]) => name),
  };
}

const capital = (word: string): string => word.charAt(0).toUpperCase() + word.slice(1);

type Face = Pick<LabelledImage, 'file' | 'path' | 'subject' | 'gender' | 'skinTone' | 'regions'>;

const open = async ({ path, regions }: Face): Promise<CrowdFace> => ({
  image: await decodeImage(path),
  regions: (await regions?.()) ?? null,
});

/** The ways in which a drawn face is held before the camera; the last needs masks. */
const ATTACKS = ['print', 'screen', 'cut'] as const;

/** A face as an attack on a camera, drawn from its own image. */
function attack(face: Face, kind: (typeof ATTACKS)[number], other: Face, key: RandomKey): LabelledImage {
  const base = { file: face.file, path: face.path, clip: face.file, presentation: PRESENTATIONS[kind] };
  const stream = (): RandomStream => new RandomStream(foldIn(key, kind));
  if (kind === 'print')
    return {
      ...base,
      made: {
        how: 'printed on paper and held up',
        from: [face.file],
        draw: async () => printFace((await open(face)).image, stream()),
      },
    };
  if (kind === 'screen')
    return {
      ...base,
      made: {
        how: 'shown on a tablet and held up',
        from: [face.file],
        draw: async () => screenFace((await open(face)).image, stream()),
      },
    };
  return {
    ...base,
    made: {
      how: 'printed on paper with holes for the eyes of the second face',
      from: [face.file, other.file],
      draw: async () => {
        const [front, back] = [await open(face), await open(other)];
        if (front.regions === null || back.regions === null) return null;
        return cutFace(front.image, back.image, {
          regions: front.regions,
          behindRegions: back.regions,
          stream: stream(),
        });
      },
    },
  };
}

function swapped(target: Face, donor: Face): LabelledImage {
  return {
    file: target.file,
    path: target.path,
    clip: target.file,
    manipulated: true,
    made: {
      how: 'features of the second face put on the first',
      from: [target.file, donor.file],
      draw: async () => {
        const [to, from] = [await open(target), await open(donor)];
        const { regions } = to;
        if (regions === null || from.regions === null) return null;
        return swapFace({ image: to.image, regions }, { image: from.image, regions: from.regions });
      },
    },
  };
}

/** A face of another person, of the same gender and nearly the same skin tone where luck finds one; null where it finds nobody. */
function somebodyElse(face: Face, faces: readonly Face[], stream: RandomStream): Face | null {
  let anybody: Face | null = null;
  for (let draws = 0; draws < 60 && faces.length > 0; draws++) {
    const other = stream.pick(faces);
    if (other.file === face.file || (other.subject !== undefined && other.subject === face.subject)) continue;
    if (other.gender === face.gender && Math.abs((other.skinTone ?? 0) - (face.skinTone ?? 0)) <= 1) return other;
    anybody ??= other;
  }
  return anybody;
}

/** Fewest and most faces in a crowd, and how many crowds are made. */
const CROWD = { least: 4, most: 40, scenes: 160 } as const;

function* crowds(faces: readonly Face[], key: RandomKey): Generator<LabelledImage> {
  const most = Math.min(CROWD.most, faces.length);
  for (let i = 0; i < CROWD.scenes && most >= CROWD.least; i++) {
    const stream = new RandomStream(foldIn(key, i));
    const people = CROWD.least + (i % (most - CROWD.least + 1));
    const shown = stream.sampleWithoutReplacement(faces.length, people).map(n => faces[n]!);
    yield {
      file: `crowd-${i + 1}`,
      path: '',
      people,
      made: {
        how: `${people} faces in one scene`,
        from: shown.map(({ file }) => file),
        draw: async () =>
          drawCrowd(await Promise.all(shown.map(open)), new RandomStream(foldIn(foldIn(key, 'scene'), i))),
      },
    };
  }
}

/**
 * The drawn faces of `biolens faces render`, and what is made of them where labels alone cannot tell: each face once more as a
 * presentation attack and once with another one's features, and crowds of known size. With `masks`, all fourteen tasks.
 */
export const drawn: Adapter = {
  name: 'drawn',
  dataset: 'Drawn faces',
  layout: 'a folder of `biolens faces render`, with the masks beside it as NAME-masks or named by --masks',
  async detect(folder: SourceFolder) {
    if (!folder.others.includes('labels.csv')) return false;
    const [header = ''] = await folder.lines('labels.csv');
    return header.trim() === LABEL_COLUMNS.join(',');
  },
  async *read(folder: SourceFolder, options: ReadSourceOptions) {
    const key = foldIn(randomKey(options.seed), 'drawn');
    const faces: Face[] = [];
    for await (const { row, ...image } of readLabelTable(folder, options)) {
      // A near-exact copy would make its original look like another image of the same person.
      if (row.duplicate_of !== undefined) continue;
      faces.push(image);
      yield { ...image, ...attributesOf(row), clip: image.file, presentation: PRESENTATIONS.live, manipulated: false };
    }
    const masked = faces.filter(({ regions }) => regions !== undefined);
    const attacks = masked.length > 1 ? ATTACKS : ATTACKS.slice(0, 2);
    for (const [i, face] of faces.entries()) {
      const kind = attacks[i % attacks.length]!;
      const stream = new RandomStream(foldIn(foldIn(key, 'second'), i));
      const other = face.regions === undefined ? null : somebodyElse(face, masked, stream);
      if (kind !== 'cut' || other !== null) yield attack(face, kind, other ?? face, foldIn(foldIn(key, 'attack'), i));
      if (other !== null) yield swapped(face, other);
    }
    yield* crowds(faces, foldIn(key, 'crowd'));
  },
};
