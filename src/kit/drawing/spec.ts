import { EXPRESSIONS, type Face } from '../../ground/contracts/faces.ts';

/** Gender presentation: how a person would commonly be read, which is all that an image can show. */
export const GENDERS = ['male', 'female'] as const;
export type Gender = (typeof GENDERS)[number];

/** Age groups of drawn faces, with their first and last year. There are no children among them. */
export const AGE_RANGES = { young: [18, 29], adult: [30, 49], older: [50, 69], elderly: [70, 89] } as const;
export const AGE_GROUPS = [
  'young',
  'adult',
  'older',
  'elderly',
] as const satisfies readonly (keyof typeof AGE_RANGES)[];
export type AgeGroup = (typeof AGE_GROUPS)[number];

/** The Monk Skin Tone scale with its published colours (E. Monk, 2022, skintone.google; CC BY 4.0). */
export const MONK_COLOURS = {
  'monk-1': '#f6ede4',
  'monk-2': '#f3e7db',
  'monk-3': '#f7ead0',
  'monk-4': '#eadaba',
  'monk-5': '#d7bd96',
  'monk-6': '#a07e56',
  'monk-7': '#825c43',
  'monk-8': '#604134',
  'monk-9': '#3a312a',
  'monk-10': '#292420',
} as const;
export type SkinTone = keyof typeof MONK_COLOURS;
export const SKIN_TONES: readonly SkinTone[] = [
  'monk-1',
  'monk-2',
  'monk-3',
  'monk-4',
  'monk-5',
  'monk-6',
  'monk-7',
  'monk-8',
  'monk-9',
  'monk-10',
];

export const HAIR_STYLES = [
  'bald',
  'buzz',
  'short',
  'side-part',
  'quiff',
  'curly',
  'afro',
  'pixie',
  'bob',
  'long',
  'wavy',
  'bun',
] as const;
export type HairStyle = (typeof HAIR_STYLES)[number];

export const HAIR_COLOURS = ['black', 'brown', 'blond', 'red', 'grey'] as const;
export type HairColour = (typeof HAIR_COLOURS)[number];

export type Expression = Face['expression'];
export { EXPRESSIONS };

export const GLASSES = ['yes', 'no'] as const;
export const FRAMES = ['round', 'square', 'browline'] as const;
export const BEARDS = ['none', 'stubble', 'moustache', 'goatee', 'full'] as const;
export const GARMENTS = ['crew', 'v-neck', 'collar', 'suit', 'hoodie'] as const;

/**
 * What makes one person look like themselves: each trait from −1 to 1 about the usual form. They stay the same in all images of
 * one identity, and no two identities share them.
 */
export interface Traits {
  readonly faceWidth: number;
  readonly faceLength: number;
  readonly jawWidth: number;
  readonly chinWidth: number;
  readonly cheekbones: number;
  readonly eyeSize: number;
  readonly eyeSpacing: number;
  readonly eyeHeight: number;
  readonly eyeTilt: number;
  readonly eyelids: number;
  readonly browThickness: number;
  readonly browHeight: number;
  readonly browArch: number;
  readonly browTilt: number;
  readonly noseLength: number;
  readonly noseWidth: number;
  readonly noseBridge: number;
  readonly mouthWidth: number;
  readonly mouthHeight: number;
  readonly lipFullness: number;
  readonly lipBow: number;
  readonly earSize: number;
  readonly hairline: number;
  readonly hairVolume: number;
  readonly neckWidth: number;
}

/** Everything that a drawn face shows; the same specification gives the same image. */
export interface FaceSpec {
  /** Number of the identity within its set. */
  readonly identity: number;
  readonly gender: Gender;
  readonly ageGroup: AgeGroup;
  /** Years. */
  readonly age: number;
  readonly skinTone: SkinTone;
  readonly hairStyle: HairStyle;
  readonly hairColour: HairColour;
  /** −1 darker to 1 lighter, within the colour. */
  readonly hairShade: number;
  readonly traits: Traits;
  /** Colour of the irises, `#rrggbb`. */
  readonly eyeColour: string;
  readonly beard: (typeof BEARDS)[number];
  /** 0 none to 1 many. */
  readonly freckles: number;
  /** Lip colour and lashes, 0 none to 1 strong. */
  readonly makeup: number;
  readonly earrings: boolean;
  /** Whether hair parts on the viewer's left (−1) or right (1). */
  readonly parting: -1 | 1;

  readonly expression: Expression;
  /** How strongly the expression shows, 0 to 1. */
  readonly intensity: number;
  /** Degrees that the face is turned to the viewer's right, −35 to 35. */
  readonly yaw: number;
  /** Degrees that the face looks up, −20 to 20. */
  readonly pitch: number;
  /** Degrees that the head leans, clockwise in the image, −20 to 20. */
  readonly roll: number;
  /** Where the eyes look, −1 to 1: to the viewer's right, and down. */
  readonly gaze: readonly [number, number];
  readonly glasses: (typeof GLASSES)[number];
  readonly frame: (typeof FRAMES)[number];
  readonly frameColour: string;
  /** Direction the light comes from, −1 (viewer's left) to 1, and its height, 0 level to 1 above. */
  readonly light: readonly [number, number];
  /** Two colours of the background, centre or top first. */
  readonly background: readonly [string, string];
  readonly backgroundKind: 'linear' | 'spot';
  readonly garment: (typeof GARMENTS)[number];
  readonly garmentColour: string;
  /** Shift of the head in shares of the image's side, and its size about 1. */
  readonly shift: readonly [number, number];
  readonly zoom: number;
}

/** What a region mask says of each pixel: the number is the place in this list. */
export const REGIONS = [
  'background',
  'clothes',
  'neck',
  'skin',
  'ear',
  'nose',
  'eye',
  'brow',
  'lips',
  'mouth',
  'hair',
  'beard',
  'glasses',
] as const;
export type Region = (typeof REGIONS)[number];

export const regionNumber = (region: Region): number => REGIONS.indexOf(region);
