import type { RandomStream } from '../../../../ground/math/index.ts';
import type { LabelledImage } from '../labelled-image.ts';
import { type Pool, pickAll, Selection } from '../pool.ts';
import { AGE_BINS, CONFUSABLE_RACES } from '../vocabulary.ts';
import { classesIn, classTemplates, neighbours, type Trait, withConfusable } from './class-questions.ts';
import { countWith, type Draft, fourOf, imageNames, plain, type TaskMaker, type Template, windowOf } from './draft.ts';

/** Years from the ends of an age group within which nobody can say on which side a face is. */
const EDGE = 2;

/** The age group of an image: that of its label, or the one that its age lies well within. */
function binOf({ age }: LabelledImage): string | undefined {
  if (age === undefined) return undefined;
  const [low, high] = age;
  const bin = AGE_BINS.find(([, from, to]) => low >= from && high <= to);
  if (bin === undefined || low !== high) return bin?.[0];
  const [text, from, to] = bin;
  const edge = to - from >= 9 ? EDGE : 0;
  return low - from >= (from === 0 ? 0 : edge) && to - low >= edge ? text : undefined;
}

const AGE: Trait = {
  id: 'age-group',
  classOf: binOf,
  offer: neighbours,
  which: [
    'Which age group does the person in this image most likely belong to?',
    'How old does the person in the image appear to be, in years?',
    'Estimate the age of the person shown. Which range fits best?',
  ],
  showing: value => [`a person aged ${value}`, `somebody whose age is ${value}`],
  alike: [
    'Which two images show people of the same age group?',
    'Two of the images show people from one age group. Which two?',
  ],
};

/** Years that must lie between two faces for one to be called the older. */
const AGE_GAP = 8;
const isOlder = (a: LabelledImage, b: LabelledImage): boolean =>
  a.age !== undefined && b.age !== undefined && a.age[0] - b.age[1] >= AGE_GAP;

function makeExtreme(pool: Pool, stream: RandomStream): Draft | null {
  const [key, oldest] = [stream.integer(4), stream.bool()];
  const selection = new Selection(pool, stream);
  if (!selection.take(image => image.age !== undefined)) return null;
  const extreme = selection.images[0]!;
  const others = [1, 2, 3].every(() =>
    selection.take(image => (oldest ? isOlder(extreme, image) : isOlder(image, extreme))),
  );
  if (!others) return null;
  const [, ...rest] = selection.images;
  const images = [...rest.slice(0, key), extreme, ...rest.slice(key)];
  const word = oldest ? 'oldest' : 'youngest';
  const text = stream.pick([`Which image shows the ${word} person?`, `Who is the ${word} of these four people?`]);
  return { text, options: [0, 1, 2, 3].map(place => imageNames([place])), key, shown: plain(images) };
}

const ORDERS = [
  [0, 1, 2],
  [0, 2, 1],
  [1, 0, 2],
  [1, 2, 0],
  [2, 0, 1],
  [2, 1, 0],
] as const;

function makeOrder(pool: Pool, stream: RandomStream): Draft | null {
  const offered = fourOf(stream, ORDERS);
  const key = stream.integer(4);
  const selection = new Selection(pool, stream);
  if (!selection.take(image => image.age !== undefined)) return null;
  const middle = selection.images[0]!;
  if (!selection.take(image => isOlder(middle, image)) || !selection.take(image => isOlder(image, middle))) return null;
  const [, young, old] = selection.images;
  const rising = stream.bool();
  const inOrder = rising ? [young!, middle, old!] : [old!, middle, young!];
  const images = offered[key]!.reduce<LabelledImage[]>((placed, place, rank) => {
    placed[place] = inOrder[rank]!;
    return placed;
  }, []);
  const [from, to] = rising ? ['youngest', 'oldest'] : ['oldest', 'youngest'];
  const text = stream.pick([
    `Put the three people in order from ${from} to ${to}.`,
    `Which order of the images goes from the ${from} person to the ${to}?`,
  ]);
  return {
    text,
    options: offered.map(order => order.map(place => `Image ${place + 1}`).join(' → ')),
    key,
    shown: plain(images),
  };
}

function makeOlderThan(pool: Pool, stream: RandomStream): Draft | null {
  const n = 3 + stream.integer(4);
  const years = stream.pick([20, 30, 40, 50, 60]);
  const counts = windowOf(stream, 0, n);
  const key = stream.integer(4);
  const older = new Set(stream.sampleWithoutReplacement(n, counts[key]!));
  const images = pickAll(
    pool,
    stream,
    Array.from({ length: n }, (_, place) => ({ age }: LabelledImage) => {
      if (age === undefined) return false;
      return older.has(place) ? age[0] >= years + edgeOf(age) : age[1] < years - edgeOf(age);
    }),
  );
  if (images === null) return null;
  const text = `How many of these ${n} images show a person of ${years} years or older?`;
  return { text, options: counts.map(String), key, shown: plain(images) };
}

