import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseOfficial } from '../../src/jobs/bench/parse/index.ts';
import { labelOptions } from '../../src/jobs/bench/read/raw-question.ts';

const label = (raw: string, texts: readonly string[]): string | null => {
  const parsed = parseOfficial(raw, labelOptions(texts));
  return parsed.kind === 'label' ? parsed.label : null;
};
const images = ['Image 1', 'Image 2', 'Image 4', 'Image 1 and Image 2'];

describe('official parser', () => {
  // What the release's rules do to real replies, right or not (facts on FaceXBench, §3).
  test.each([
    ['A closer look at the pictures shows that the answer is C.', 'A'],
    ['I compare with person A. The answer is D.', 'A'],
    ['<think>A vs B</think>D', 'A'],
    ['b', null],
    ['The correct one is Image 1 and Image 2', 'A'],
  ])('%j gives %j', (raw, expected) => {
    expect(label(raw, images)).toBe(expected);
  });

  test('takes a number that is part of another', () => {
    expect(label('I count 12', ['1', '2', '3', '4'])).toBe('A');
    expect(label('I count 12', ['12', '1', '3', '4'])).toBe('A');
  });

  test('a label the question does not have is no answer', () => {
    expect(label('C', ['Yes', 'No'])).toBeNull();
    expect(label('E', images)).toBeNull();
  });

  // 600 random replies through CPython 3's `re` with the six shapes, `random.Random(7)`: pieces such as "(A)", "Option  c", "Aé",
  // "\x1c", "\ufeff", "B²" joined at random.
  const fixture = z
    .object({
      options: z.array(z.array(z.string())),
      cases: z.array(z.tuple([z.string(), z.number(), z.string().nullable()])),
    })
    .parse(JSON.parse(readFileSync(new URL('./fixtures/official-parser.json', import.meta.url), 'utf8')));

  test('agrees with Python on every reply', () => {
    const differing = fixture.cases.filter(([raw, i, expected]) => label(raw, fixture.options[i]!) !== expected);
    expect(differing).toEqual([]);
    expect(fixture.cases.filter(([, , expected]) => expected === null).length).toBeGreaterThan(50);
  });
});
