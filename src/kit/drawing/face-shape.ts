import { type Movement, movementOf } from './movement.ts';
import { mirrored, type Path, type Points, smoothClosed } from './shapes.ts';
import type { FaceSpec } from './spec.ts';

/** The measures of one face in one expression, in head units (see `Pose`). */
export interface FaceShape extends Movement {
  /** 0 at 25 years and younger, 1 at 80. */
  readonly aged: number;
  /** Half of the greatest width. */
  readonly width: number;
  readonly outline: Path;
  readonly chin: number;
  readonly eyeX: number;
  readonly eyeY: number;
  readonly eyeWidth: number;
  readonly eyeOpen: number;
  readonly eyeTilt: number;
  readonly hood: number;
  readonly browY: number;
  readonly browThick: number;
  readonly browArch: number;
  readonly browTilt: number;
  readonly noseY: number;
  readonly noseWidth: number;
  readonly mouthY: number;
  readonly mouthWidth: number;
  readonly lipUpper: number;
  readonly lipLower: number;
  readonly lipBow: number;
  readonly ear: number;
  /** Height of the middle of the hairline. */
  readonly hairline: number;
  readonly volume: number;
  readonly neck: number;
}

function outlineOf(options: {
  readonly width: number;
  readonly jaw: number;
  readonly chinWidth: number;
  readonly chin: number;
  readonly cheek: number;
  readonly sag: number;
}): Path {
  const { width, jaw, chinWidth, chin, cheek, sag } = options;
  const half: Points = [
    [0.22, -1.105],
    [0.47, -1.0],
    [width * 0.86, -0.74],
    [width * 0.985, -0.36],
    [width * 0.985, 0.0],
    [width * (0.955 + cheek), 0.3],
    [jaw, 0.64 + 0.05 * sag],
    [jaw * 0.8 + 0.03 * sag, 0.84 + 0.04 * sag],
    [chinWidth, chin - 0.05],
  ];
  return smoothClosed([...half, [0, chin], ...mirrored(half), [0, -1.13]]);
}

/** Places the parts of a face: the usual form, moved by traits, gender presentation, age and expression. */
export function faceShape(spec: FaceSpec): FaceShape {
  const { traits: t, gender, age } = spec;
  const male = gender === 'male' ? 1 : 0;
  const female = 1 - male;
  const aged = Math.min(1, Math.max(0, (age - 25) / 55));
  const movement = movementOf(spec);
  const chin = 1.04 + 0.06 * male + 0.05 * t.faceLength + movement.jawDrop;
  const width = 0.78 + 0.045 * t.faceWidth + 0.012 * male;
  const jaw = width * (0.765 + 0.105 * male + 0.05 * t.jawWidth + 0.02 * aged);
  const mouthY = 0.65 + 0.022 * t.mouthHeight + 0.02 * t.noseLength + 0.035 * male;
  return {
    ...movement,
    aged,
    width,
    outline: outlineOf({
      width,
      jaw,
      chinWidth: 0.23 + 0.1 * male + 0.045 * t.chinWidth,
      chin,
      cheek: 0.03 * t.cheekbones - 0.01 * aged,
      sag: aged,
    }),
    chin,
    eyeX: 0.355 + 0.028 * t.eyeSpacing + 0.02 * t.faceWidth,
    eyeY: 0.02 + 0.03 * t.eyeHeight,
    eyeWidth: 0.156 + 0.013 * t.eyeSize + 0.028 * female,
    eyeOpen: 0.069 + 0.01 * t.eyeSize + 0.037 * female - 0.018 * aged,
    eyeTilt: 0.024 * t.eyeTilt + 0.026 * female - 0.014 - 0.02 * aged,
    hood: 0.5 + 0.5 * t.eyelids,
    browY: -0.18 - 0.022 * t.browHeight - 0.06 * female + 0.01 * aged,
    browThick: 0.098 + 0.018 * t.browThickness - 0.044 * female,
    browArch: 0.022 + 0.02 * t.browArch + 0.034 * female,
    browTilt: 0.02 * t.browTilt - 0.01 * male,
    noseY: 0.38 + 0.042 * t.noseLength + 0.02 * aged + 0.035 * male,
    noseWidth: 0.13 + 0.025 * t.noseWidth + 0.032 * male + 0.01 * aged,
    mouthY,
    mouthWidth: 0.245 + 0.028 * t.mouthWidth + 0.03 * male,
    lipUpper: (0.04 + 0.012 * t.lipFullness + 0.022 * female) * (1 - 0.4 * aged),
    lipLower: (0.055 + 0.016 * t.lipFullness + 0.028 * female) * (1 - 0.35 * aged),
    lipBow: 0.35 + 0.25 * t.lipBow,
    ear: (0.25 + 0.03 * t.earSize) * (1 + 0.14 * aged),
    hairline: -0.7 + 0.07 * t.hairline - 0.16 * male * Math.max(0, aged - 0.25),
    volume: 0.5 + 0.5 * t.hairVolume,
    neck: 0.38 + 0.13 * male + 0.03 * t.neckWidth,
  };
}
