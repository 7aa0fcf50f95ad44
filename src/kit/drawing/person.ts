import type { RandomStream } from '../../ground/math/random.ts';
import {
  AGE_RANGES,
  type AgeGroup,
  BEARDS,
  type Expression,
  type FaceSpec,
  FRAMES,
  GARMENTS,
  type Gender,
  type HairColour,
  type HairStyle,
  SKIN_TONES,
  type SkinTone,
  type Traits,
} from './spec.ts';

/** Weights of a draw among named things. */
type Weights<K extends string> = Readonly<Partial<Record<K, number>>>;

function draw<K extends string>(stream: RandomStream, weights: Weights<K>, names: readonly K[]): K {
  const total = names.reduce((sum, name) => sum + (weights[name] ?? 0), 0);
  let rest = stream.uniform() * total;
  for (const name of names) {
    rest -= weights[name] ?? 0;
    if (rest < 0) return name;
  }
  return names[names.length - 1]!;
}

/** Hair that is worn with each presentation: distinct habits with much overlap. */
const STYLES_WORN: Readonly<Record<Gender, Weights<HairStyle>>> = {
  male: {
    bald: 7,
    buzz: 12,
    short: 22,
    'side-part': 17,
    quiff: 14,
    curly: 11,
    afro: 6,
    pixie: 2,
    long: 4,
    wavy: 3,
    bun: 2,
  },
  female: { bald: 0.5, buzz: 1, short: 2, curly: 8, afro: 8, pixie: 11, bob: 20, long: 21, wavy: 18, bun: 13 },
};

export function drawHairStyle(stream: RandomStream, who: { readonly gender: Gender; readonly age: number }): HairStyle {
  const worn: Partial<Record<HairStyle, number>> = { ...STYLES_WORN[who.gender] };
  if (who.gender === 'male' && who.age > 45) worn.bald = (worn.bald ?? 0) + (who.age - 45) * 0.5;
  if (who.age > 65)
    for (const style of ['quiff', 'afro', 'long', 'wavy'] as const) worn[style] = (worn[style] ?? 0) * 0.45;
  const names = Object.keys(worn).filter((name): name is HairStyle => name in worn);
  return draw(stream, worn, names);
}

export function drawHairColour(
  stream: RandomStream,
  who: { readonly age: number; readonly skinTone: SkinTone },
): HairColour {
  const tone = SKIN_TONES.indexOf(who.skinTone);
  const fair = Math.max(0, 1 - tone / 5);
  const greyOdds = who.age < 35 ? 0.01 : Math.min(0.93, (who.age - 35) / 42);
  if (stream.uniform() < greyOdds) return 'grey';
  const weights = {
    black: 0.5 + 0.22 * tone,
    brown: 1 + 0.3 * fair,
    blond: 0.95 * fair + 0.03,
    red: 0.5 * fair + 0.04,
  };
  return draw(stream, weights, ['black', 'brown', 'blond', 'red']);
}

const EYE_COLOURS = {
  '#4a2c1c': 3,
  '#6b4423': 3,
  '#8a6a34': 1.5,
  '#5c7a45': 1,
  '#5b86a8': 1.5,
  '#7d93a0': 1,
} as const;
const DARK_EYES = { '#3a2216': 3, '#4a2c1c': 3, '#5e3c20': 1.5 } as const;

/** The attributes of a person that a label names. */
export interface Person {
  readonly identity: number;
  readonly gender: Gender;
  readonly ageGroup: AgeGroup;
  readonly age: number;
  readonly skinTone: SkinTone;
  readonly hairStyle: HairStyle;
  readonly hairColour: HairColour;
}

type PersonKeys =
  | keyof Person
  | 'hairShade'
  | 'traits'
  | 'eyeColour'
  | 'beard'
  | 'freckles'
  | 'makeup'
  | 'earrings'
  | 'parting'
  | 'frame'
  | 'frameColour';

/** What stays the same in every image of a person. */
export type PersonSpec = Pick<FaceSpec, PersonKeys>;

const keysOf = <T extends Record<string, unknown>>(record: T): (keyof T & string)[] => Object.keys(record);

export function drawAge(stream: RandomStream, group: AgeGroup): number {
  const [from, to] = AGE_RANGES[group];
  return from + stream.integer(to - from + 1);
}

