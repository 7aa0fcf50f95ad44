import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FederateReport } from '../../src/ground/contracts/index.ts';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { simulateFederation } from '../../src/jobs/federated/job.ts';
import type { SimulationConfigurationInput } from '../../src/jobs/federated/simulate/configuration.ts';
import { readRoles, splitRole } from '../../src/jobs/federated/tasks/text/roles.ts';
import { cutTexts, textTest, textTraining } from '../../src/jobs/federated/tasks/text/sequences.ts';
import {
  CHARACTERS,
  frequentWords,
  readWordList,
  wordVocabulary,
} from '../../src/jobs/federated/tasks/text/vocabulary.ts';

describe('a play', () => {
  test('is its roles, the longest first, with four fifths of their lines to train on', () => {
    const roles = readRoles(
      'A foreword.\n\nFirst:\nOne.\nTwo: no name.\n\nSecond:\r\nShort.\n\nFirst:\nThree.\n\n\nFirst:\nFour.\nFive.\n',
    );
    expect(roles).toEqual([
      { name: 'First', lines: ['One.', 'Two: no name.', 'Three.', 'Four.', 'Five.'] },
      { name: 'Second', lines: ['Short.'] },
    ]);
    expect(splitRole(roles[0]!)).toEqual({ training: 'One.\nTwo: no name.\nThree.\nFour.', test: 'Five.' });
    expect(splitRole(roles[1]!)).toEqual({ training: 'Short.', test: '' });
  });

  test('becomes sequences whose next tokens are the text, each after the one before', () => {
    const cut = cutTexts(['abcde', 'x'], { vocabulary: CHARACTERS, steps: 3 });
    const [a, b, c, d, e, x] = CHARACTERS.encode('abcdex');
    const begin = CHARACTERS.begin;
    expect(cut.of).toEqual([2, 1]);
    expect([...cut.next]).toEqual([a, b, c, d, e, -1, x, -1, -1]);
    expect([...cut.tokens]).toEqual([begin, a, b, c, d, begin, begin, begin, begin]);
    // Sequences are columns; what is missing weighs nothing, and the rest so much more.
    const batch = textTraining(cut).fill(Int32Array.of(1, 2), { start: 0, batch: 3 });
    expect(Array.from(batch.next!.data, Number)).toEqual([d, x, 0, e, 0, 0, 0, 0, 0]);
    expect(Array.from(batch.counts!.data, Number)).toEqual([3, 3, 0, 3, 0, 0, 0, 0, 0]);
  });

  test('knows the words of a list; others are never right', () => {
    expect(frequentWords(["The cat, the dog: the cat's!", 'Dog'])).toEqual(['the', 'dog', 'cat', "cat's"]);
    const vocabulary = wordVocabulary(['the', 'dog']);
    expect([...vocabulary.encode('The DOG sat')]).toEqual([2, 3, 0]);
    expect(readWordList('the\nDog\n\n', 'words.txt')).toEqual(['the', 'dog']);
    expect(() => readWordList('the\ntwo words\n', 'words.txt')).toThrow(
      'words.txt: line 2 is not one word: "two words"',
    );
    const cut = cutTexts(['the cat the dog'], { vocabulary, steps: 4 });
    const asked = textTest(cut, vocabulary);
    // The model says: dog or the or unknown, always.
    const guesses = BigInt64Array.from({ length: 4 * 50 * 3 }, (_, i) => [3n, 2n, 0n][i % 3]!);
    expect(asked.count).toBe(4);
    expect(asked.tally(0, { guesses: { dtype: 'int64', shape: [200, 3], data: guesses } })).toEqual({
      right: 1,
      amongThree: 3,
    });
  });
});

/** A play whose roles say numbers upwards, each from its own place: the next character is easy. */
function makePlay(): string {
  const folder = mkdtempSync(join(tmpdir(), 'biolens-play-'));
  const stream = openStream(randomKey(4));
  const names = ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight'];
  const speeches = Array.from({ length: 48 }, (_, i) => {
    const start = stream.integer(8);
    const lines = Array.from({ length: 4 }, (_, line) =>
      [0, 1, 2, 3].map(word => names[(start + line + word) % 8]).join(' '),
    );
    return `ROLE ${i % 6}:\n${lines.join('\n')}\n`;
  });
  writeFileSync(join(folder, 'play.txt'), speeches.join('\n'));
  writeFileSync(join(folder, 'words.list'), names.join('\n'));
  return folder;
}

let folder = '';
let runsDir = '';
beforeAll(() => {
  folder = makePlay();
  runsDir = mkdtempSync(join(tmpdir(), 'biolens-text-'));
});
afterAll(() => {
  for (const path of [folder, runsDir]) rmSync(path, { recursive: true, force: true });
});

async function play(given: Partial<SimulationConfigurationInput>): Promise<{ report: FederateReport; path: string }> {
  const input = { task: 'words', data: folder, clients: 6, fraction: 1, rounds: 2, workers: 1, ...given } as const;
  for await (const event of simulateFederation(input, { runsDir }))
    if (event.type === 'result') return { report: event.report, path: event.path };
  throw new Error('no result');
}

describe('a federation of roles', () => {
  test('learns the next word, says how often it is among three, and goes on privately with ε', async () => {
    const words = join(folder, 'words.list');
    const { report, path } = await play({ vocabulary: words, rounds: 4, epochs: 5, batchSize: 5 });
    expect(report.clients.partition).toBe('roles');
    expect(report.accuracy.value).toBeGreaterThan(0.3);
    expect(report.topThree!.value).toBeGreaterThan(report.accuracy.value!);
    const from = join(path, 'artifacts', 'model.safetensors');
    expect(readFileSync(join(path, 'artifacts', 'vocabulary.txt'), 'utf8')).toBe(`${readFileSync(words, 'utf8')}\n`);
    const next = await play({ from, vocabulary: words, noise: 0.5, clip: 0.002, rounds: 1 });
    expect(next.report.epsilon).toBeGreaterThan(1);
    // It began where the other one ended, and not from the seed.
    expect(next.report.accuracy.value).toBeGreaterThan(0.25);
  }, 240_000);

  test('secure is plain, bit for bit', async () => {
    const common = { task: 'characters', model: 'char-lstm-small', rounds: 1, drop: 0.2 } as const;
    const plain = await play(common);
    const secure = await play({ ...common, secure: true });
    expect(secure.report.digest).toBe(plain.report.digest);
    expect(plain.report.topThree).toBeNull();
  }, 240_000);

  test('what cannot be is refused with the reason', async () => {
    await expect(play({ clients: 7 })).rejects.toThrow(/play\.txt: 6 roles, expected 7 or more/);
    await expect(play({ model: 'cnn' })).rejects.toThrow('"model": cnn is no network for words; expected word-lstm');
    await expect(play({ partition: 'shards' })).rejects.toThrow('"partition": shards is not for words');
    await expect(play({ noise: 1 })).rejects.toThrow(/"noise": the list of words would be made from the texts/);
    await expect(play({ from: join(folder, 'play.txt') })).rejects.toThrow(/play\.txt/);
    await expect(play({ task: 'characters', vocabulary: 'x' })).rejects.toThrow('"vocabulary": belongs to words');
  });
});
