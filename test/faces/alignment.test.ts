import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  attributeBox,
  boxAround,
  clipToImage,
  embeddingBox,
  fivePoints,
  placeLandmarks,
} from '../../src/kit/faces/alignment.ts';
import { fitSimilarity, warpImage, warpToTemplate } from '../../src/kit/faces/warp.ts';
import { drawn } from './data.ts';

/** 68 points with eyes at (40, 50) and (60, 50), mouth at (50, 80), nose tip at (50, 66), the rest on the jaw's corners. */
function plainFace(): Float32Array {
  const points: [number, number][] = Array.from({ length: 68 }, (_, i) => (i % 2 === 0 ? [30, 40] : [70, 95]));
  for (let i = 36; i < 42; i++) points[i] = [40, 50];
  for (let i = 42; i < 48; i++) points[i] = [60, 50];
  for (let i = 48; i < 68; i++) points[i] = [50, 80];
  points[30] = [50, 66];
  return Float32Array.from(points.flat());
}

describe('boxes', () => {
  test('a box is clipped to whole pixels inside the image', () => {
    const image = { width: 100, height: 80 };
    expect(clipToImage({ x: 10.7, y: 5.2, width: 20.9, height: 30.3 }, image)).toEqual({
      x: 10,
      y: 5,
      width: 20,
      height: 30,
    });
    expect(clipToImage({ x: -5.5, y: 70.5, width: 20, height: 30 }, image)).toEqual({
      x: 0,
      y: 70,
      width: 14,
      height: 9,
    });
    expect(clipToImage({ x: 100, y: 0, width: 5, height: 5 }, image)).toBeUndefined();
    expect(clipToImage({ x: -9, y: 0, width: 9.5, height: 5 }, image)).toBeUndefined();
  });

  test('a clipped box lies inside the image and inside the box', () => {
    const span = fc.double({ min: -200, max: 300, noNaN: true });
    const length = fc.double({ min: 0, max: 300, noNaN: true });
    fc.assert(
      fc.property(span, span, length, length, (x, y, width, height) => {
        const rect = clipToImage({ x, y, width, height }, { width: 120, height: 90 });
        if (rect === undefined) return;
        expect(Object.values(rect).every(Number.isInteger)).toBe(true);
        expect(rect.x).toBeGreaterThanOrEqual(0);
        expect(rect.x + rect.width).toBeLessThanOrEqual(120);
        expect(rect.y + rect.height).toBeLessThanOrEqual(90);
        expect(rect.x + rect.width).toBeLessThanOrEqual(Math.ceil(x + width));
      }),
    );
  });

  test('the attribute box is the landmarks with a tenth more on each side', () => {
    const box = attributeBox(plainFace());
    expect(box.x).toBeCloseTo(26);
    expect(box.y).toBeCloseTo(34.5);
    expect(box.width).toBeCloseTo(48);
    expect(box.height).toBeCloseTo(66);
    expect(boxAround(Float32Array.of(3, 4, 3, 4), 0.2)).toEqual({ x: 3, y: 4, width: 0, height: 0 });
  });

  test('the embedding box follows dlib: side = eye-to-mouth distance / 0.45, centre at (0.5, 0.43)', () => {
    // Both eyes are √(10² + 30²) = 31.62 from the mouth: side ⌊70.27⌋; the mean of the three is (50, 60).
    expect(embeddingBox(plainFace(), { x: 0, y: 0, width: 200, height: 200 })).toEqual({
      x: 15,
      y: 29,
      width: 70,
      height: 70,
    });
    // The original pipeline limits the side by the crop that the landmarks were found in plus the box's own corner.
    expect(embeddingBox(plainFace(), { x: 9, y: 9, width: 40, height: 30 })).toEqual({
      x: 15,
      y: 29,
      width: 55,
      height: 59,
    });
  });

  test('landmarks of a crop centred in a square are shifted by its padding and the box corner', () => {
    const box = { x: 100.5, y: 50.25, width: 60, height: 40 };
    const placed = placeLandmarks(Float32Array.of(0.5, 0.5, 0, 1), { x: 100, y: 50, width: 60, height: 40 }, box);
    expect([...placed]).toEqual([130.5, 70.25, 100.5, 100.25]);
  });
});

describe('warping', () => {
  const point = fc.record({
    x: fc.double({ min: -50, max: 50, noNaN: true }),
    y: fc.double({ min: -50, max: 50, noNaN: true }),
  });

  test('a fit recovers the similarity that made the points', () => {
    const parameter = fc.double({ min: -3, max: 3, noNaN: true });
    fc.assert(
      fc.property(
        fc.array(point, { minLength: 5, maxLength: 5 }),
        parameter,
        parameter,
        point,
        (points, a, b, shift) => {
          fc.pre(Math.hypot(points[0]!.x - points[1]!.x, points[0]!.y - points[1]!.y) > 1);
          const moved = points.map(({ x, y }) => ({ x: a * x - b * y + shift.x, y: b * x + a * y + shift.y }));
          const fit = fitSimilarity(points, moved);
          expect(fit.a).toBeCloseTo(a, 6);
          expect(fit.b).toBeCloseTo(b, 6);
          expect(fit.tx).toBeCloseTo(shift.x, 5);
          expect(fit.ty).toBeCloseTo(shift.y, 5);
        },
      ),
    );
  });

  test('a fit never mirrors: mirrored points leave a residual', () => {
    const points = [
      { x: 0, y: 0 },
      { x: 1, y: 0 },
      { x: 0, y: 2 },
    ];
    const { a, b } = fitSimilarity(
      points,
      points.map(({ x, y }) => ({ x: -x, y })),
    );
    expect(Math.hypot(a, b)).toBeLessThan(0.9);
  });

  test('an identity warp copies, a shift by half a pixel mixes, outside is black', () => {
    const image = drawn(4, 1, x => [x * 40, 0, 200]);
    const size = { width: 4, height: 1 };
    expect([...warpImage(image, { a: 1, b: 0, tx: 0, ty: 0 }, size).data]).toEqual([...image.data]);
    const shifted = warpImage(image, { a: 1, b: 0, tx: 0.5, ty: 0 }, size);
    expect([0, 1, 2, 3].map(x => shifted.data[x * 3])).toEqual([0, 20, 60, 100]);
    expect(shifted.data[2]).toBe(100);
  });

  test('the five points of a face land on the template', () => {
    const landmarks = plainFace();
    // A white dot at the left eye; everything else is black.
    const image = drawn(100, 100, (x, y) =>
      Math.abs(x - 40) <= 1 && Math.abs(y - 50) <= 1 ? [255, 255, 255] : [0, 0, 0],
    );
    const { data, width } = warpToTemplate(image, landmarks, { width: 112, height: 112 });
    let [sum, sumX, sumY] = [0, 0, 0];
    for (let i = 0; i < data.length; i += 3) {
      sum += data[i]!;
      sumX += data[i]! * ((i / 3) % width);
      sumY += data[i]! * Math.floor(i / 3 / width);
    }
    expect(fivePoints(landmarks)[2]).toEqual({ x: 50, y: 66 });
    // The mouth's corners coincide in this face, so the fit is off the template by a little.
    expect(sumX / sum).toBeCloseTo(38.3, -1);
    expect(sumY / sum).toBeCloseTo(51.7, -1);
  });
});
