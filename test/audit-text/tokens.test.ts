import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { auditTextReportSchema } from '../../src/ground/contracts/index.ts';
import { countTokens } from '../../src/jobs/audit-text/tokens/count-tokens.ts';
import { readTokenizerFile } from '../../src/jobs/audit-text/tokens/tokenizer-file.ts';
import { biolens } from '../cli/biolens.ts';
import { temporaryFolder } from '../faces/models.ts';
// Of fixtures/expect-tokens.py, with tokenizers 0.23.1.
import expected from './fixtures/tokenizers.json' with { type: 'json' };
import { inventText } from './invent-text.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...parts: string[]): string => join(folder.path, ...parts);
const write = (name: string, content: unknown): string => {
  writeFileSync(at(name), typeof content === 'string' ? content : JSON.stringify(content));
  return at(name);
};
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

const { 'byte level': byteLevel } = expected.made;

describe('a tokenizer.json', () => {
  test.each(Object.entries(expected.made))(
    'of kind %s makes as many tokens as the original library',
    async (kind, made) => {
      const path = write(`${kind}.json`, made.tokenizer);
      expect(await countTokens(expected.texts, { tokenizer: await readTokenizerFile(path), path })).toEqual(
        made.counts,
      );
    },
  );

  test.each([
    ['no JSON', 'vocabulary', /JSON/],
    ['another JSON', { a: 1 }, /no tokenizer.json of Hugging Face: "model"/],
    ['a number that is none', { model: { type: 'BPE', vocab: { a: 'b' }, merges: [] } }, /"model.vocab/],
    ['a kind that nobody knows', { model: { type: 'Oracle', vocab: { a: 1 } } }, /the tokenizer cannot be used/],
  ])('%s is refused with the name of the file', async (_, content, message) => {
    const path = write('bad.json', content);
    const counted = async () => countTokens(['a b'], { tokenizer: await readTokenizerFile(path), path });
    await expect(counted()).rejects.toThrow(message);
    await expect(counted()).rejects.toThrow('bad.json');
  });

  test('whose pattern does not come to an end is ended', async () => {
    const tokenizer = {
      ...byteLevel.tokenizer,
      added_tokens: [],
      pre_tokenizer: { type: 'Split', pattern: { Regex: '(a+)+b' }, behavior: 'Isolated', invert: false },
    };
    const path = write('endless.json', tokenizer);
    const counted = countTokens(['a'.repeat(60)], {
      tokenizer: await readTokenizerFile(path),
      path,
      longestMs: 2000,
    });
    await expect(counted).rejects.toThrow(/endless.json: the tokenizer took more than/);
  });
});

describe('biolens audit text', () => {
  const planted = 'The audit lists every run that a generated text and a training document share.';
  const args = (): string[] => [
    'audit',
    'text',
    '--train',
    at('train'),
    '--generated',
    at('gen'),
    '--runs-dir',
    at('runs'),
  ];

  test('--tokenizer gives the lengths of runs and texts in tokens, beside characters and words', async () => {
    for (const name of ['train', 'gen']) mkdirSync(at(name));
    writeFileSync(at('train', 'a.txt'), `${inventText(1, 900)}#${planted}#${inventText(2, 300)}`);
    writeFileSync(at('gen', 'g.txt'), `;${planted};`);
    writeFileSync(at('gen', 'h.txt'), `;${planted.toUpperCase()};`);
    const tokenizer = write('tokenizer.json', byteLevel.tokenizer);
    const { code, out, err } = await biolens(...args(), '--tokenizer', tokenizer, '--json');
    expect(code, err).toBe(0);
    const { runs, texts, replication } = auditTextReportSchema.parse(JSON.parse(out));
    const tokens = byteLevel.counts[expected.texts.indexOf(planted)];
    expect(runs).toMatchObject([{ characters: planted.length, tokens }]);
    expect(texts[0]).toMatchObject({ longest: { characters: planted.length, tokens }, exact: null });
    expect(texts[0]!.tokens).toBeGreaterThanOrEqual(tokens!);
    expect(texts[1]).toMatchObject({ longest: { characters: 0, tokens: 0 } });
    expect(replication.exact).toBeNull();
    const plain = await biolens(...args(), '--tokenizer', tokenizer);
    expect(plain.out).toMatch(/characters +words +tokens/);
  });

  test('--normalise tells what is equal byte by byte beside it', async () => {
    const { code, out, err } = await biolens(...args(), '--normalise', 'case', '--json');
    expect(code, err).toBe(0);
    const { texts, replication } = auditTextReportSchema.parse(JSON.parse(out));
    expect(texts).toMatchObject([
      { longest: { characters: planted.length, tokens: null }, tokens: null, exact: { characters: planted.length } },
      { longest: { characters: planted.length }, exact: { characters: 0, covered: 0 } },
    ]);
    expect(replication.generated.withRun.value).toBe(1);
    expect(replication.exact).toMatchObject({ generated: { withRun: { value: 0.5 } }, heldout: null });
    expect((await biolens(...args(), '--normalise', 'case')).out).toContain('generated, exact');
  });

  test('a tokenizer has no use where a model is asked', async () => {
    const asked = ['--model', 'openai-compatible:http://127.0.0.1:9/v1#m', '--documents', at('train')];
    const { code, err } = await biolens('audit', 'text', ...asked, '--tokenizer', at('tokenizer.json'));
    expect({ code, err }).toMatchObject({
      code: 2,
      err: expect.stringContaining('--tokenizer has no use with --model'),
    });
  });
});
