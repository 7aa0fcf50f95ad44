import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hex } from '../../src/kit/drawing/colours.ts';
import { type RenderedFace, renderFace } from '../../src/kit/drawing/face.ts';
import { sampleFaces } from '../../src/kit/drawing/sample.ts';
import {
  BEARDS,
  EXPRESSIONS,
  FRAMES,
  GARMENTS,
  HAIR_COLOURS,
  HAIR_STYLES,
  MONK_COLOURS,
  REGIONS,
  type Region,
  SKIN_TONES,
} from '../../src/kit/drawing/spec.ts';
import { encodePng } from '../../src/kit/images/encode.ts';
import { portrait } from './faces.ts';

const has = (face: RenderedFace, region: Region): number =>
  face.mask.filter(value => REGIONS[value] === region).length / face.mask.length;

/** Mean difference of samples over the pixels that `where` holds. */
function difference(a: RenderedFace, b: RenderedFace, where: (x: number, y: number) => boolean = () => true): number {
  const size = a.image.width;
  let [sum, count] = [0, 0];
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      if (!where(x / size, y / size)) continue;
      count += 3;
      for (let k = 0; k < 3; k++) {
        const at = (y * size + x) * 3 + k;
        sum += Math.abs(a.image.data[at]! - b.image.data[at]!);
      }
    }
  }
  return sum / count;
}

