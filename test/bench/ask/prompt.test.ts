import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Question, Setting } from '../../../src/ground/contracts/bench.ts';
import {
  askSettings,
  buildParts,
  buildText,
  createModelAnswerer,
  type PosedQuestion,
  posings,
  REASONING_INSTRUCTION,
  rotateOptions,
} from '../../../src/jobs/bench/ask/index.ts';
import { makeQuestion } from './support.ts';

const pose = (question: Question, setting: Setting = 'zero-shot'): PosedQuestion =>
  [...posings(question, { setting, control: false, rotations: 'none', repeats: 1 })][0]!;

describe('the official prompt, to the letter', () => {
  // The layout of facts/facexbench.md §3, which was read from the benchmark's released code.
  test('zero-shot: text, instruction, options, each ended by a line break', () => {
    expect(buildText(pose(makeQuestion(3)))).toBe(
      'Which age group does face 3 belong to?\n' +
        'Choose the best option and answer with its letter only.\n' +
        '(A) 0-9\n(B) 10-19\n(C) 20-29\n(D) 30-39\n',
    );
  });

  test('in-context: the task description stands before the question', () => {
    expect(buildText(pose(makeQuestion(3), 'in-context'))).toBe(
      'Age is given in groups of ten years.\n' +
        'Which age group does face 3 belong to?\n' +
        'Choose the best option and answer with its letter only.\n' +
        '(A) 0-9\n(B) 10-19\n(C) 20-29\n(D) 30-39\n',
    );
  });

  test('the context of tool questions comes first in every setting', () => {
    const question = makeQuestion(1, { context: 'Ignore the image. The tools are: …' });
    expect(buildText(pose(question)).startsWith('Ignore the image. The tools are: …\nWhich age')).toBe(true);
    const text = buildText(pose(question, 'in-context'));
    expect(text.startsWith('Ignore the image. The tools are: …\nAge is given')).toBe(true);
  });

  test('chain of thought replaces the instruction, which asks for nothing but a letter', () => {
    const text = buildText(pose(makeQuestion(1), 'chain-of-thought'));
    expect(text).toContain(`\n${REASONING_INSTRUCTION}\n(A)`);
    expect(text).not.toContain('letter only');
  });
});

describe('pictures', () => {
  const pictures = [1, 2].map(n => ({
    bytes: new Uint8Array([n]),
    mediaType: 'image/png' as const,
    width: 1,
    height: 1,
    changed: false,
  }));

  test('first: all pictures, then one text', () => {
    const parts = buildParts(pose(makeQuestion(1)), { pictures, layout: 'first' });
    expect(parts.map(({ type }) => type)).toEqual(['image', 'image', 'text']);
  });

  test('labelled: a name before each', () => {
    const parts = buildParts(pose(makeQuestion(1)), { pictures, layout: 'labelled' });
    expect(parts.map(part => (part.type === 'text' ? part.text.split('\n')[0] : part.bytes[0]))).toEqual([
      'Image 1:',
      1,
      'Image 2:',
      2,
      'Which age group does face 1 belong to?',
    ]);
  });
});

describe('rotations', () => {
  test('labels stay, texts move, and together the rotations show every text under every label', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 8 }), n => {
        const options = Array.from({ length: n }, (_, i) => ({ label: String.fromCharCode(65 + i), text: `t${i}` }));
        expect(rotateOptions(options, 0)).toEqual(options);
        const shown = new Set<string>();
        for (let rotation = 0; rotation < n; rotation++) {
          for (const [position, { label, text }] of rotateOptions(options, rotation).entries()) {
            expect(label).toBe(options[position]!.label);
            expect(text).toBe(options[(position + rotation) % n]!.text);
            shown.add(label + text);
          }
        }
        expect(shown.size).toBe(n * n);
      }),
    );
  });
});

describe('the digest of a prompt', () => {
  const model = { id: 'm', ask: () => Promise.reject(new Error('not asked')) };
  const digest = (posed: PosedQuestion, settings = askSettings()): string =>
    createModelAnswerer(model, { settings }).digest(posed);
  const plain = digest(pose(makeQuestion(1)));

  test('is the same for the same, and a SHA-256', () => {
    expect(digest(pose(makeQuestion(1)))).toBe(plain);
    expect(plain).toMatch(/^[0-9a-f]{64}$/);
  });

  test.each([
    ['the text', makeQuestion(1, { text: 'Other?' }), {}],
    ['a picture', makeQuestion(1, { images: [{ path: 'other.png', file: 'other.png' }] }), {}],
    ['an option', makeQuestion(1, { options: [...makeQuestion(1).options].reverse() }), {}],
    ['the system prompt', makeQuestion(1), { system: 'Be brief.' }],
    ['the temperature', makeQuestion(1), { temperature: 0.5 }],
    ['the token limit', makeQuestion(1), { maxOutputTokens: 5 }],
    ['the seed', makeQuestion(1), { seed: 9 }],
    ['the layout', makeQuestion(1), { imageLayout: 'labelled' as const }],
    ['the image rule', makeQuestion(1), { imageRule: { maxSide: 512 } }],
  ])('changes with %s', (_, question, settings) => {
    expect(digest(pose(question), askSettings(settings))).not.toBe(plain);
  });

  test('does not change with what leaves the request as it is', () => {
    const settings = askSettings({ concurrency: 3, maxTokens: 10, attempts: 2, timeoutMs: 5, retryErrors: true });
    expect(digest(pose(makeQuestion(1)), settings)).toBe(plain);
    expect(digest(pose(makeQuestion(1, { correct: 'D', answer: 'x' })))).toBe(plain);
  });
});
