import type { RandomStream } from '../../../../ground/math/index.ts';
import { type Image, resizeImage } from '../../../../kit/images/index.ts';
import type { LabelledImage } from '../labelled-image.ts';
import { type Pool, Selection } from '../pool.ts';
import {
  type Draft,
  fourOf,
  imageNames,
  plain,
  type Shown,
  subsets,
  type TaskMaker,
  type Template,
  windowOf,
} from './draft.ts';

/** Who is to be seen at each place: the same number, the same person. */
type Cast = readonly number[];

const NONE = 'None of the above';

/**
 * Images for a cast. People who are not the same are alike in what the labels say of them where that can be had: the same gender, and
 * ages within fifteen years.
 */
function pickCast(pool: Pool, stream: RandomStream, cast: Cast): readonly LabelledImage[] | null {
  const people = [...new Set(cast)].map(person => ({ person, places: cast.filter(other => other === person).length }));
  // Those who are seen most often are the hardest to find.
  people.sort((a, b) => b.places - a.places);
  const selection = new Selection(pool, stream);
  const found = new Map<number, LabelledImage[]>();
  for (const { person, places } of people) {
    const seen = new Set(selection.images.map(({ subject }) => subject));
    const model = selection.images[0];
    const isNew = ({ subject }: LabelledImage): boolean =>
      subject !== undefined && !seen.has(subject) && (pool.bySubject.get(subject)?.length ?? 0) >= places;
    const taken =
      selection.take(image => isNew(image) && (model === undefined || alike(model, image))) || selection.take(isNew);
    const first = selection.images.at(-1);
    if (!taken || first?.subject === undefined) return null;
    const own = pool.bySubject.get(first.subject) ?? [];
    for (let i = 1; i < places; i++) if (!selection.take(() => true, own)) return null;
    found.set(person, selection.images.slice(-places));
  }
  return cast.map(person => found.get(person)!.pop()!);
}

function alike(a: LabelledImage, b: LabelledImage): boolean {
  if (a.gender !== undefined && b.gender !== undefined && a.gender !== b.gender) return false;
  if (a.age === undefined || b.age === undefined) return true;
  return Math.max(a.age[0] - b.age[1], b.age[0] - a.age[1]) <= 15;
}

/** A cast where the places of each group show one person, and every other place somebody else. */
function castOf(n: number, groups: readonly (readonly number[])[]): Cast {
  const group = (place: number): number => groups.findIndex(places => places.includes(place));
  return Array.from({ length: n }, (_, place) => (group(place) >= 0 ? group(place) : groups.length + place));
}

type Show = (images: readonly LabelledImage[]) => Shown[];

interface Asking {
  readonly text: string;
  readonly options: readonly string[];
  readonly key: number;
  readonly cast: Cast;
}

const template = (id: string, show: Show, ask: (stream: RandomStream) => Asking): Template => ({
  id,
  images: 'multiple',
  make: (pool, stream) => {
    const { cast, ...rest } = ask(stream);
    const images = pickCast(pool, stream, cast);
    return images === null ? null : { ...rest, shown: show(images) };
  },
});

/** Which two are one person; in some questions nobody is there twice. */
function askPair(stream: RandomStream): Asking {
  const n = 4 + stream.integer(3);
  const pairs = fourOf(stream, subsets(n, 2));
  const withNone = stream.bool();
  const options = pairs.map(imageNames);
  if (withNone) options[3] = NONE;
  const key = stream.integer(4);
  const text = stream.pick([
    'Which two images show the same person?',
    'In which two images is the same person to be seen?',
  ]);
  return { text, options, key, cast: castOf(n, options[key] === NONE ? [] : [pairs[key]!]) };
}

function askOddOneOut(stream: RandomStream): Asking {
  const key = stream.integer(4);
  const text = stream.pick([
    'Three of the images show the same person. Which image does not?',
    'Which image shows somebody other than the person in all the other images?',
  ]);
  const others = [0, 1, 2, 3].filter(place => place !== key);
  return { text, options: [0, 1, 2, 3].map(place => imageNames([place])), key, cast: castOf(4, [others]) };
}