/** Draws what the labels leave open about a person. */
export function drawPerson(stream: RandomStream, person: Person): PersonSpec {
  const tone = SKIN_TONES.indexOf(person.skinTone);
  const male = person.gender === 'male';
  const traits = drawTraits(stream);
  const eyes = tone < 5 ? EYE_COLOURS : DARK_EYES;
  const beard = draw(stream, male ? { none: 46, stubble: 18, moustache: 7, goatee: 9, full: 20 } : { none: 1 }, BEARDS);
  const makeup = male ? 0 : stream.uniform() < 0.35 ? 0.1 : 0.35 + 0.65 * stream.uniform();
  return {
    ...person,
    hairShade: 2 * stream.uniform() - 1,
    traits,
    eyeColour: draw(stream, eyes, keysOf<Record<string, number>>(eyes)),
    beard,
    freckles: tone < 5 && person.age < 60 && stream.uniform() < 0.16 ? 0.4 + 0.6 * stream.uniform() : 0,
    makeup: person.age > 69 ? makeup * 0.6 : makeup,
    earrings: stream.uniform() < (male ? 0.04 : 0.42),
    parting: stream.bool() ? 1 : -1,
    frame: stream.pick(FRAMES),
    frameColour: stream.pick(['#1d1d22', '#1d1d22', '#3c2a22', '#7a2430', '#27425e', '#8a6a3a', '#6f7378']),
  };
}

function drawTraits(stream: RandomStream): Traits {
  const trait = (): number => 2 * stream.uniform() - 1;
  return {
    faceWidth: trait(),
    faceLength: trait(),
    jawWidth: trait(),
    chinWidth: trait(),
    cheekbones: trait(),
    eyeSize: trait(),
    eyeSpacing: trait(),
    eyeHeight: trait(),
    eyeTilt: trait(),
    eyelids: trait(),
    browThickness: trait(),
    browHeight: trait(),
    browArch: trait(),
    browTilt: trait(),
    noseLength: trait(),
    noseWidth: trait(),
    noseBridge: trait(),
    mouthWidth: trait(),
    mouthHeight: trait(),
    lipFullness: trait(),
    lipBow: trait(),
    earSize: trait(),
    hairline: trait(),
    hairVolume: trait(),
    neckWidth: trait(),
  };
}

const BACKGROUNDS = [
  ['#f3e9dc', '#d9c3a9'],
  ['#dfeaf2', '#9db8cd'],
  ['#e7efe2', '#a9c2a0'],
  ['#f6e3e0', '#d9a9a4'],
  ['#ece6f4', '#b3a6cf'],
  ['#fbf3d9', '#e2c277'],
  ['#e4f0ee', '#8fbdb6'],
  ['#d8dce2', '#8b95a4'],
  ['#c7d5e4', '#5d7896'],
  ['#d9cfc6', '#8b7768'],
  ['#b9cbb9', '#5f7d68'],
  ['#e8c9b4', '#b9785a'],
  ['#8fa3b8', '#3d4f66'],
  ['#a58fa3', '#57415c'],
  ['#9aa89b', '#44554d'],
] as const;

const GARMENT_COLOURS = [
  '#2f4b6e',
  '#7b2d34',
  '#3f6650',
  '#d7d3cb',
  '#2b2b30',
  '#c98a3c',
  '#7d90a8',
  '#a8577e',
  '#5a4a78',
  '#e3e6ea',
  '#b5533c',
  '#4f7f86',
  '#8b9a55',
  '#e0b8a8',
] as const;

const SUITS = ['#2a2f3c', '#3b3f46', '#24242a', '#3a4a63', '#54473f'] as const;

/** Draws one image of a person: how they look, where they turn, the light, the place. */
export function drawMoment(
  stream: RandomStream,
  labels: { readonly person: PersonSpec; readonly expression: Expression; readonly glasses: FaceSpec['glasses'] },
): FaceSpec {
  // The sum of two uniforms: most faces nearly frontal, none past the limit.
  const spread = (limit: number): number => Math.round((stream.uniform() + stream.uniform() - 1) * limit * 10) / 10;
  const background = stream.pick(BACKGROUNDS);
  const garment = stream.pick(GARMENTS);
  return {
    ...labels.person,
    expression: labels.expression,
    glasses: labels.glasses,
    intensity: 0.75 + 0.25 * stream.uniform(),
    yaw: spread(35),
    pitch: spread(14),
    roll: spread(14),
    gaze: [spread(0.7), spread(0.5)],
    light: [2 * stream.uniform() - 1, stream.uniform()],
    background: stream.bool(0.5) ? [background[0], background[1]] : [background[1], background[0]],
    backgroundKind: stream.bool(0.6) ? 'spot' : 'linear',
    garment,
    garmentColour: garment === 'suit' ? stream.pick(SUITS) : stream.pick(GARMENT_COLOURS),
    shift: [0.02 * (2 * stream.uniform() - 1), 0.015 * (2 * stream.uniform() - 1)],
    zoom: 0.96 + 0.08 * stream.uniform(),
  };
}
