import { describe, expect, test } from 'vitest';
import { canonicalText, foldText, imageList } from '../../src/jobs/bench/canonical.ts';
import { parseOfficial, parseStrict } from '../../src/jobs/bench/index.ts';
import { findRefusal } from '../../src/jobs/bench/parse/refusal.ts';
import { stripReasoning } from '../../src/jobs/bench/parse/strip-reasoning.ts';
import { sizeFromName } from '../../src/jobs/bench/reference.ts';
import {
  isNoneOfTheAbove,
  parseCount,
  parsePictures,
  parseRange,
} from '../../src/jobs/bench/specialist/option-forms.ts';

const options = ['Image 1', 'Image 1 and Image 2', 'Male', 'None of the above'].map((text, i) => ({
  label: 'ABCD'[i]!,
  text,
}));

/** What makes a regular expression with two ways to read the same text try them all. */
const PUMPS = [
  ...' \n\t\u00a0\u2028_-*#`$\'"()[]{}<>\\/|.,;:!?=&+0A\u0301é男',
  ' \n',
  ' a',
  'éa',
  'A,',
  'A and ',
  'A,and ',
  'A and and ',
  '(A) ',
  '("',
  '""A',
  'Image 1 and ',
  'image 12345',
  'male ',
  'sorry ',
  'as an ai ',
  'i cannot ',
  'answer is ',
  'answer: ',
  'i will therefore ',
  'the the ',
  'A is the ',
  'therefore, ',
  '<b>',
  '<think>',
  '</think>',
  '<answer>',
  '\\boxed{',
  '\\text{',
  '"answer":"',
  '**a',
  '__a',
  '\u001b[1',
  'option A ',
  'none ',
  'unique ',
  ', ',
  '- ',
  '1-',
  '1 to ',
  '7 years ',
  '抱歉',
];
const LENGTH = 300_000;

/** A long text between two others; a reader that looks at every pair of places would not come back. */
const texts = (pump: string): string[] =>
  ['', 'A', 'The answer is '].flatMap(start =>
    ['', '!', '\u0000'].map(end => start + pump.repeat(Math.ceil(LENGTH / pump.length)) + end),
  );

describe.each(PUMPS.map(pump => [JSON.stringify(pump), pump]))('300 kB of %s', (_, pump) => {
  test('is read in time proportional to its length', () => {
    for (const text of texts(pump)) {
      for (const read of [parseStrict, parseOfficial]) expect(read(text, options).how.length).toBeLessThan(LENGTH);
      stripReasoning(text);
    }
    const [text = ''] = texts(pump);
    // Questions and options are shorter than replies; see the limits of the readers.
    const short = text.slice(0, 20_000);
    for (const words of [short, `${short}!`, `none ${short}`]) {
      for (const read of [foldText, canonicalText, imageList, findRefusal, isNoneOfTheAbove]) read(words);
      for (const read of [parseCount, parseRange, sizeFromName]) read(words);
      parsePictures(words, 4);
    }
  });
});

test('long honest replies are still read: by their end, or by their start as the release does', () => {
  const thoughts = 'We look at the mouth and the eyes. '.repeat(20_000);
  expect(parseStrict(`${thoughts}\nThe answer is C.`, options)).toMatchObject({ label: 'C' });
  expect(parseStrict(`<think>${thoughts}</think>\n\nB`, options)).toMatchObject({ label: 'B' });
  expect(parseOfficial(`C. ${thoughts}`, options)).toMatchObject({ label: 'C' });
});