const edgeOf = (age: readonly [number, number]): number => (age[0] === age[1] ? EDGE : 0);

export const makeAgeQuestions: TaskMaker = ({ pool }) => {
  if (countWith(pool, ({ age }) => age !== undefined) < 4) return 'no ages';
  const bins = classesIn(
    pool,
    binOf,
    AGE_BINS.map(([text]) => text),
  );
  const ordered: Template[] = [
    { id: 'age-extreme', images: 'multiple', make: makeExtreme },
    { id: 'age-order', images: 'multiple', make: makeOrder },
    { id: 'age-threshold', images: 'multiple', make: makeOlderThan },
  ];
  return {
    description: `Judge the age of people from their faces. The age groups are: ${AGE_BINS.map(([text]) => text).join(', ')}.`,
    templates: [...classTemplates(AGE, bins), ...ordered],
  };
};

const GENDER: Trait = {
  id: 'gender',
  classOf: ({ gender }) => (gender === 'male' ? 'Male' : gender === 'female' ? 'Female' : undefined),
  fill: ['Both', 'None of these'],
  which: [
    'What is the gender of the person in this image?',
    'Which gender fits the person who is shown?',
    'How would most people describe the gender of the person in the image?',
  ],
  showing: value =>
    value === 'Male' ? ['a man', 'a male person', 'a male face'] : ['a woman', 'a female person', 'a female face'],
};

export const makeGenderQuestions: TaskMaker = ({ pool }) => {
  const classes = classesIn(pool, GENDER.classOf, ['Male', 'Female']);
  if (classes.length < 2) return classes.length === 0 ? 'no genders' : `nobody but ${classes[0]?.toLowerCase()} faces`;
  return {
    description: 'Judge the gender of people from how they look, as it would commonly be read.',
    templates: classTemplates(GENDER, classes),
  };
};

const RACE: Trait = {
  id: 'race',
  classOf: ({ race }) => race,
  offer: withConfusable(CONFUSABLE_RACES),
  which: [
    'Which race label fits the person in this image best?',
    'Of these labels, which one describes the apparent race of the person shown?',
    'How would the person in the image most likely be labelled by race?',
  ],
  showing: value => [`a person labelled ${value}`, `somebody whose race label is ${value}`],
  alike: [
    'Which two images show people with the same race label?',
    'Two of the four people have the same race label. In which images are they?',
  ],
};

/** Ranges of the Monk Skin Tone scale that can be told apart on a screen. */
const TONE_BANDS: readonly (readonly [text: string, low: number, high: number])[] = [
  ['Light (Monk 1 to 3)', 1, 3],
  ['Medium (Monk 4 to 5)', 4, 5],
  ['Brown (Monk 6 to 8)', 6, 8],
  ['Deep (Monk 9 to 10)', 9, 10],
];

const SKIN_TONE: Trait = {
  id: 'skin-tone',
  classOf: ({ skinTone }) =>
    skinTone === undefined ? undefined : TONE_BANDS.find(([, low, high]) => skinTone >= low && skinTone <= high)?.[0],
  which: [
    'Which skin tone does the person in this image have?',
    'Where on the Monk Skin Tone scale, from 1 (lightest) to 10 (darkest), is the skin of the person?',
  ],
  showing: value => {
    const tone = `${value.charAt(0).toLowerCase()}${value.slice(1)}`;
    return [`a person with skin of the tone ${tone}`, `a face whose skin tone is ${tone}`];
  },
  alike: [
    'Which two images show people whose skin tones are in the same range of the Monk scale?',
    'Two of the four people have skin tones of one range of the Monk scale. In which images are they?',
  ],
};

/** Where images have no race labels but skin tones, those are asked about, by their name. */
export const makeRaceQuestions: TaskMaker = ({ pool }) => {
  const races = classesIn(pool, RACE.classOf);
  if (races.length >= 3)
    return {
      description: `Say which race label people would most likely be given. The labels are: ${races.join(', ')}.`,
      templates: classTemplates(RACE, races),
    };
  const tones = classesIn(
    pool,
    SKIN_TONE.classOf,
    TONE_BANDS.map(([text]) => text),
  );
  if (tones.length < 3) return 'neither three race labels nor three ranges of skin tone';
  return {
    description: 'Judge the tone of skin on the Monk Skin Tone scale, in four ranges from light to deep.',
    templates: classTemplates(SKIN_TONE, tones),
  };
};
