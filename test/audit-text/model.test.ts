import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { type AuditTextReport, auditTextReportSchema } from '../../src/ground/contracts/index.ts';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { type AuditTextConfigurationInput, auditTextRun } from '../../src/jobs/audit-text/index.ts';
import { longestSharedRun } from '../../src/jobs/audit-text/model/longest-run.ts';
import { temporaryFolder } from '../faces/models.ts';
import { inventText } from './invent-text.ts';

const MODEL = 'openai-compatible:http://localhost:1/v1#parrot';
const bodySchema = z.object({
  prompt: z.string().optional(),
  messages: z.array(z.object({ content: z.string() })).optional(),
  max_tokens: z.number(),
});

/** What the mock does with a document, by the word in its name. */
type Habit = 'verbatim' | 'paraphrased' | 'unknown' | 'refused' | 'empty' | 'cut';

const words = (text: string): string[] => text.trim().split(/\s+/);

/** A model that knows some documents by heart, in its own way each. */
function mockModel(
  documents: ReadonlyMap<string, { readonly text: string; readonly habit: Habit }>,
  asked: string[] = [],
): typeof globalThis.fetch {
  return async (address, init) => {
    const url = String(address instanceof Request ? address.url : address);
    const { prompt, messages } = bodySchema.parse(JSON.parse(String(init?.body)));
    const text = prompt ?? messages?.[0]?.content ?? '';
    asked.push(`${new URL(url).pathname} ${text.slice(0, 20)}`);
    const found = [...documents.values()].find(document => text.includes(document.text.slice(0, 60)));
    const prefix = text.slice(text.indexOf(found!.text.slice(0, 60)));
    const truth = found!.text.slice(prefix.length);
    const made: Readonly<Record<Habit, readonly [string, string]>> = {
      verbatim: [truth, 'stop'],
      paraphrased: [
        words(truth)
          .map((word, i) => (i % 3 === 0 ? `${word}x` : word))
          .join(' '),
        'stop',
      ],
      unknown: [inventText(prefix.length * 7 + 1, 700), 'stop'],
      refused: ["I'm sorry, but I can't reproduce that text.", 'stop'],
      empty: ['', 'stop'],
      cut: [truth.slice(0, 90), 'length'],
    };
    const [answer, finish_reason] = made[found!.habit];
    const choice = url.endsWith('/chat/completions') ? { message: { content: answer } } : { text: answer };
    return Response.json({ choices: [{ ...choice, finish_reason }] });
  };
}

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

function writeDocuments(name: string, habits: readonly Habit[], seed: number) {
  const documents = new Map(
    habits.map((habit, i) => [
      `${String(i).padStart(3, '0')}-${habit}.txt`,
      { text: inventText(seed + i, 2600), habit },
    ]),
  );
  const path = join(folder.path, name);
  mkdirSync(path);
  for (const [file, { text }] of documents) writeFileSync(join(path, file), text);
  return { path, documents };
}

async function ask(input: AuditTextConfigurationInput, fetch: typeof globalThis.fetch): Promise<AuditTextReport> {
  const runs = auditTextRun(input, { runsDir: join(folder.path, 'runs'), fetch });
  let step = await runs.next();
  while (!step.done) step = await runs.next();
  return auditTextReportSchema.parse(step.value);
}

const many = (habit: Habit, n: number): Habit[] => Array.from({ length: n }, () => habit);

