import type { RandomStream } from '../../../../ground/math/index.ts';
import type { LabelledImage } from '../labelled-image.ts';
import { type Pool, pickAll } from '../pool.ts';
import { CONFUSABLE_EXPRESSIONS, EXPRESSION_WORDS } from '../vocabulary.ts';
import { classesIn, classTemplates, type Trait, withConfusable } from './class-questions.ts';
import { countWith, type Draft, fourOf, imageNames, plain, type TaskMaker, type Template, windowOf } from './draft.ts';

const EXPRESSION: Trait = {
  id: 'expression',
  classOf: ({ expression }) => expression,
  offer: withConfusable(CONFUSABLE_EXPRESSIONS),
  which: [
    'Which facial expression does the person in this image show?',
    'What emotion does the face in the image express?',
    'Name the expression of the person shown.',
  ],
  showing: value => [`a face that expresses ${value.toLowerCase()}`, `the expression of ${value.toLowerCase()}`],
  alike: [
    'Which two images show the same facial expression?',
    'Two of the four faces share an expression. In which images are they?',
  ],
};

/** "The expression of neutral" is no English. */
const NEUTRAL = ['a neutral face', 'a face with a neutral expression'];

export const makeExpressionQuestions: TaskMaker = ({ pool }) => {
  const classes = classesIn(pool, EXPRESSION.classOf, Object.keys(EXPRESSION_WORDS));
  if (classes.length < 2)
    return classes.length === 0 ? 'no expressions' : `no expression but ${classes[0]?.toLowerCase()}`;
  const showing = (value: string): readonly string[] =>
    value === 'Neutral' ? NEUTRAL : (EXPRESSION.showing?.(value) ?? []);
  const fill = Object.keys(EXPRESSION_WORDS).filter(value => !classes.includes(value));
  return {
    description: `Recognise expressions of the face. The expressions are: ${Object.keys(EXPRESSION_WORDS).join(', ')}.`,
    templates: classTemplates({ ...EXPRESSION, showing, fill }, classes),
  };
};

const has = (image: LabelledImage, name: string): boolean => image.present?.includes(name) ?? false;
const hasNot = (image: LabelledImage, name: string): boolean => image.absent?.includes(name) ?? false;

/** Which of four attributes a face has, or has not. */
function makeOne(names: readonly string[], pool: Pool, stream: RandomStream): Draft | null {
  const offered = fourOf(stream, names);
  const key = stream.integer(4);
  const positive = stream.bool(0.6);
  const images = pickAll(pool, stream, [
    image => offered.every((name, i) => ((i === key) === positive ? has(image, name) : hasNot(image, name))),
  ]);
  if (images === null) return null;
  const text = positive
    ? stream.pick([
        'Which of these attributes does the face in this image have?',
        'Only one of these can be seen on the person in the image. Which one?',
      ])
    : stream.pick([
        'Which of these attributes does the face in this image not have?',
        'All but one of these can be seen on the person in the image. Which one is missing?',
      ]);
  return { text, options: offered, key, shown: plain(images) };
}

/** Which attribute several faces have in common. */
function makeCommon(names: readonly string[], pool: Pool, stream: RandomStream): Draft | null {
  const offered = fourOf(stream, names);
  const key = stream.integer(4);
  const n = 2 + stream.integer(2);
  // Every other attribute is missing in one of the images, and otherwise free: one face alone does not tell.
  const missing = offered.map(() => stream.integer(n));
  const images = pickAll(
    pool,
    stream,
    Array.from(
      { length: n },
      (_, place) => (image: LabelledImage) =>
        offered.every((name, i) => (i === key ? has(image, name) : missing[i] !== place || hasNot(image, name))),
    ),
  );
  if (images === null) return null;
  const text = stream.pick([
    'Which attribute do all the people in these images share?',
    'What do all of these faces have in common?',
  ]);
  return { text, options: offered, key, shown: plain(images) };
}

function makeAttributeCount(names: readonly string[], pool: Pool, stream: RandomStream): Draft | null {
  const name = stream.pick(names);
  const n = 3 + stream.integer(3);
  const counts = windowOf(stream, 0, n);
  const key = stream.integer(4);
  const having = new Set(stream.sampleWithoutReplacement(n, counts[key]!));
  const images = pickAll(
    pool,
    stream,
    Array.from(
      { length: n },
      (_, place) => (image: LabelledImage) => (having.has(place) ? has(image, name) : hasNot(image, name)),
    ),
  );
  if (images === null) return null;
  const text = `How many of these ${n} faces have the attribute "${name}"?`;
  return { text, options: counts.map(String), key, shown: plain(images) };
}

function makeAttributeFind(names: readonly string[], pool: Pool, stream: RandomStream): Draft | null {
  const name = stream.pick(names);
  const key = stream.integer(4);
  const images = pickAll(
    pool,
    stream,
    [0, 1, 2, 3].map(place => image => (place === key ? has(image, name) : hasNot(image, name))),
  );
  if (images === null) return null;
  const text = stream.pick([
    `Which image shows a face with the attribute "${name}"?`,
    `Only one of the faces has the attribute "${name}". In which image?`,
  ]);
  return { text, options: [0, 1, 2, 3].map(place => imageNames([place])), key, shown: plain(images) };
}

export const makeAttributeQuestions: TaskMaker = ({ pool }) => {
  const names = [...new Set(pool.images.flatMap(({ present }) => present ?? []))];
  const both = names.filter(
    name => countWith(pool, image => has(image, name)) >= 2 && countWith(pool, image => hasNot(image, name)) >= 2,
  );
  if (both.length === 0) return 'no attributes that some faces have and others have not';
  const single: Template[] = [
    { id: 'attribute-one', images: 'single', make: (from, stream) => makeOne(both, from, stream) },
    { id: 'attribute-common', images: 'multiple', make: (from, stream) => makeCommon(both, from, stream) },
  ];
  return {
    description: 'Say which visible attributes a face has, such as its hair, what is worn, and how it looks.',
    templates: [
      ...(both.length >= 4 ? single : []),
      { id: 'attribute-count', images: 'multiple', make: (from, stream) => makeAttributeCount(both, from, stream) },
      { id: 'attribute-find', images: 'multiple', make: (from, stream) => makeAttributeFind(both, from, stream) },
    ],
  };
};
