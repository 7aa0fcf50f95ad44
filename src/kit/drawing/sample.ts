import { BiolensError } from '../../ground/errors.ts';
import { foldIn, type RandomKey, RandomStream, randomKey } from '../../ground/math/random.ts';
import { drawAge, drawHairColour, drawHairStyle, drawMoment, drawPerson, type PersonSpec } from './person.ts';
import { assignClasses } from './quota.ts';
import { classShares, type Skew, type SkewAttribute } from './skew.ts';
import {
  AGE_GROUPS,
  EXPRESSIONS,
  type FaceSpec,
  GENDERS,
  GLASSES,
  HAIR_COLOURS,
  HAIR_STYLES,
  SKIN_TONES,
} from './spec.ts';

export interface SampleOptions {
  /** Images, copies included. */
  readonly n: number;
  /** Whole number from 0; 0 by default. */
  readonly seed?: number | undefined;
  /** Shares of classes; without it all genders, age groups, skin tones and expressions are as frequent. */
  readonly skew?: Skew | undefined;
  /** Share of the images that are near-exact copies of an earlier one, 0 (default) to below 1. */
  readonly duplicates?: number | undefined;
  /** Images that the copies are of: a few make each of them frequent, as in collections from the web; by default any image. */
  readonly duplicated?: number | undefined;
  /** People, each in about as many images; by default every image that is no copy shows another person. */
  readonly identities?: number | undefined;
}

/** One image that is to be drawn. */
export interface PlannedFace {
  /** Such as `000001.png`. */
  readonly file: string;
  readonly spec: FaceSpec;
  /** The earlier image that this one is a near-exact copy of. */
  readonly duplicateOf: string | null;
  /** Stream of what a copy suffers; see `wearCopy`. */
  readonly key: RandomKey;
}

/** One face in three wears glasses, unless a skew says otherwise. */
const GLASSES_SHARE = 0.3;

interface Layout {
  /** Per image, the original that it shows. */
  readonly original: readonly number[];
  /** Per image, the image that it copies; −1 for originals. */
  readonly copyOf: readonly number[];
  /** Per original, its identity. */
  readonly identity: readonly number[];
  readonly identities: number;
}

function checkCount(name: string, value: number, most: number): void {
  if (Number.isSafeInteger(value) && value >= 1 && value <= most) return;
  throw new BiolensError('usage', `"${name}" expected a whole number from 1 to ${most}, got ${value}`);
}

/** Decides which images are copies of which, and which show the same person. */
function layOut(options: SampleOptions, key: RandomKey): Layout {
  const { n, duplicates = 0 } = options;
  checkCount('n', n, 9_999_999);
  if (!(duplicates >= 0 && duplicates < 1)) {
    throw new BiolensError('usage', `"duplicates" expected a share from 0 to below 1, got ${duplicates}`);
  }
  const copies = Math.min(n - 1, Math.round(n * duplicates));
  const originals = n - copies;
  const { identities = originals, duplicated = originals } = options;
  checkCount('identities', identities, originals);
  checkCount('duplicated', duplicated, originals);
  const stream = new RandomStream(foldIn(key, 'layout'));
  const shown = Array.from({ length: n }, (_, i) => (i < originals ? i : stream.integer(duplicated)));
  const original = stream.shuffle(shown);
  const first = new Map<number, number>();
  const copyOf = original.map((which, place) => {
    const earlier = first.get(which);
    if (earlier === undefined) first.set(which, place);
    return earlier ?? -1;
  });
  return { original, copyOf, identity: Array.from({ length: originals }, (_, i) => i % identities), identities };
}

/** Sum of the images that each of `size` things appears in. */
function countPictures(of: readonly number[], size: number): number[] {
  const counts = new Array<number>(size).fill(0);
  for (const thing of of) counts[thing]!++;
  return counts;
}

/**
 * Plans a set of faces: who is shown how in which file. The plan is a function of the options alone, the same on every
 * machine.
 *
 * Shares are met by exact counts, copies included, and not by chance: of 700 images with `gender: { male: 0.8 }`, 560 are
 * male. Where `identities` share images, what belongs to the person (all but expression and glasses) can only be met as nearly as
 * whole people allow. Hair style and colour follow habit (gender, age, skin tone) unless a skew names them; 30 % wear glasses.
 *
 * @throws BiolensError `usage` naming the option that is out of range.
 */
export function sampleFaces(options: SampleOptions): PlannedFace[] {
  const { skew = {}, seed = 0, n } = options;
  const key = foldIn(randomKey(seed), 'faces');
  const { original, copyOf, identity, identities } = layOut(options, key);
  const perOriginal = countPictures(original, identity.length);
  const perIdentity = countPictures(
    original.map(which => identity[which]!),
    identities,
  );
  const assign = (
    attribute: SkewAttribute,
    weights: readonly number[],
    usual: Readonly<Record<string, number>>,
  ): number[] =>
    assignClasses(weights, classShares(attribute, skew[attribute] ?? usual), new RandomStream(foldIn(key, attribute)));
  const genders = assign('gender', perIdentity, {});
  const ageGroups = assign('ageGroup', perIdentity, {});
  const skinTones = assign('skinTone', perIdentity, {});
  const hairStyles = skew.hairStyle ? assign('hairStyle', perIdentity, {}) : null;
  const hairColours = skew.hairColor ? assign('hairColor', perIdentity, {}) : null;
  const expressions = assign('expression', perOriginal, {});
  const glasses = assign('glasses', perOriginal, { yes: GLASSES_SHARE });

  const people = Array.from({ length: identities }, (_, i): PersonSpec => {
    const stream = new RandomStream(foldIn(foldIn(key, 'person'), i));
    const ageGroup = AGE_GROUPS[ageGroups[i]!]!;
    const gender = GENDERS[genders[i]!]!;
    const skinTone = SKIN_TONES[skinTones[i]!]!;
    const age = drawAge(stream, ageGroup);
    const worn = drawHairStyle(stream, { gender, age });
    const grown = drawHairColour(stream, { age, skinTone });
    return drawPerson(stream, {
      identity: i,
      gender,
      ageGroup,
      age,
      skinTone,
      hairStyle: hairStyles ? HAIR_STYLES[hairStyles[i]!]! : worn,
      hairColour: hairColours ? HAIR_COLOURS[hairColours[i]!]! : grown,
    });
  });
  const specs = identity.map((who, i) =>
    drawMoment(new RandomStream(foldIn(foldIn(key, 'moment'), i)), {
      person: people[who]!,
      expression: EXPRESSIONS[expressions[i]!]!,
      glasses: GLASSES[glasses[i]!]!,
    }),
  );
  const digits = Math.max(6, String(n).length);
  const fileOf = (place: number): string => `${String(place + 1).padStart(digits, '0')}.png`;
  return original.map((which, place) => ({
    file: fileOf(place),
    spec: specs[which]!,
    duplicateOf: copyOf[place] === -1 ? null : fileOf(copyOf[place]!),
    key: foldIn(foldIn(key, 'copy'), place),
  }));
}
