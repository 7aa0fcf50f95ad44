import { describe, expect, test } from 'vitest';
import { parseCount, parsePictures, parseRange, readOptions } from '../../../src/jobs/bench/specialist/option-forms.ts';
import { countDistribution } from '../../../src/jobs/bench/specialist/verdict.ts';

describe('options as they are written', () => {
  test.each([
    ['3', 3],
    ['Three', 3],
    ['2 images', 2],
    ['None', 0],
    ['Zero', 0],
    ['None of the above', null],
    ['Male', null],
    ['Images 1 and 2', null],
  ])('count %s', (text, count) => {
    expect(parseCount(text)).toBe(count);
  });

  test.each([
    ['20-29', 20, 29],
    ['22 to 26', 22, 26],
    ['-10° to 0°', -10, 0],
    ['[-20, -10]', -20, -10],
    ['-100 - -90', -100, -90],
    ['−30° to −20°', -30, -20],
    ['70+', 70, Infinity],
    ['more than 70', 70, Infinity],
    ['70 and above', 70, Infinity],
    ['under 3', -Infinity, 3],
  ])('range %s', (text, low, high) => {
    expect(parseRange(text)).toEqual({ low, high });
  });

  test.each([
    ['Image 1 and Image 3', [0, 2]],
    ['Images 2, 4', [1, 3]],
    ['Images 1, 2, and 4', [0, 1, 3]],
    ['the second image', [1]],
    ['Only image 4', [3]],
    ['All images', [0, 1, 2, 3]],
    ['All of the images', [0, 1, 2, 3]],
    ['None', []],
    ['No images', []],
    ['3 > 1 > 2', [2, 0, 1]],
    ['None of the above', null],
    ['Image 9', null],
    ['A young man', null],
  ])('pictures %s', (text, pictures) => {
    expect(parsePictures(text, 4)).toEqual(pictures);
  });

  const kind = (pictures: number, ...texts: string[]) =>
    readOptions(
      texts.map((text, i) => ({ label: 'ABCD'[i]!, text })),
      pictures,
    ).kind;
  test('what the options are together', () => {
    expect(kind(4, '1', '2', '3', '4')).toBe('counts');
    expect(kind(4, 'Image 1', 'Image 2', 'Image 3', 'None of the above')).toBe('pictures');
    expect(kind(1, '20-29', '30-39', '40-49', '70+')).toBe('ranges');
    expect(kind(4, '1, 2', '2, 3', '3, 4', '1, 4')).toBe('pictures');
    expect(kind(2, 'Yes', 'No', 'Cannot tell', 'None of the above')).toBe('yes-no');
    expect(kind(1, 'Male', 'Female', 'Both', 'None')).toBe('words');
    expect(kind(1, '22 to 26', '27 to 31', '32 to 36', '37 to 41')).toBe('ranges');
  });
});

test('the number of successes among unequal trials', () => {
  // By hand for p = 0.5, 0.2: none 0.4, one 0.5, both 0.1.
  const distribution = countDistribution([0.5, 0.2]);
  for (const [k, p] of [0.4, 0.5, 0.1].entries()) expect(distribution[k]).toBeCloseTo(p, 12);
});
