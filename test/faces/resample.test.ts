import { describe, expect, test } from 'vitest';
import { resampleSquare } from '../../src/kit/faces/resample.ts';
import type { Image } from '../../src/kit/images/index.ts';
import { drawn } from './data.ts';

const whole = ({ width, height }: Image) => ({ x: 0, y: 0, width, height });

/** The red plane, row by row. */
function redRows(image: Image, side: number, options: { place: 'centre' | 'corner'; spread?: number }): number[][] {
  const into = new Float32Array(3 * side * side);
  resampleSquare(image, whole(image), { side, into, ...options });
  return Array.from({ length: side }, (_, y) => [...into.subarray(y * side, (y + 1) * side)]);
}

describe("resampling is TensorFlow's bilinear resize without half-pixel centres", () => {
  // tf.image.resizeBilinear([[[0], [100]], [[40], [80]]], [4, 4], false, false) of TensorFlow.js 4.22.
  test('enlarging two by two to four by four', () => {
    const values = [
      [0, 100],
      [40, 80],
    ];
    const image = drawn(2, 2, (x, y) => [values[y]![x]!, 7, 9]);
    expect(redRows(image, 4, { place: 'corner' })).toEqual([
      [0, 50, 100, 100],
      [20, 55, 90, 90],
      [40, 60, 80, 80],
      [40, 60, 80, 80],
    ]);
  });

  test('reducing takes every other pixel and averages nothing', () => {
    const image = drawn(4, 4, (x, y) => [x * 10 + y, 0, 0]);
    expect(redRows(image, 2, { place: 'corner' })).toEqual([
      [0, 20],
      [2, 22],
    ]);
  });

  test('a tall image is padded with black: on the right at the corner, on both sides in the centre, the odd pixel on the right', () => {
    const image = drawn(2, 5, () => [50, 60, 70]);
    expect(redRows(image, 5, { place: 'corner' })[3]).toEqual([50, 50, 0, 0, 0]);
    expect(redRows(image, 5, { place: 'centre' })[3]).toEqual([0, 50, 50, 0, 0]);
    const wide = drawn(5, 2, () => [50, 60, 70]);
    expect(redRows(wide, 5, { place: 'centre' }).map(row => row[0])).toEqual([0, 50, 50, 0, 0]);
  });

  test('spread by three, the image is the ninth in the corner', () => {
    const rows = redRows(
      drawn(3, 3, () => [90, 0, 0]),
      9,
      { place: 'corner', spread: 3 },
    );
    expect(rows.flat().filter(value => value === 90).length).toBe(9);
    expect(rows[2]![2]).toBe(90);
    expect(rows[3]![3]).toBe(0);
  });

  test('the planes hold red, green and blue of a rectangle inside the image', () => {
    const image = drawn(6, 6, (x, y) => [x, 10 + y, 100]);
    const into = new Float32Array(3 * 4);
    resampleSquare(image, { x: 2, y: 3, width: 2, height: 2 }, { side: 2, place: 'centre', into });
    expect([...into]).toEqual([2, 3, 2, 3, 13, 13, 14, 14, 100, 100, 100, 100]);
  });
});
