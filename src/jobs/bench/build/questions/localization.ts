import type { RandomStream } from '../../../../ground/math/index.ts';
import type { HeadPose, LabelledImage } from '../labelled-image.ts';
import { paintPart, visibleParts } from '../pictures/regions.ts';
import { type Pool, Selection } from '../pool.ts';
import { classesIn, classTemplates, neighbours, type Trait } from './class-questions.ts';
import {
  countWith,
  type Draft,
  fourOf,
  imageNames,
  plain,
  type Shown,
  type TaskMaker,
  type Template,
} from './draft.ts';

/** Width of a range of angles, the farthest that is asked about, and the margin within which a face may be on either side; in degrees. */
const RANGE = 10;
const FARTHEST = 100;
const MARGIN = 1.5;

const RANGES = Array.from({ length: (2 * FARTHEST) / RANGE }, (_, i) => {
  const low = i * RANGE - FARTHEST;
  return `${low} to ${low + RANGE}`;
});

function rangeOfAngle(angle: number | undefined): string | undefined {
  if (angle === undefined) return undefined;
  const i = Math.floor((angle + FARTHEST) / RANGE);
  const within = angle + FARTHEST - i * RANGE;
  return within >= MARGIN && within <= RANGE - MARGIN ? RANGES[i] : undefined;
}

const AXES: readonly { readonly axis: keyof HeadPose; readonly meaning: string; readonly most: string }[] = [
  {
    axis: 'yaw',
    meaning: 'positive where the face is turned towards the right edge of the image',
    most: 'turned farthest towards the right edge of the image (the largest yaw)',
  },
  { axis: 'pitch', meaning: 'positive where the face looks up', most: 'raised the most (the largest pitch)' },
  {
    axis: 'roll',
    meaning: 'positive where the head leans clockwise',
    most: 'leaning the most clockwise (the largest roll)',
  },
];

const poseTrait = (axis: keyof HeadPose, meaning: string): Trait => ({
  id: axis,
  classOf: ({ pose }) => rangeOfAngle(pose?.[axis]),
  offer: neighbours,
  which: [
    `In which range, in degrees, is the ${axis} of the head in this image? It is zero for a face seen from the front, ${meaning}.`,
    `Estimate the ${axis} of the head in degrees (zero from the front, ${meaning}). Which range holds it?`,
  ],
  alike: [
    `Angles are sorted into ranges of ten degrees. Which two images show heads whose ${axis} is in the same range?`,
    `Two of these heads have a ${axis} in the same range of ten degrees. In which images are they?`,
  ],
});

/** Degrees by which the most turned head is ahead of the others. */
const AHEAD = 8;

const makeMost =
  (axis: keyof HeadPose, most: string) =>
  (pool: Pool, stream: RandomStream): Draft | null => {
    const key = stream.integer(4);
    const angle = (image: LabelledImage): number => image.pose?.[axis] ?? Number.NaN;
    const selection = new Selection(pool, stream);
    if (!selection.take(({ pose }) => pose !== undefined)) return null;
    const first = selection.images[0]!;
    if (![1, 2, 3].every(() => selection.take(image => angle(first) - angle(image) >= AHEAD))) return null;
    const rest = selection.images.slice(1);
    const images = [...rest.slice(0, key), first, ...rest.slice(key)];
    return {
      text: `In which image is the head ${most}?`,
      options: [0, 1, 2, 3].map(place => imageNames([place])),
      key,
      shown: plain(images),
    };
  };

export const makePoseQuestions: TaskMaker = ({ pool }) => {
  if (countWith(pool, ({ pose }) => pose !== undefined) < 4) return 'no head poses';
  return {
    description:
      'Estimate how a head is turned: yaw to the side, pitch up or down, roll to the shoulder. All three are zero for a face seen from the front.',
    templates: AXES.flatMap(({ axis, meaning, most }) => {
      const trait = poseTrait(axis, meaning);
      return [
        ...classTemplates(trait, classesIn(pool, trait.classOf, RANGES)),
        { id: `${axis}-most`, images: 'multiple' as const, make: makeMost(axis, most) },
      ];
    }),
  };
};

const painted = (image: LabelledImage, part: string): Shown => ({
  image,
  alter: {
    how: `${part.toLowerCase()} painted white`,
    apply: async pixels => {
      const regions = await image.regions?.();
      return regions === undefined ? null : paintPart(pixels, regions, part);
    },
  },
});

