import type { SourceFolder } from '../source-folder.ts';
import { ageOf, genderOf } from '../vocabulary.ts';
import { pathAdapter } from './make-adapter.ts';

const spaced = (name: string): string => name.replaceAll('_', ' ');

/** `Anna_Example_0001.jpg` within a folder of that name, as in LFW. */
const LFW_PICTURE = /(?:^|\/)(?<name>[^/]+)\/\k<name>_(?<number>\d{4})\.\w+$/;

/** `Name i j` and `Name i Other j` of the lists of pairs, as the names of images. */
async function lfwPairs(folder: SourceFolder): Promise<ReadonlySet<string> | null> {
  const lists = folder.findAll(/(?:^|\/)pairs(?:_LFW|DevTrain|DevTest)?\.txt$/i);
  const named = new Set<string>();
  for (const list of lists) {
    for (const line of await folder.lines(list)) {
      const [first, i, second, j] = line.trim().split(/\s+/);
      const two =
        j === undefined
          ? [
              [first, i],
              [first, second],
            ]
          : [
              [first, i],
              [second, j],
            ];
      if (i === undefined || second === undefined) continue;
      for (const [name, number] of two) named.add(`${name}_${number?.padStart(4, '0')}`);
    }
  }
  return named.size === 0 ? null : picturesCalled(folder, named);
}

/** Images whose names, without their endings, are among `stems`. */
function picturesCalled(folder: SourceFolder, stems: ReadonlySet<string>): ReadonlySet<string> {
  return new Set([...folder.pictures].filter(file => stems.has(file.replace(/^.*\/|\.\w+$/g, ''))));
}

/** `Anna_Example_0001.jpg 3`: two lines a pair. */
async function linePairs(folder: SourceFolder, list: RegExp): Promise<ReadonlySet<string> | null> {
  const file = folder.find(list);
  if (file === undefined) return null;
  const names = (await folder.lines(file)).map(line => line.trim().split(/\s+/)[0] ?? '').filter(name => name !== '');
  const all = picturesCalled(folder, new Set(names.map(name => name.replace(/\.\w+$/, ''))));
  // Aligned images have the names of those that they were cut from: one kind is enough.
  const aligned = [...all].filter(picture => /aligned/i.test(picture));
  return aligned.length === 0 ? all : new Set(aligned);
}

const lfw = pathAdapter({
  name: 'lfw',
  dataset: 'LFW',
  layout: 'a folder a person, NAME/NAME_0001.jpg; with pairs.txt beside them, the images of its pairs alone',
  pattern: LFW_PICTURE,
  labels: ({ name = '' }) => ({ subject: name, name: spaced(name) }),
  only: lfwPairs,
});

const flatPairs = (dataset: string, list: RegExp) =>
  pathAdapter({
    name: dataset.toLowerCase(),
    dataset,
    layout: `pairs_${dataset}.txt and the images it names, NAME_1.jpg, in any folder; the aligned ones where there are such`,
    pattern: /(?:^|\/)(?<name>[^/]+?)_\d+\.\w+$/,
    detect: folder => folder.find(list) !== undefined,
    labels: ({ name = '' }) => ({ subject: name, name: spaced(name) }),
    only: folder => linePairs(folder, list),
  });

const agedb = pathAdapter({
  name: 'agedb',
  dataset: 'AgeDB',
  layout: 'NUMBER_NAME_AGE_SEX.jpg, such as 12_AnnaExample_41_f.jpg',
  pattern: /(?:^|\/)\d+_(?<name>[^/_]+)_(?<age>\d+)_(?<sex>[mf])\.\w+$/i,
  labels: ({ name = '', age, sex }) => ({
    subject: name,
    name: name.replace(/(?<=\p{Ll})(?=\p{Lu})/gu, ' '),
    age: ageOf(age),
    gender: genderOf(sex),
  }),
});

const cfp = (views: 'FF' | 'FP', view: string) =>
  pathAdapter({
    name: `cfp-${views.toLowerCase()}`,
    dataset: `CFP-${views}`,
    layout: `Data/Images/001/${views === 'FF' ? 'frontal/01.jpg' : '{frontal,profile}/01.jpg'}`,
    pattern: new RegExp(`(?:^|/)(?<subject>\\d{3})/${view}/\\d+\\.\\w+$`),
    labels: ({ subject }) => ({ subject }),
    // Folders with profiles are read with them; frontal faces alone are asked for by name.
    detect: folder =>
      folder.share(/(?:^|\/)\d{3}\/(?:frontal|profile)\/\d+\.\w+$/) > 0.5 && (views === 'FF') !== hasProfiles(folder),
  });

const hasProfiles = (folder: SourceFolder): boolean => folder.share(/\/profile\/\d+\.\w+$/) > 0;

const tinyface = pathAdapter({
  name: 'tinyface',
  dataset: 'TinyFace',
  layout: 'Training_Set/PERSON/PERSON_1.jpg and Testing_Set/{Gallery_Match,Probe}/PERSON_1.jpg',
  lowResolution: true,
  // The distractors of the gallery are of nobody known.
  pattern: /(?:^|\/)(?:Training_Set\/\d+|Gallery_Match|Probe)\/(?<subject>\d+)_\d+\.\w+$/,
  detect: folder => folder.share(/(?:^|\/)(?:Training_Set|Testing_Set|Gallery_\w+|Probe)\//) > 0.9,
  labels: ({ subject }) => ({ subject }),
});

const PERSON_PICTURE = /^(?:.*\/)?(?<subject>[^/]+)\/[^/]+$/;

/** The layout that people make themselves, and that of ORL. */
export const personFolders = pathAdapter({
  name: 'person-folders',
  dataset: 'Faces',
  layout: 'a folder a person, with any number of images of that person in it',
  pattern: PERSON_PICTURE,
  labels: ({ subject }) => ({ subject }),
  detect: folder => new Set([...folder.pictures].map(file => PERSON_PICTURE.exec(file)?.groups?.subject)).size > 1,
});

export const IDENTITY_ADAPTERS = [
  agedb,
  flatPairs('CALFW', /(?:^|\/)pairs_CALFW\.txt$/i),
  flatPairs('CPLFW', /(?:^|\/)pairs_CPLFW\.txt$/i),
  cfp('FP', '(?:frontal|profile)'),
  cfp('FF', 'frontal'),
  tinyface,
  lfw,
];