function askMatch(stream: RandomStream): Asking {
  const key = stream.integer(4);
  const text = stream.pick([
    'Which image shows the same person as image 1?',
    'The person in image 1 is also in one other image. Which one?',
  ]);
  return { text, options: [1, 2, 3, 4].map(place => imageNames([place])), key, cast: castOf(5, [[0, key + 1]]) };
}

function askHowManyPeople(stream: RandomStream): Asking {
  const n = 4 + stream.integer(2);
  const counts = windowOf(stream, 1, n);
  const key = stream.integer(4);
  const people = counts[key]!;
  // Everybody at least once, the rest at random.
  const cast = stream.shuffle(Array.from({ length: n }, (_, i) => (i < people ? i : stream.integer(people))));
  const text = stream.pick([
    `How many different people do these ${n} images show?`,
    `Count the unique identities among the ${n} images. How many are there?`,
  ]);
  return { text, options: counts.map(String), key, cast };
}

function askHowManyPairs(stream: RandomStream): Asking {
  const key = stream.integer(4);
  const places = stream.sampleWithoutReplacement(6, 6);
  const pairs = Array.from({ length: key }, (_, i) => [places[2 * i]!, places[2 * i + 1]!]);
  const text = stream.pick([
    'No person is in more than two of the images. How many pairs of images show the same person?',
    'People appear once or twice in these images. How many pairs of the same person are there?',
  ]);
  return { text, options: ['0', '1', '2', '3'], key, cast: castOf(6, pairs) };
}

function templatesFor(pool: Pool, show: Show): Template[] {
  const most = Math.max(...[...pool.bySubject.values()].map(images => images.length));
  return [
    template('same-person-pair', show, askPair),
    template('same-person-match', show, askMatch),
    template('same-person-pairs', show, askHowManyPairs),
    template('people-count', show, askHowManyPeople),
    ...(most >= 3 ? [template('odd-one-out', show, askOddOneOut)] : []),
  ];
}

/** Why there are too few people; null where there are enough. */
function whyTooFew(pool: Pool): string | null {
  const twice = [...pool.bySubject.values()].filter(images => images.length >= 2).length;
  if (pool.bySubject.size === 0) return 'no identities';
  if (twice < 2) return `only ${twice} of its people in more than one picture`;
  return pool.bySubject.size < 6 ? `only ${pool.bySubject.size} people` : null;
}

const DESCRIPTION =
  'Compare faces and say which of them belong to one person. Age, pose, light and expression may differ between pictures of the same person.';

export const makeRecognitionQuestions: TaskMaker = ({ pool, lowResolution }) => {
  if (lowResolution) return 'its pictures are of low resolution';
  return whyTooFew(pool) ?? { description: DESCRIPTION, templates: templatesFor(pool, plain) };
};

/** The shorter side, in pixels, to which sharp images are reduced: about that of the faces of TinyFace. */
const SMALL_SIDE = 24;

async function reduce(image: Image): Promise<Image> {
  const factor = SMALL_SIDE / Math.min(image.width, image.height);
  if (factor >= 1) return image;
  return resizeImage(image, { width: Math.round(image.width * factor), height: Math.round(image.height * factor) });
}

const reduced: Show = images =>
  images.map(image => ({ image, alter: { how: `reduced to ${SMALL_SIDE} pixels`, apply: reduce } }));

/** Small images as they come, or sharp ones reduced. */
export const makeSmallRecognitionQuestions: TaskMaker = ({ pool, lowResolution }) => {
  const show = lowResolution ? plain : reduced;
  return (
    whyTooFew(pool) ?? {
      description: `${DESCRIPTION} The pictures are very small, as from a distant camera.`,
      templates: templatesFor(pool, show),
    }
  );
};

