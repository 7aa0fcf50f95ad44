import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { coverageOf, createCanvas, fill, glow, samplesOf } from '../../src/kit/drawing/raster.ts';
import { brush, direction, ellipse, smoothClosed, smoothOpen, turn, withHole } from '../../src/kit/drawing/shapes.ts';

const SIZE = 32;

/** Area of a polygon by the shoelace formula. */
function area(path: readonly number[]): number {
  let twice = 0;
  for (let i = 0; i < path.length; i += 2) {
    const j = (i + 2) % path.length;
    twice += path[i]! * path[j + 1]! - path[j]! * path[i + 1]!;
  }
  return Math.abs(twice) / 2;
}

const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);
const coordinate = fc.double({ min: -20, max: 52, noNaN: true });

describe('coverage', () => {
  test('of a triangle inside the image is its area', () => {
    const inside = fc.double({ min: 0, max: SIZE, noNaN: true });
    fc.assert(
      fc.property(fc.tuple(inside, inside, inside, inside, inside, inside), triangle => {
        // What covers less than 1/500 of a pixel is not painted.
        expect(Math.abs(sum(coverageOf(createCanvas(SIZE), triangle)) - area(triangle))).toBeLessThan(0.1);
      }),
    );
  });

  test('of any triangle is what a fine grid of points counts', () => {
    const holds = (t: readonly number[], x: number, y: number): boolean => {
      const side = (a: number, b: number): number => {
        const [ax, ay, bx, by] = [t[2 * a]!, t[2 * a + 1]!, t[2 * b]!, t[2 * b + 1]!];
        return (bx - ax) * (y - ay) - (by - ay) * (x - ax);
      };
      const signs = [side(0, 1), side(1, 2), side(2, 0)];
      return signs.every(s => s >= 0) || signs.every(s => s <= 0);
    };
    fc.assert(
      fc.property(fc.tuple(coordinate, coordinate, coordinate, coordinate, coordinate, coordinate), triangle => {
        fc.pre(area(triangle) > 1e-6);
        const map = coverageOf(createCanvas(SIZE), triangle);
        for (const at of [0, 17, 333, 520, 777, 1023]) {
          let hits = 0;
          for (let i = 0; i < 1600; i++) {
            const x = (at % SIZE) + ((i % 40) + 0.5) / 40;
            const y = Math.floor(at / SIZE) + (Math.floor(i / 40) + 0.5) / 40;
            if (holds(triangle, x, y)) hits++;
          }
          // 40 × 40 points miss the area of a pixel by at most the cells that the two edges cut.
          expect(Math.abs(map[at]! - hits / 1600)).toBeLessThan(0.09);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('does not depend on the sense of winding, and leaves the scratch clean', () => {
    const canvas = createCanvas(SIZE);
    const disc = ellipse(15.3, 16.1, 9.7, 6.2);
    const backwards = disc.flatMap((_, i) =>
      i % 2 === 0 ? [disc[disc.length - 2 - i]!, disc[disc.length - 1 - i]!] : [],
    );
    const once = coverageOf(canvas, disc);
    const again = coverageOf(canvas, backwards);
    for (const [i, value] of again.entries()) expect(value).toBeCloseTo(once[i]!, 5);
    expect(sum(canvas.cover)).toBe(0);
  });

  test('a hole is cut out and its bridge leaves no trace', () => {
    const square = (half: number): number[] => [
      16 - half,
      16 - half,
      16 + half,
      16 - half,
      16 + half,
      16 + half,
      16 - half,
      16 + half,
    ];
    const map = coverageOf(createCanvas(SIZE), withHole(square(10), square(5)));
    expect(sum(map)).toBeCloseTo(400 - 100, 3);
    expect(map[16 * SIZE + 16]).toBe(0);
    expect(map[7 * SIZE + 7]).toBe(1);
    expect(map[8 * SIZE + 9]).toBeCloseTo(1, 5);
  });

  test('a soft edge keeps the area and spreads it', () => {
    const disc = ellipse(16, 16, 6, 6);
    const sharp = coverageOf(createCanvas(SIZE), disc);
    const soft = coverageOf(createCanvas(SIZE), disc, { soft: 5 });
    expect(sum(soft)).toBeCloseTo(sum(sharp), 0);
    expect(soft.filter(value => value > 0.01 && value < 0.99).length).toBeGreaterThan(
      2 * sharp.filter(value => value > 0.01 && value < 0.99).length,
    );
  });
});

describe('painting', () => {
  test('a shape off the image paints nothing', () => {
    const canvas = createCanvas(SIZE);
    for (const [x, y] of [
      [-40, 10],
      [80, 10],
      [10, -40],
      [10, 80],
    ] as const) {
      fill(canvas, ellipse(x, y, 9, 9), { paint: [255, 255, 255], region: 3 });
      glow(canvas, { x, y, radiusX: 9, radiusY: 9, colour: [255, 255, 255], alpha: 1 });
    }
    expect(sum(canvas.colours)).toBe(0);
    expect(canvas.regions.every(region => region === 0)).toBe(true);
  });

  test('alpha mixes, clips bound, regions follow the larger half', () => {
    const canvas = createCanvas(SIZE);
    const clip = new Float32Array(SIZE * SIZE).fill(1).fill(0, 0, (SIZE * SIZE) / 2);
    fill(canvas, [0, 0, 8.4, 0, 8.4, 32, 0, 32], { paint: [200, 100, 50], alpha: 0.5, clip, region: 7 });
    const at = (x: number, y: number): number[] => [
      ...samplesOf(canvas).subarray((y * SIZE + x) * 3, (y * SIZE + x) * 3 + 3),
    ];
    expect([at(3, 3), at(3, 20), at(8, 20)]).toEqual([
      [0, 0, 0],
      [100, 50, 25],
      [40, 20, 10],
    ]);
    expect([canvas.regions[3 * SIZE + 3], canvas.regions[20 * SIZE + 3], canvas.regions[20 * SIZE + 8]]).toEqual([
      0, 7, 0,
    ]);
  });

  test('a glow is strongest at its centre and gone at its radius', () => {
    const canvas = createCanvas(SIZE);
    glow(canvas, { x: 16.5, y: 16.5, radiusX: 8, radiusY: 4, axis: [0, 1], colour: [255, 255, 255], alpha: 1 });
    const red = (x: number, y: number): number => canvas.colours[(y * SIZE + x) * 3]!;
    expect(red(16, 16)).toBe(255);
    // The axis points down: the long radius lies along the columns.
    expect(red(16, 22)).toBeGreaterThan(30);
    expect(red(22, 16)).toBe(0);
    expect(red(16, 20)).toBeCloseTo(255 * (1 - 0.25) ** 2, 3);
  });
});

describe('shapes', () => {
  test('turn is cosine and sine', () => {
    for (let degrees = -90; degrees <= 90; degrees += 3.7) {
      const [c, s] = turn(degrees);
      expect(c).toBeCloseTo(Math.cos((degrees * Math.PI) / 180), 7);
      expect(s).toBeCloseTo(Math.sin((degrees * Math.PI) / 180), 7);
    }
    for (let degrees = -720; degrees <= 720; degrees += 41.3) {
      const [c, s] = direction(degrees);
      expect(c).toBeCloseTo(Math.cos((degrees * Math.PI) / 180), 7);
      expect(s).toBeCloseTo(Math.sin((degrees * Math.PI) / 180), 7);
    }
  });

  test('smooth curves pass through their points', () => {
    const points = [
      [0, 0],
      [3, 5],
      [9, 2],
      [4, -6],
    ] as const;
    const passes = (path: readonly number[]): boolean =>
      points.every(([x, y]) => path.some((value, i) => i % 2 === 0 && value === x && path[i + 1] === y));
    expect(passes(smoothOpen(points))).toBe(true);
    expect(passes(smoothClosed(points))).toBe(true);
  });

  test('a brush stroke is as wide as it says', () => {
    const line = [0, 0, 10, 0, 20, 0];
    expect(area(brush(line, [4, 4]))).toBeCloseTo(80, 9);
    expect(area(brush(line, [0, 4]))).toBeCloseTo(40, 9);
  });
});
