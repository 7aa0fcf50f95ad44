import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseStrict } from '../../src/jobs/bench/parse/index.ts';
import { labelOptions } from '../../src/jobs/bench/read/raw-question.ts';

const images = ['Image 1', 'Image 2', 'Image 1 and Image 2', 'Image 3'];
const counts = ['1', '2', '3', '4'];
const ages = ['50-60', 'None of the above', '40-49', '60-70'];
const genders = ['Male', 'Female', 'Both', 'None'];
const yesNo = ['Yes', 'No', 'Image 1', 'Image 2'];

/** The label, `refused` or `unparsed`. */
const read = (raw: string, texts: readonly string[] = images): string => {
  const parsed = parseStrict(raw, labelOptions(texts));
  return parsed.kind === 'label' ? parsed.label : parsed.kind;
};

describe('strict parser', () => {
  // The replies that the official rules misread (facts on FaceXBench, §3).
  test.each([
    ['A closer look at the image shows that the answer is C.', 'C', images],
    ['The first image is of a person A. The answer is D.', 'D', images],
    ['<think>A vs B</think>D', 'D', images],
    ['b', 'B', images],
    ['The correct one is Image 1 and Image 2', 'C', images],
    ['The correct one is Image 1 and Image 2', 'unparsed', ['Image 1', 'Image 2', 'Image 3', 'Image 4']],
    ['I count 12', 'unparsed', counts],
    ['I count 12', 'B', ['1', '12', '3', '4']],
  ])('%j is %s', (raw, expected, texts) => {
    expect(read(raw, texts)).toBe(expected);
  });

  test.each([
    'B',
    '(B)',
    'B.',
    'B)',
    '[B]',
    '"B"',
    '`B`',
    '**B**',
    'Option B',
    'option b.',
    'Ｂ',
    ' b\n',
    'B. Image 2',
    '(B) Image 2',
    'B: Image 2',
    'B - Image 2',
    'B Image 2',
    'Image 2',
    'image 2.',
    'Assistant: B',
    "It's B",
    'It is B.',
    'The answer is **B**.',
    '**Answer:** B',
    '**Answer: (B) Image 2**',
    'Answer: b',
    'Correct answer: B) Image 2.',
    'Based on the image, the correct option is:\n\nB',
    '$\\boxed{B}$',
    'The answer is $\\boxed{\\text{B}}$.',
    '\\boxed{\\text{Image 2}}',
    '{"answer": "B"}',
    '```json\n{"reason": "A is wrong", "answer": "Image 2"}\n```',
    "{'choice': 'b'}",
    '<answer>B</answer>',
    '### Conclusion\nB',
    '#### B',
    'Therefore, B.',
    'I would choose B',
    "I'd go with (B)",
    'Option B is correct.',
    'B\nConfidence: 90%',
    'B, because Images 1 and 2 differ and A is wrong.',
    '答案是B。',
    '故选：B',
    '\u001b[1mB\u001b[0m',
    'B\u200b',
    'Person A is the best match in Image 2.',
    "B. I can't identify people, but this is my best guess.",
  ])('%j commits to B', raw => {
    expect(read(raw)).toBe('B');
  });

  test.each([
    ['The answer is A. Wait, no, the answer is B.', 'B'],
    ['If the answer is A, both would match. So B', 'B'],
    ['A. Image 1\nB. Image 2\nC. Image 1 and Image 2\nD. Image 3\n\nAnswer: C', 'C'],
    ['Option A: no\nOption B: no\nSo the answer must be option C', 'C'],
    ['\\boxed{A} no, \\boxed{D}', 'D'],
    ['The answer is Image 3, not Image 1.', 'D'],
    ['I cannot identify people, but the answer is B.', 'B'],
  ])('%j: the last commitment is %s', (raw, expected) => {
    expect(read(raw)).toBe(expected);
  });

  test.each([
    '',
    '  \n',
    '<think>the answer is C',
    'A or B',
    'A, C',
    'B/C',
    'Either A or C',
    'The answer is A or B.',
    'The answer is not B.',
    'E',
    'The answer is E.',
    'B) Image 1',
    'A man with a hat',
    'Answer: A man with a hat',
    'A. Image 1\nB. Image 2\nC. Image 1 and Image 2\nD. Image 3',
    '(A) is wrong\n(B) is wrong\n(C) fits.',
    'Image 1 differs from Image 2',
    '{"answer": null}',
    '<html><body>502 Bad Gateway</body></html>',
  ])('%j is unparsed', raw => {
    expect(read(raw)).toBe('unparsed');
  });

  test.each([
    ["I'm sorry, but I can't help with identifying people.", images],
    ['I cannot assist with that request.', images],
    ['As an AI language model, I cannot determine gender.', genders],
    ['I am unable to determine whether the person is Male or Female.', genders],
    ['I’m sorry.', images],
    ['That would be against my safety guidelines.', images],
    ['抱歉，我无法回答这个问题。', images],
  ])('%j is a refusal', (raw, texts) => {
    expect(read(raw, texts)).toBe('refused');
  });

  test.each([
    ['The person is 50-60 years old.', ages, 'A'],
    ['The person appears to be 50 to 60.', ages, 'A'],
    ['The person is around 55.', ages, 'unparsed'],
    ['None of the above', ages, 'B'],
    ['No', yesNo, 'B'],
    ['Yes', yesNo, 'A'],
    ['The person is female.', genders, 'B'],
    ['She is not male.', genders, 'unparsed'],
    ['The images that match are Image 2 and Image 1.', images, 'C'],
    ['There are 3 of them, out of 4.', counts, 'unparsed'],
    ['There are 3.', counts, 'C'],
    ['bags under eyes', ['Bags_Under_Eyes', 'Bald', 'Bangs', 'Male'], 'A'],
  ])('%j for %j is %s', (raw, texts, expected) => {
    expect(read(raw, texts)).toBe(expected);
  });

  const reply = fc.oneof(
    fc.string({ unit: 'binary', maxLength: 60 }),
    fc
      .array(
        fc.constantFrom(
          'A',
          'b',
          '(C)',
          'D.',
          'E',
          'the answer is',
          'Answer:',
          'Image 1',
          'image 2 and 3',
          'not',
          '\n',
          '**',
          '\\boxed{',
          '}',
          '{"answer": "',
          '"}',
          '<think>',
          '</think>',
          '<answer>',
          'or',
          ',',
          'Option',
          "I can't help",
          '12',
          'None',
          '.',
        ),
        { maxLength: 12 },
      )
      .map(parts => parts.join(' ')),
  );
  const question = fc.constantFrom(images, counts, ages, genders, yesNo, ['x', 'y']);

  test('never gives a label that is not an option', () => {
    fc.assert(
      fc.property(reply, question, (raw, texts) => {
        const parsed = parseStrict(raw, labelOptions(texts));
        if (parsed.kind === 'label') expect(labelOptions(texts).map(option => option.label)).toContain(parsed.label);
      }),
      { numRuns: 2000, seed: 1 },
    );
  });

  test('reasoning before the reply changes nothing', () => {
    fc.assert(
      fc.property(reply, reply, question, (raw, thought, texts) => {
        for (const [open, close] of [
          ['<think>', '</think>'],
          ['<Thinking>', '</Thinking>'],
          ['◁think▷', '◁/think▷'],
        ]) {
          expect(read(`${open}${thought.replaceAll(/[<◁]/g, '')}${close}\n${raw}`, texts)).toBe(read(raw, texts));
        }
      }),
      { numRuns: 1000, seed: 2 },
    );
  });

  test('emphasis, blanks around and a sentence in front change nothing about a plain label', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('A', 'B', 'C', 'D'),
        fc.constantFrom('', ' ', '\n\n', '**', '`', '"', '$'),
        fc.constantFrom('', 'The answer is ', 'Final answer: ', 'Let me look.\n\n', 'Correct option - '),
        (label, dress, before) => {
          expect(read(`${before}${dress}${label}${dress}`)).toBe(label);
        },
      ),
    );
  });

  test('a label turns with the labels of the options', () => {
    fc.assert(
      fc.property(fc.nat(3), fc.nat(3), (right, turn) => {
        const turned = images.map((_, i) => images[(i + turn) % 4]!);
        const position = (right - turn + 4) % 4;
        expect(read(`The answer is ${images[right]}.`, turned)).toBe('ABCD'[position]);
      }),
    );
  });

  test('a reply of hostile length is still read', () => {
    for (const piece of ['<think>', '\\text{', '**', '(A) ', 'the answer is ', 'image 1, ', '"answer": "', 'a\n']) {
      expect(typeof read(piece.repeat(20_000))).toBe('string');
    }
  });
});