/** Images of public people by name. */
function namedTemplates(): Template[] {
  const fourNames = (pool: Pool, stream: RandomStream): readonly LabelledImage[] | null => {
    const selection = new Selection(pool, stream);
    const named = ({ name }: LabelledImage): boolean =>
      name !== undefined && selection.images.every(image => image.name !== name);
    for (let i = 0; i < 4; i++) {
      const [model] = selection.images;
      if (
        !selection.take(image => named(image) && (model === undefined || alike(model, image))) &&
        !selection.take(named)
      )
        return null;
    }
    return selection.images;
  };
  const makeWho = (pool: Pool, stream: RandomStream): Draft | null => {
    const people = fourNames(pool, stream);
    if (people === null) return null;
    const key = stream.integer(4);
    const text = stream.pick([
      'Who is the person in this image?',
      'Which public figure does the image show?',
      'Name the person who is shown.',
    ]);
    return { text, options: people.map(({ name = '' }) => name), key, shown: plain([people[key]!]) };
  };
  const makeWhere = (pool: Pool, stream: RandomStream): Draft | null => {
    const people = fourNames(pool, stream);
    if (people === null) return null;
    const key = stream.integer(4);
    const name = people[key]!.name ?? '';
    const text = stream.pick([`Which image shows ${name}?`, `In which of the images is ${name} to be seen?`]);
    return { text, options: [0, 1, 2, 3].map(place => imageNames([place])), key, shown: plain(people) };
  };
  const makeCount = (pool: Pool, stream: RandomStream): Draft | null => {
    const key = stream.integer(4);
    const places = new Set(stream.sampleWithoutReplacement(4, key));
    const cast = [0, 1, 2, 3].map(place => (places.has(place) ? 0 : place + 1));
    const images = pickCast(pool, stream, cast);
    if (images === null) return null;
    const shown = images.find((_, place) => places.has(place)) ?? null;
    const others = new Set(images.map(({ subject }) => subject));
    const absent = pool.draw(stream, ({ name, subject }) => name !== undefined && !others.has(subject));
    const name = (shown ?? absent)?.name;
    if (name === undefined) return null;
    return {
      text: `How many of these four images show ${name}?`,
      options: ['0', '1', '2', '3'],
      key,
      shown: plain(images),
    };
  };
  return [
    { id: 'celebrity-who', images: 'single', make: makeWho },
    { id: 'celebrity-where', images: 'multiple', make: makeWhere },
    { id: 'celebrity-count', images: 'multiple', make: makeCount },
  ];
}

/** Names that nobody in particular has and that anybody may have; no two are alike in either part. */
const MADE_UP_NAMES = [
  'Robin Alder',
  'Kim Sorrel',
  'Sasha Wren',
  'Noor Castell',
  'Alex Thornby',
  'Jules Merrow',
  'Devon Lark',
  'Quinn Osgood',
  'Marlow Finch',
  'Toni Brandt',
  'Ezra Vale',
  'Charlie Umber',
] as const;

/** People whom nobody knows by name are introduced, one image each, and then to be found again. */
function introductionTemplates(): Template[] {
  const cast = (key: number): Cast => [0, 1, 2, 3, key];
  const introduce = (names: readonly string[]): string =>
    names.map((name, i) => `image ${i + 1} shows ${name}`).join(', ');
  const makeWho = (pool: Pool, stream: RandomStream): Draft | null => {
    const names = fourOf(stream, MADE_UP_NAMES);
    const key = stream.integer(4);
    const images = pickCast(pool, stream, cast(key));
    if (images === null) return null;
    const text = `Let us give these people names: ${introduce(names)}. ${stream.pick(['Who is shown in image 5?', 'What is the name of the person in image 5?'])}`;
    return { text, options: names, key, shown: plain(images) };
  };
  const makeWhere = (pool: Pool, stream: RandomStream): Draft | null => {
    const name = stream.pick(MADE_UP_NAMES);
    const key = stream.integer(4);
    const images = pickCast(pool, stream, castOf(5, [[0, key + 1]]));
    if (images === null) return null;
    const text = `Image 1 shows ${name}, as we shall call this person. Which other image shows ${name}?`;
    return { text, options: [1, 2, 3, 4].map(place => imageNames([place])), key, shown: plain(images) };
  };
  return [
    { id: 'introduction-who', images: 'multiple', make: makeWho },
    { id: 'introduction-where', images: 'multiple', make: makeWhere },
  ];
}

export const makeCelebrityQuestions: TaskMaker = ({ pool }) => {
  const named = pool.images.filter(({ name }) => name !== undefined);
  if (new Set(named.map(({ name }) => name)).size >= 8)
    return {
      description: 'Recognise people whom the public knows, and name them.',
      templates: namedTemplates(),
    };
  const why = whyTooFew(pool);
  if (why !== null) return `neither names nor enough people to introduce by a name that is made up (${why})`;
  return {
    description: 'People are introduced by name with a picture each, and have to be recognised in another one.',
    templates: introductionTemplates(),
  };
};
