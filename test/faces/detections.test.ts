import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Detection,
  decodeDetections,
  largestFirst,
  overlapOf,
  suppressOverlaps,
} from '../../src/kit/faces/detections.ts';

const image = { width: 512, height: 512 };
const logit = (p: number) => Math.log(p / (1 - p));

describe('decoding', () => {
  // A prior from (0.2, 0.3) to (0.4, 0.7) (top, left … bottom, right): 0.2 tall, 0.4 wide, centre (0.3, 0.5).
  const priors = Float32Array.of(0.2, 0.3, 0.4, 0.7);

  test('a box is its prior, moved by tenths of its size and scaled by e^(v/5)', () => {
    const values = Float32Array.of(5, -2.5, 5 * Math.log(1.5), 5 * Math.log(0.5), logit(0.9));
    const [face] = decodeDetections(values, { priors, minScore: 0.5, image, spread: 1 });
    // Centre (0.3 + 0.5·0.2, 0.5 − 0.25·0.4) = (0.4, 0.4); height 0.3, width 0.2.
    expect(face!.score).toBeCloseTo(0.9, 6);
    expect(face!.box.x / 512).toBeCloseTo(0.3, 6);
    expect(face!.box.y / 512).toBeCloseTo(0.25, 6);
    expect(face!.box.width / 512).toBeCloseTo(0.2, 6);
    expect(face!.box.height / 512).toBeCloseTo(0.3, 6);
  });

  test('the score must be above the least one', () => {
    const at = (p: number) =>
      decodeDetections(Float32Array.of(0, 0, 0, 0, logit(p)), { priors, minScore: 0.7, image, spread: 1 });
    expect(at(0.69)).toEqual([]);
    expect(at(0.71)).toHaveLength(1);
  });

  test('shares are of the padded square: the box of a wide image', () => {
    const values = Float32Array.of(0, 0, 0, 0, 3);
    const [face] = decodeDetections(values, { priors, minScore: 0.5, image: { width: 1024, height: 512 }, spread: 1 });
    expect(face!.box.x).toBeCloseTo(0.3 * 1024, 3);
    expect(face!.box.height).toBeCloseTo(0.2 * 1024, 3);
  });

  test('a box of a spread image is as many times larger, and one in the black is dropped', () => {
    const values = Float32Array.of(0, 0, 0, 0, 3);
    const small = Float32Array.of(0.1, 0.1, 0.2, 0.2);
    const [face] = decodeDetections(values, {
      priors: small,
      minScore: 0.5,
      image: { width: 100, height: 60 },
      spread: 3,
    });
    expect(face!.box.x).toBeCloseTo(30, 4);
    expect(face!.box.width).toBeCloseTo(30, 4);
    expect(decodeDetections(values, { priors, minScore: 0.5, image: { width: 40, height: 100 }, spread: 3 })).toEqual(
      [],
    );
  });
});

describe('suppression', () => {
  const detection = fc.record({
    score: fc.double({ min: 0.01, max: 1, noNaN: true }),
    box: fc.record({
      x: fc.nat(100),
      y: fc.nat(100),
      width: fc.integer({ min: 1, max: 60 }),
      height: fc.integer({ min: 1, max: 60 }),
    }),
  });

  test('what is kept overlaps by at most half, and what is dropped overlaps something better by more', () => {
    fc.assert(
      fc.property(fc.array(detection, { maxLength: 40 }), candidates => {
        const kept = suppressOverlaps(candidates);
        const clashes = (face: Detection, other: Detection) => overlapOf(face.box, other.box) > 0.5;
        kept.forEach((face, i) => {
          expect(kept.slice(i + 1).some(other => clashes(face, other))).toBe(false);
        });
        for (const face of candidates.filter(candidate => !kept.includes(candidate))) {
          expect(kept.some(other => other.score >= face.score && clashes(face, other))).toBe(true);
        }
      }),
    );
  });

  test('no more than a hundred faces are kept', () => {
    const many = Array.from({ length: 150 }, (_, i) => ({
      score: 0.5 + i / 1000,
      box: { x: i * 10, y: 0, width: 9, height: 9 },
    }));
    const kept = suppressOverlaps(many);
    expect(kept).toHaveLength(100);
    expect(Math.min(...kept.map(face => face.score))).toBeCloseTo(0.55);
  });

  test('overlap is intersection over union', () => {
    expect(overlapOf({ x: 0, y: 0, width: 10, height: 10 }, { x: 5, y: 0, width: 10, height: 10 })).toBeCloseTo(1 / 3);
    expect(overlapOf({ x: 0, y: 0, width: 10, height: 10 }, { x: 10, y: 0, width: 10, height: 10 })).toBe(0);
  });

  test('faces come largest first, then by score', () => {
    const of = (side: number, score: number) => ({ score, box: { x: 0, y: 0, width: side, height: side } });
    const sorted = largestFirst([of(3, 0.9), of(5, 0.6), of(5, 0.8)]);
    expect(sorted.map(({ box, score }) => [box.width, score])).toEqual([
      [5, 0.8],
      [5, 0.6],
      [3, 0.9],
    ]);
  });
});
