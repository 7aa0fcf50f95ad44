import { BiolensError } from '../../ground/errors.ts';
import { AGE_GROUPS, EXPRESSIONS, GENDERS, GLASSES, HAIR_COLOURS, HAIR_STYLES, SKIN_TONES } from './spec.ts';

/** Attributes whose shares can be set, with their classes in order. */
export const SKEWABLE = {
  gender: GENDERS,
  ageGroup: AGE_GROUPS,
  skinTone: SKIN_TONES,
  hairStyle: HAIR_STYLES,
  hairColor: HAIR_COLOURS,
  expression: EXPRESSIONS,
  glasses: GLASSES,
} as const;
export type SkewAttribute = keyof typeof SKEWABLE;

/** Shares of named classes per attribute; the classes that are not named share the rest equally. */
export type Skew = Readonly<Partial<Record<SkewAttribute, Readonly<Record<string, number>>>>>;

const ATTRIBUTES = Object.keys(SKEWABLE).filter((name): name is SkewAttribute => name in SKEWABLE);

/** `age_group`, `Age-Group` and `ageGroup` are one name, as are `hairColour` and `hairColor`. */
const plain = (name: string): string => name.toLowerCase().replace(/[-_]/g, '').replace('colour', 'color');

function usage(text: string): BiolensError {
  return new BiolensError('usage', `"skew" expected ${text}`);
}

/**
 * Shares of all classes of an attribute, in their order.
 *
 * @throws BiolensError `usage` for a class that there is not, or shares that are no shares of one whole.
 */
export function classShares(attribute: SkewAttribute, given: Readonly<Record<string, number>>): number[] {
  const classes: readonly string[] = SKEWABLE[attribute];
  const named = Object.entries(given);
  for (const [name, share] of named) {
    if (!classes.includes(name)) throw usage(`a class of ${attribute} (${classes.join(', ')}), got "${name}"`);
    if (!(share >= 0 && share <= 1)) throw usage(`a share of ${attribute} from 0 to 1, got ${share}`);
  }
  const sum = named.reduce((total, [, share]) => total + share, 0);
  const others = classes.length - named.length;
  if (sum > 1 + 1e-9 || (others === 0 && sum < 1 - 1e-9)) {
    throw usage(`shares of ${attribute} that sum to ${others === 0 ? '1' : 'at most 1'}, got ${sum}`);
  }
  return classes.map(name => given[name] ?? Math.max(0, 1 - sum) / others);
}

/**
 * Reads skews as they are written on a command line: `gender=0.8` (the share of the first class), `gender=female:0.8`,
 * `skinTone=monk-3:0.5,monk-4:0.2`.
 *
 * @throws BiolensError `usage` saying what was expected.
 */
export function parseSkew(texts: readonly string[]): Skew {
  const skew: Partial<Record<SkewAttribute, Record<string, number>>> = {};
  for (const text of texts) {
    const [name = '', value, extra] = text.split('=');
    const attribute = ATTRIBUTES.find(known => plain(known) === plain(name.trim()));
    if (attribute === undefined) throw usage(`an attribute (${ATTRIBUTES.join(', ')}), got "${name}"`);
    if (value === undefined || extra !== undefined)
      throw usage(`ATTRIBUTE=SHARE or ATTRIBUTE=CLASS:SHARE, got "${text}"`);
    const shares = skew[attribute] ?? {};
    for (const part of value.split(',')) {
      const [first = '', second] = part.split(':').map(piece => piece.trim());
      const className = second === undefined ? SKEWABLE[attribute][0] : first;
      const share = second ?? first;
      if (share === '' || !Number.isFinite(Number(share)))
        throw usage(`a share of ${attribute} from 0 to 1, got "${share}"`);
      shares[className] = Number(share);
    }
    classShares(attribute, shares);
    skew[attribute] = shares;
  }
  return skew;
}