const partsOf = async (image: LabelledImage): Promise<string[]> => {
  const regions = await image.regions?.();
  return regions === undefined ? [] : visibleParts(regions);
};

const hasRegions = ({ regions, made }: LabelledImage): boolean => regions !== undefined && made === undefined;

/** One part of one face is painted; the options are four parts that the face shows. */
async function makePainted(pool: Pool, stream: RandomStream): Promise<Draft | null> {
  const image = pool.draw(stream, hasRegions);
  if (image === null) return null;
  const parts = await partsOf(image);
  if (parts.length < 4) {
    pool.discard(image);
    return null;
  }
  const offered = fourOf(stream, parts);
  const key = stream.integer(4);
  const text = stream.pick([
    'One part of this image has been painted white. Which part?',
    'Which part of the face or its surroundings is covered in plain white?',
    'What is hidden under the white area?',
  ]);
  return { text, options: offered, key, shown: [painted(image, offered[key]!)] };
}

/** Four faces, a different part of each painted. */
async function makePaintedWhere(pool: Pool, stream: RandomStream): Promise<Draft | null> {
  const selection = new Selection(pool, stream);
  for (let i = 0; i < 4; i++) if (!selection.take(hasRegions)) return null;
  const taken: string[] = [];
  for (const image of selection.images) {
    const parts = (await partsOf(image)).filter(part => !taken.includes(part));
    if (parts.length === 0) return null;
    taken.push(stream.pick(parts));
  }
  const key = stream.integer(4);
  const text = `In each of these images another part has been painted white. In which image is it this part: ${taken[key]!.toLowerCase()}?`;
  return {
    text,
    options: [0, 1, 2, 3].map(place => imageNames([place])),
    key,
    shown: selection.images.map((image, i) => painted(image, taken[i]!)),
  };
}

export const makePartQuestions: TaskMaker = ({ pool }) => {
  if (countWith(pool, hasRegions) < 4) return 'no masks of the parts of faces';
  const templates: Template[] = [
    { id: 'part-painted', images: 'single', make: makePainted },
    { id: 'part-where', images: 'multiple', make: makePaintedWhere },
  ];
  return {
    description: 'Know the parts of a face by their place: one part has been painted white and has to be named.',
    templates,
  };
};

/** Distance between counts that stand as options: about what a careful look can tell apart. */
const stepOf = (people: number): number => (people < 12 ? 1 : Math.max(2, Math.round(people / 12)));

/** Four values, evenly spaced, with the true one at a random place among them. */
function spread(
  stream: RandomStream,
  value: number,
  { step, least }: { readonly step: number; readonly least: number },
): number[] {
  const places = [0, 1, 2, 3].filter(place => value - place * step >= least);
  const low = value - stream.pick(places) * step;
  return [0, 1, 2, 3].map(i => low + i * step);
}

const WORDINGS = [
  'How many people can be counted in this image?',
  'Count the people in this image. How many are there?',
  'What is the number of people in this scene?',
];

const isCrowd = ({ people }: LabelledImage): boolean => people !== undefined && people >= 1;

function makeExactCount(pool: Pool, stream: RandomStream): Draft | null {
  const image = pool.draw(stream, isCrowd);
  if (image?.people === undefined) return null;
  const options = spread(stream, image.people, { step: stepOf(image.people), least: 0 });
  return {
    text: stream.pick(WORDINGS),
    options: options.map(String),
    key: options.indexOf(image.people),
    shown: plain([image]),
  };
}

function makeRangeCount(pool: Pool, stream: RandomStream): Draft | null {
  const image = pool.draw(stream, isCrowd);
  if (image?.people === undefined) return null;
  const width = Math.max(5, 5 * Math.round(image.people / 60));
  const lowest = Math.max(0, image.people - stream.integer(width));
  const lows = spread(stream, lowest, { step: width, least: 0 });
  const text = `${stream.pick(WORDINGS)} Choose the range that holds the number.`;
  return {
    text,
    options: lows.map(low => `${low} to ${low + width - 1}`),
    key: lows.indexOf(lowest),
    shown: plain([image]),
  };
}

export const makeCrowdQuestions: TaskMaker = ({ pool }) => {
  if (countWith(pool, isCrowd) < 2) return 'no counts of people';
  return {
    description: 'Count all people in a scene, also those who are far away or partly hidden.',
    templates: [
      { id: 'crowd-exact', images: 'single', make: makeExactCount },
      { id: 'crowd-range', images: 'single', make: makeRangeCount },
    ],
  };
};
