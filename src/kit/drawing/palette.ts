import type { Rgb } from '../images/crop.ts';
import { hex, lightness, mix, scale } from './colours.ts';
import { type FaceSpec, type HairColour, MONK_COLOURS } from './spec.ts';

/** The colours that one skin takes on in light and shade. */
export interface SkinPalette {
  /** The tone itself, as the scale publishes it. */
  readonly base: Rgb;
  readonly light: Rgb;
  readonly shade: Rgb;
  /** Creases and cast shadows. */
  readonly deep: Rgb;
  /** Nostrils, lid lines: darker than any shade. */
  readonly line: Rgb;
  readonly blush: Rgb;
  readonly lip: Rgb;
}

export interface HairPalette {
  readonly base: Rgb;
  readonly light: Rgb;
  readonly dark: Rgb;
}

/** Shade of skin is warmer than skin, since light that goes through it comes out red; dark skin shines more than it glows. */
export function skinPalette(spec: FaceSpec): SkinPalette {
  const base = hex(MONK_COLOURS[spec.skinTone]);
  const fair = lightness(base);
  const lipTint: Rgb = mix([100, 54, 50], [205, 92, 92], fair);
  const natural = mix(base, lipTint, (spec.gender === 'female' ? 0.44 : 0.26) + 0.1 * fair);
  const painted: Rgb = mix([98, 34, 48], [196, 44, 66], fair);
  return {
    base,
    light: mix(base, mix([224, 158, 116], [255, 248, 238], fair), 0.44),
    shade: scale(base, [0.86, 0.73 + 0.03 * fair, 0.66 + 0.05 * fair]),
    deep: scale(base, [0.68, 0.5, 0.42]),
    line: scale(mix(base, [90, 40, 30], 0.55), [0.5, 0.42, 0.42]),
    blush: mix(base, mix([104, 50, 38], [232, 106, 96], fair), 0.55),
    lip: mix(natural, painted, (0.42 + 0.2 * fair) * spec.makeup),
  };
}

const HAIR: Readonly<Record<HairColour, readonly [Rgb, Rgb]>> = {
  black: [
    [22, 18, 20],
    [48, 38, 36],
  ],
  brown: [
    [64, 40, 26],
    [122, 80, 50],
  ],
  blond: [
    [182, 138, 78],
    [232, 202, 140],
  ],
  red: [
    [128, 50, 22],
    [196, 94, 44],
  ],
  grey: [
    [138, 136, 136],
    [226, 224, 220],
  ],
};

export function hairPalette(spec: FaceSpec): HairPalette {
  const [dark, light] = HAIR[spec.hairColour];
  // Grey hair whitens with the years.
  const whiter = spec.hairColour === 'grey' ? Math.min(1, Math.max(0, (spec.age - 45) / 40)) : 0;
  const base = mix(dark, light, Math.min(1, 0.5 + 0.5 * spec.hairShade * (1 - whiter) + 0.5 * whiter));
  return {
    base,
    light: mix(base, [255, 236, 210], 0.16 + 0.14 * lightness(base)),
    dark: scale(base, [0.66, 0.62, 0.6]),
  };
}