describe('the same image everywhere', () => {
  // What the drawing promises; a change of these is a change of every data set, for the changelog:
  // for each size, sha256 over encodePng(renderFace(spec)) and the masks of sampleFaces({ n: 6, seed: 11 }).
  test.each([32, 64, 128, 256])('at %i pixels', async size => {
    const hash = createHash('sha256');
    for (const { spec } of sampleFaces({ n: 6, seed: 11 })) {
      const { image, mask } = renderFace(spec, { size });
      hash.update(await encodePng(image)).update(mask);
    }
    expect(hash.digest('hex')).toMatchSnapshot();
  });

  test('only what IEEE 754 rounds alike is used', () => {
    const folder = resolve(import.meta.dirname, '../../src/kit/drawing');
    const allowed = ['min', 'max', 'floor', 'ceil', 'round', 'abs', 'sqrt', 'PI'];
    const files = readdirSync(folder);
    expect(files.length).toBeGreaterThan(20);
    for (const file of files) {
      const text = readFileSync(join(folder, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '');
      for (const [, name] of text.matchAll(/\bMath\.(\w+)/g))
        expect(allowed, `${file} uses Math.${name}`).toContain(name);
      expect(text, `${file} uses **`).not.toMatch(/\*\*/);
      expect(text, `${file} reads a clock or a random source`).not.toMatch(/Math\.random|Date\b|performance/);
    }
  });
});

describe('every face', () => {
  test.each([31, 257, 64.5, Number.NaN])('a size of %s is refused', size => {
    expect(() => renderFace(portrait(0), { size })).toThrow(
      `"size" expected a whole number from 32 to 256, got ${size}`,
    );
  });

  test('has eyes, brows, nose, lips, skin, neck and clothes where a face has them', () => {
    for (let i = 0; i < 40; i++) {
      const face = renderFace(portrait(i, { hairStyle: 'short', beard: 'none' }), { size: 96 });
      const at = (x: number, y: number): string => REGIONS[face.mask[Math.round(y * 96) * 96 + Math.round(x * 96)]!]!;
      expect([at(0.02, 0.02), at(0.22, 0.99)], `face ${i}`).toEqual(['background', 'clothes']);
      expect(at(0.5, 0.37), `face ${i}`).toBe('skin');
      expect(at(0.5, 0.6), `face ${i}`).toBe('nose');
      for (const region of ['eye', 'brow', 'nose', 'lips', 'skin', 'neck', 'clothes', 'hair', 'ear'] as const) {
        expect(has(face, region), `face ${i} has ${region}`).toBeGreaterThan(0.0002);
      }
      expect(has(face, 'skin'), `face ${i}`).toBeGreaterThan(0.12);
    }
  });

  test('is drawn in every combination of style, expression and pose, without a hole', () => {
    const size = 48;
    let i = 0;
    for (const hairStyle of HAIR_STYLES) {
      for (const expression of EXPRESSIONS) {
        const spec = portrait(i, {
          hairStyle,
          expression,
          yaw: [-35, -12, 0, 20, 35][i % 5]!,
          pitch: [-20, 0, 20][i % 3]!,
          roll: [-20, 20, 0, 8][i % 4]!,
          glasses: i % 2 ? 'yes' : 'no',
          frame: FRAMES[i % 3]!,
          garment: GARMENTS[i % 5]!,
          beard: BEARDS[i % 5]!,
          hairColour: HAIR_COLOURS[i % 5]!,
        });
        const face = renderFace(spec, { size });
        expect(face.image.data.length).toBe(size * size * 3);
        expect(face.mask.every(region => region < REGIONS.length)).toBe(true);
        expect(has(face, 'skin') + has(face, 'beard'), `${hairStyle} ${expression}`).toBeGreaterThan(0.08);
        expect(has(face, 'eye'), `${hairStyle} ${expression}`).toBeGreaterThan(0);
        i++;
      }
    }
  });
});

describe('what is labelled can be seen at 64 pixels', () => {
  const size = 64;
  const people = [0, 3, 7, 12, 18, 25];
  const faceOnly = (x: number, y: number): boolean => x > 0.25 && x < 0.75 && y > 0.25 && y < 0.8;

  test.each([
    ['age', { age: 22 }, { age: 80 }, 4],
    ['gender', { gender: 'male', makeup: 0 }, { gender: 'female', makeup: 0.6 }, 5],
    ['glasses', { glasses: 'no' }, { glasses: 'yes' }, 3],
    ['yaw', { yaw: -20 }, { yaw: 20 }, 10],
    ['pitch', { pitch: -12 }, { pitch: 12 }, 6],
    ['roll', { roll: -10 }, { roll: 10 }, 10],
    ['identity', {}, { traits: portrait(39).traits }, 3],
  ] as const)('%s', (_, one, other, least) => {
    for (const i of people) {
      const [a, b] = [one, other].map(change => renderFace(portrait(i, { beard: 'none', ...change }), { size }));
      expect(difference(a!, b!, faceOnly), `person ${i}`).toBeGreaterThan(least);
    }
  });

  test('every two expressions differ', () => {
    for (const i of people.slice(0, 3)) {
      const faces = EXPRESSIONS.map(expression => renderFace(portrait(i, { expression }), { size }));
      const least = Math.min(...faces.flatMap((a, k) => faces.slice(k + 1).map(b => difference(a, b, faceOnly))));
      expect(least, `person ${i}`).toBeGreaterThan(1.2);
    }
  });

  test('hair styles and colours', () => {
    const changed = (a: RenderedFace, b: RenderedFace): number =>
      a.image.data.filter((value, i) => Math.abs(value - b.image.data[i]!) > 24).length;
    const look = { background: ['#f3e9dc', '#d9c3a9'], hairColour: 'brown' } as const;
    const styles = HAIR_STYLES.map(hairStyle => renderFace(portrait(4, { ...look, hairStyle }), { size }));
    const colours = HAIR_COLOURS.map(hairColour =>
      renderFace(portrait(4, { ...look, hairColour, hairStyle: 'bob', hairShade: 0 }), { size }),
    );
    for (const faces of [styles, colours]) {
      const least = Math.min(...faces.flatMap((a, k) => faces.slice(k + 1).map(b => changed(a, b))));
      expect(least).toBeGreaterThan(40);
    }
  });

  test('the skin tone is the published colour: it can be read back', () => {
    for (const [tone, skinTone] of SKIN_TONES.entries()) {
      for (const i of people) {
        const face = renderFace(portrait(i, { skinTone, hairStyle: 'short', beard: 'none' }), { size });
        const skin = REGIONS.indexOf('skin');
        const median = [0, 1, 2].map(k => {
          const values: number[] = [];
          face.mask.forEach((region, at) => {
            if (region === skin) values.push(face.image.data[at * 3 + k]!);
          });
          return values.sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
        });
        const distances = SKIN_TONES.map(name => {
          const colour = hex(MONK_COLOURS[name]);
          return median.reduce((sum, value, k) => sum + (value - colour[k]!) ** 2, 0);
        });
        const nearest = distances.indexOf(Math.min(...distances));
        // The tones 1 to 3 lie 8 levels apart, less than the light takes away.
        expect(
          Math.abs(nearest - tone),
          `person ${i} in ${skinTone} reads as ${SKIN_TONES[nearest]}`,
        ).toBeLessThanOrEqual(tone < 4 ? 3 : 1);
      }
    }
  });

  test('one person in two images is more alike than two people in one', () => {
    const bald = {
      hairStyle: 'bald',
      beard: 'none',
      skinTone: 'monk-5',
      gender: 'female',
      age: 30,
      makeup: 0.3,
    } as const;
    const eyes = (x: number, y: number): boolean => x > 0.3 && x < 0.7 && y > 0.4 && y < 0.75;
    const pairs = [1, 5, 9, 13, 17, 21].map(i => {
      const here = renderFace(portrait(i, { ...bald, light: [0.3, 0.5] }), { size });
      const there = renderFace(portrait(i, { ...bald, light: [-0.3, 0.2], garment: 'hoodie' }), { size });
      const other = renderFace(portrait(i + 1, { ...bald, light: [0.3, 0.5] }), { size });
      return difference(here, there, eyes) < difference(here, other, eyes);
    });
    expect(pairs.filter(Boolean).length).toBeGreaterThanOrEqual(5);
  });
});