describe('asking a model', () => {
  test('does not say that nothing is continued where too few controls leave nothing to call', async () => {
    const known = writeDocuments('few-known', [...many('verbatim', 3), ...many('unknown', 9)], 50_000);
    const controls = writeDocuments('few-controls', many('unknown', 5), 60_000);
    const { replication, verdict } = await ask(
      { model: MODEL, documents: known.path, heldout: controls.path, prefixLengths: [50] },
      mockModel(new Map([...known.documents, ...controls.documents].map(([name, one], i) => [`${i} ${name}`, one]))),
    );
    expect(replication.copied.value).toBe(0);
    expect(verdict[0]!.headline).toBe(
      '3 of 12 documents are continued for 50 characters or more, and none is called: it could be chance.',
    );
    expect(verdict[0]!.certainty).toMatch(/The smallest q-value is 0\.\d+, of 5 control documents/);
  });

  test('tells documents that it knows by heart from those that it paraphrases, does not know, or refuses', async () => {
    const known = writeDocuments(
      'known',
      [...many('verbatim', 6), ...many('paraphrased', 4), ...many('unknown', 6), ...many('refused', 3), 'empty', 'cut'],
      10_000,
    );
    const controls = writeDocuments('controls', many('unknown', 40), 20_000);
    const asked: string[] = [];
    const report = await ask(
      { model: MODEL, documents: known.path, heldout: controls.path, prefixLengths: [25, 100] },
      mockModel(
        new Map([...known.documents, ...controls.documents].map(([name, one], i) => [`${i} ${name}`, one])),
        asked,
      ),
    );
    expect(asked).toHaveLength(2 * (21 + 40));
    expect(asked[0]).toMatch(/^\/v1\/chat\/completions Continue this text/);
    const { continuations, replication, runs, exhibits, verdict } = report;
    const called = replication.pairs.filter(({ copy }) => copy).map(({ training }) => training);
    expect(called.sort()).toEqual([...many('verbatim', 6).map((habit, i) => `00${i}-${habit}.txt`), '020-cut.txt']);
    expect(continuations?.outcomes).toEqual({ answered: 2 * 56, refused: 6, empty: 2, cut: 2, failed: 0 });
    const outcomes = new Map(
      continuations?.replies
        .filter(({ control }) => !control)
        .map(({ document, outcome }) => [document.slice(4, -4), outcome]),
    );
    expect(Object.fromEntries(outcomes)).toEqual({
      verbatim: 'answered',
      paraphrased: 'answered',
      unknown: 'answered',
      refused: 'refused',
      empty: 'empty',
      cut: 'cut',
    });
    const [first, second] = continuations!.byPrefix;
    expect([first!.words, second!.words]).toEqual([25, 100]);
    expect(first!.documents.verbatim).toMatchObject({ value: 7 / 17, n: 17 });
    expect(first!.controls!.verbatim).toMatchObject({ value: 0, n: 40 });
    expect(first!.mismatched.verbatim.value).toBe(0);
    expect(replication.permutation.p).toBeLessThan(0.01);
    expect(verdict[0]?.headline).toContain('continues 7 of 17 documents word for word');
    expect(verdict[1]?.headline).toContain('8 of 122 requests got no continuation, and 2 a cut one');
    for (const run of runs) {
      const document = known.documents.get(run.training.document)!.text;
      expect(document.slice(run.training.start, run.training.end)).toHaveLength(run.characters);
      expect(run.training.line).toBe(document.slice(0, run.training.start).split('\n').length);
    }
    const exhibit = exhibits[0]!;
    expect(exhibit.generated.text).toBe(exhibit.training.text);
  });

  test('completions get the text alone, and without controls other documents stand for them', async () => {
    const known = writeDocuments('base', [...many('verbatim', 5), ...many('unknown', 60)], 30_000);
    const asked: string[] = [];
    const report = await ask(
      { model: MODEL, documents: known.path, prefixLengths: [50], api: 'completion', samples: 1 },
      mockModel(known.documents, asked),
    );
    expect(new Set(asked.map(one => one.split(' ')[0]))).toEqual(new Set(['/v1/completions']));
    expect(asked).toHaveLength(130);
    expect(asked).toContain(`/v1/completions ${inventText(30_000, 20)}`);
    expect(report.replication).toMatchObject({
      calibration: 'mismatched',
      copied: { value: 5 / 65 },
      permutation: { p: null },
    });
  });

  test.each([
    [{ model: MODEL }, '--documents is missing'],
    [{ model: MODEL, documents: '.', training: '.' }, '--train has no use'],
    [{ model: 'gpt', documents: '.' }, '"model" expected'],
    [{ documents: '.' }, '--model is missing'],
    [{ model: MODEL, documents: '.', template: 'go on' }, '--template expected a text with {prefix} in it'],
  ])('%j is told before anything is asked', async (input, message) => {
    const documents = !('documents' in input) ? {} : { documents: join(folder.path, 'base') };
    await expect(ask({ ...input, ...documents }, () => Promise.reject(new Error('asked')))).rejects.toThrow(message);
  });

  test('the longest shared run is what looking everywhere finds', () => {
    const stream = openStream(randomKey(3));
    for (let round = 0; round < 100; round++) {
      const [a, b] = [0, 1].map(() => Array.from({ length: stream.integer(30) }, () => 'abc'[stream.integer(3)]!));
      let longest = 0;
      for (let i = 0; i < a!.length; i++)
        for (let j = i + 1; j <= a!.length; j++)
          if (b!.join('').includes(a!.slice(i, j).join(''))) longest = Math.max(longest, j - i);
      const run = longestSharedRun(a!, b!);
      expect(run.length).toBe(longest);
      expect(a!.slice(run.first, run.first + longest)).toEqual(b!.slice(run.second, run.second + longest));
    }
  });
});

test('in 200 runs the 95 % interval of the share of documents known by heart holds the true share 93 to 97 times in 100', async () => {
  const { curveOf } = await import('../../src/jobs/audit-text/model/compare.ts');
  const stream = openStream(randomKey(77));
  const share = 0.3;
  let covered = 0;
  for (let round = 0; round < 200; round++) {
    const replies = Array.from({ length: 120 }, (_, i) => {
      const length = stream.uniform() < share ? 400 : 10;
      const item = { document: `${i}`, control: false, words: 50, sample: 0, outcome: 'answered' as const, text: '' };
      const prompt = {
        document: `${i}`,
        control: false,
        words: 50,
        prefix: '',
        truth: '',
        at: { bytes: 0, codePoints: 0, lines: 0 },
      };
      return { item, prompt, run: { first: 0, second: 0, length }, editDistance: null, mismatched: null };
    });
    const { interval } = curveOf(replies, { shortest: 50, prefixLengths: [50] }).byPrefix[0]!.documents.verbatim;
    if (interval!.low <= share && share <= interval!.high) covered++;
  }
  expect(covered / 200).toBeGreaterThanOrEqual(0.93);
  expect(covered / 200).toBeLessThanOrEqual(0.97);
});
