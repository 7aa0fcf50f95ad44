import type { RandomStream } from '../../../../ground/math/index.ts';
import type { LabelledImage } from '../labelled-image.ts';
import { type Pool, pickAll } from '../pool.ts';
import { type Draft, fourOf, imageNames, plain, subsets, type Template, windowOf } from './draft.ts';

/** A property of images that is one of a few classes. */
export interface Trait {
  /** Kebab-case, of the templates' names. */
  readonly id: string;
  /** Undefined where it is not known, or not clear enough to be asked about. */
  readonly classOf: (image: LabelledImage) => string | undefined;
  /** Classes that stand beside each other as options; any four by default. */
  readonly offer?: (stream: RandomStream, classes: readonly string[]) => readonly string[];
  /** Options of the question about one image where there are fewer than four classes. */
  readonly fill?: readonly string[];
  /** "Which … is this?", about one image. */
  readonly which?: readonly string[];
  /** "… show {x}": several wordings of what stands before the class, by class. */
  readonly showing?: (value: string) => readonly string[];
  /** Classes that counts and choices ask about; all by default. */
  readonly asked?: readonly string[];
  /** "Which two images show people of the same …?" */
  readonly alike?: readonly string[];
}

/** Templates for a trait with the classes that the pool has; none where it has too few. */
export function classTemplates(trait: Trait, classes: readonly string[]): Template[] {
  const { id, which, showing, alike } = trait;
  const asked = (trait.asked ?? classes).filter(value => classes.includes(value));
  const templates: Template[] = [];
  if (which !== undefined && classes.length + (trait.fill?.length ?? 0) >= 4 && classes.length >= 2)
    templates.push({
      id: `${id}-which`,
      images: 'single',
      make: (pool, stream) => makeWhich(trait, classes, { pool, stream }),
    });
  if (showing !== undefined && classes.length >= 2 && asked.length > 0) {
    templates.push(
      { id: `${id}-count`, images: 'multiple', make: (pool, stream) => makeCount(trait, asked, { pool, stream }) },
      { id: `${id}-find`, images: 'multiple', make: (pool, stream) => makeFind(trait, asked, { pool, stream }) },
    );
  }
  if (alike !== undefined && classes.length >= 3)
    templates.push({
      id: `${id}-alike`,
      images: 'multiple',
      make: (pool, stream) => makeAlike(trait, classes, { pool, stream }),
    });
  return templates;
}

/** The classes that at least two images of a pool have, in the order of `all`, or of appearance. */
export function classesIn(pool: Pool, classOf: Trait['classOf'], all?: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const image of pool.images) {
    const value = classOf(image);
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  const found = (all ?? [...counts.keys()]).filter(value => (counts.get(value) ?? 0) >= 2);
  return found;
}

interface Draws {
  readonly pool: Pool;
  readonly stream: RandomStream;
}

function makeWhich(
  { classOf, offer, fill = [], which = [] }: Trait,
  classes: readonly string[],
  { pool, stream }: Draws,
): Draft | null {
  const offered = classes.length >= 4 ? (offer ?? fourOf)(stream, classes) : [...classes, ...fill].slice(0, 4);
  const right = stream.pick(offered.filter(value => classes.includes(value)));
  const images = pickAll(pool, stream, [image => classOf(image) === right]);
  if (images === null) return null;
  return { text: stream.pick(which), options: offered, key: offered.indexOf(right), shown: plain(images) };
}

function makeCount({ classOf, showing }: Trait, asked: readonly string[], { pool, stream }: Draws): Draft | null {
  const n = 3 + stream.integer(4);
  const value = stream.pick(asked);
  const counts = windowOf(stream, 0, n);
  const key = stream.integer(4);
  const having = new Set(stream.sampleWithoutReplacement(n, counts[key]!));
  const images = pickPlaces(n, place => having.has(place), { classOf, value, pool, stream });
  if (images === null || showing === undefined) return null;
  const text = stream.pick([
    `How many of these ${n} images show ${stream.pick(showing(value))}?`,
    `Among the ${n} images, how many show ${stream.pick(showing(value))}?`,
  ]);
  return { text, options: counts.map(String), key, shown: plain(images) };
}

function makeFind({ classOf, showing }: Trait, asked: readonly string[], { pool, stream }: Draws): Draft | null {
  const value = stream.pick(asked);
  const size = 1 + stream.integer(2);
  const n = size === 1 ? 4 : 4 + stream.integer(2);
  const offered = fourOf(stream, subsets(n, size));
  const key = stream.integer(4);
  const images = pickPlaces(n, place => offered[key]!.includes(place), { classOf, value, pool, stream });
  if (images === null || showing === undefined) return null;
  const what = stream.pick(showing(value));
  const text =
    size === 1
      ? stream.pick([`Which image shows ${what}?`, `Only one of the images shows ${what}. Which one?`])
      : stream.pick([`Which two images show ${what}?`, `Find the two images that show ${what}.`]);
  return { text, options: offered.map(imageNames), key, shown: plain(images) };
}

function pickPlaces(
  n: number,
  has: (place: number) => boolean,
  { classOf, value, pool, stream }: Draws & Pick<Trait, 'classOf'> & { readonly value: string },
): readonly LabelledImage[] | null {
  const wanted = Array.from({ length: n }, (_, place) => (image: LabelledImage): boolean => {
    const found = classOf(image);
    return found !== undefined && (found === value) === has(place);
  });
  return pickAll(pool, stream, wanted);
}

function makeAlike(
  { classOf, offer, alike = [] }: Trait,
  classes: readonly string[],
  { pool, stream }: Draws,
): Draft | null {
  // One class for two of the four images, and one of its own for each other.
  const [shared = '', ...others] = stream.shuffle([
    ...(classes.length >= 4 ? (offer ?? fourOf)(stream, classes) : classes),
  ]);
  const offered = fourOf(stream, subsets(4, 2));
  const key = stream.integer(4);
  const pair = offered[key]!;
  const rest = [...others];
  const values = [0, 1, 2, 3].map(place => (pair.includes(place) ? shared : (rest.pop() ?? '')));
  const images = pickAll(
    pool,
    stream,
    values.map(value => image => classOf(image) === value),
  );
  if (images === null) return null;
  return { text: stream.pick(alike), options: offered.map(imageNames), key, shown: plain(images) };
}

/** Four neighbours of an ordered list, anywhere in it. */
export const neighbours = (stream: RandomStream, classes: readonly string[]): readonly string[] => {
  const from = stream.integer(Math.max(1, classes.length - 3));
  return classes.slice(from, from + 4);
};

/** Any class with those that are most easily taken for it, filled up at random. */
export const withConfusable =
  (confusable: Readonly<Record<string, readonly string[]>>) =>
  (stream: RandomStream, classes: readonly string[]): readonly string[] => {
    const first = stream.pick(classes);
    const near = (confusable[first] ?? []).filter(value => classes.includes(value)).slice(0, 2);
    const rest = stream.shuffle(classes.filter(value => value !== first && !near.includes(value)));
    return stream.shuffle([first, ...near, ...rest].slice(0, 4));
  };
