import type { Expression, FaceSpec } from './spec.ts';

/** How an expression moves the parts of the face, signs as the names say, sizes in head units. */
export interface Movement {
  readonly browInner: number;
  readonly browOuter: number;
  readonly browSqueeze: number;
  /** Factor on the opening of the upper lid. */
  readonly upperLid: number;
  readonly lowerLid: number;
  readonly cornerUp: number;
  readonly mouthWide: number;
  readonly mouthOpen: number;
  /** Share of the opening in which the upper teeth show. */
  readonly teeth: number;
  readonly upperLipUp: number;
  readonly cheeks: number;
  readonly frown: number;
  readonly noseWrinkle: number;
  readonly jawDrop: number;
}

const STILL: Movement = {
  browInner: 0,
  browOuter: 0,
  browSqueeze: 0,
  upperLid: 1,
  lowerLid: 1,
  cornerUp: 0.004,
  mouthWide: 0,
  mouthOpen: 0,
  teeth: 0,
  upperLipUp: 0,
  cheeks: 0,
  frown: 0,
  noseWrinkle: 0,
  jawDrop: 0,
};

const MOVEMENTS: Readonly<Record<Expression, Movement>> = {
  neutral: STILL,
  happy: {
    ...STILL,
    browInner: 0.01,
    browOuter: 0.025,
    upperLid: 0.84,
    lowerLid: 0.55,
    cornerUp: 0.1,
    mouthWide: 0.1,
    mouthOpen: 0.125,
    teeth: 0.8,
    upperLipUp: 0.02,
    cheeks: 1,
    jawDrop: 0.015,
  },
  sad: {
    ...STILL,
    browInner: 0.085,
    browOuter: -0.045,
    browSqueeze: 0.025,
    upperLid: 0.72,
    cornerUp: -0.095,
    mouthWide: -0.015,
    frown: 0.3,
  },
  angry: {
    ...STILL,
    browInner: -0.1,
    browOuter: 0.045,
    browSqueeze: 0.055,
    upperLid: 0.86,
    lowerLid: 0.75,
    cornerUp: -0.045,
    mouthWide: 0.04,
    mouthOpen: 0.13,
    teeth: 0.5,
    upperLipUp: 0.012,
    jawDrop: 0.02,
    frown: 1,
    noseWrinkle: 0.4,
  },
  fearful: {
    ...STILL,
    browInner: 0.12,
    browOuter: 0.035,
    browSqueeze: 0.03,
    upperLid: 1.38,
    lowerLid: 1.1,
    cornerUp: -0.035,
    mouthWide: 0.075,
    mouthOpen: 0.1,
    teeth: 0.3,
    jawDrop: 0.03,
    frown: 0.15,
  },
  disgusted: {
    ...STILL,
    browInner: -0.055,
    browOuter: -0.01,
    browSqueeze: 0.03,
    upperLid: 0.56,
    lowerLid: 0.4,
    cornerUp: -0.085,
    mouthWide: -0.01,
    mouthOpen: 0.02,
    teeth: 1,
    upperLipUp: 0.07,
    cheeks: 0.45,
    frown: 0.6,
    noseWrinkle: 1,
  },
  surprised: {
    ...STILL,
    browInner: 0.125,
    browOuter: 0.115,
    upperLid: 1.42,
    lowerLid: 1.15,
    cornerUp: 0,
    mouthWide: -0.085,
    mouthOpen: 0.24,
    teeth: 0.16,
    jawDrop: 0.085,
  },
};

const NAMES = [
  'browInner',
  'browOuter',
  'browSqueeze',
  'upperLid',
  'lowerLid',
  'cornerUp',
  'mouthWide',
  'mouthOpen',
  'teeth',
  'upperLipUp',
  'cheeks',
  'frown',
  'noseWrinkle',
  'jawDrop',
] as const satisfies readonly (keyof Movement)[];

/** The movement of an expression at the strength that the specification gives it. */
export function movementOf(spec: FaceSpec): Movement {
  const full = MOVEMENTS[spec.expression];
  const movement: Record<keyof Movement, number> = { ...STILL };
  for (const name of NAMES) movement[name] += (full[name] - STILL[name]) * spec.intensity;
  return movement;
}
