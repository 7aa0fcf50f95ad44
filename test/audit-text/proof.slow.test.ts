import { once } from 'node:events';
import { createWriteStream, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { auditTextReportSchema } from '../../src/ground/contracts/index.ts';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { auditTextRun } from '../../src/jobs/audit-text/index.ts';
import { temporaryFolder } from '../faces/models.ts';
import { inventText } from './invent-text.ts';

const MEGABYTE = 1_000_000;

test('1,000 planted runs of 50 to 3,000 characters in 100 MB are all found, with exact spans', async () => {
  await using folder = await temporaryFolder();
  const stream = openStream(randomKey(1));
  const corpus = join(folder.path, 'corpus.txt');
  const out = createWriteStream(corpus);
  const pieces: { readonly start: number; readonly text: string }[] = [];
  for (let block = 0; block < 100; block++) {
    const text = inventText(10_000 + block, MEGABYTE);
    if (!out.write(text)) await once(out, 'drain');
    for (let i = 0; i < 10; i++) {
      const length = 50 + stream.integer(2951);
      const at = stream.integer(MEGABYTE - length);
      pieces.push({ start: block * MEGABYTE + at, text: text.slice(at, at + length) });
    }
  }
  out.end();
  await once(out, 'finish');
  const generated = join(folder.path, 'generated.jsonl');
  // Marks that the corpus does not have end each run where it ends.
  writeFileSync(generated, pieces.map(({ text }) => JSON.stringify({ text: `#${text}#` })).join('\n'));
  const runs = auditTextRun({ training: corpus, generated }, { runsDir: join(folder.path, 'runs') });
  let step = await runs.next();
  while (!step.done) step = await runs.next();
  const report = auditTextReportSchema.parse(step.value);
  const found = new Map(report.runs.map(run => [run.generated.file, run]));
  for (const [i, { start, text }] of pieces.entries()) {
    const run = found.get(`generated.jsonl#${i}`);
    expect(run, `run ${i}`).toMatchObject({
      generated: { start: 1, end: 1 + text.length },
      characters: text.length,
      training: { start, end: start + text.length, bytes: { start, end: start + text.length } },
    });
  }
}, 900_000);

test('a run in the middle of one line of 100 MB is found, in plain text and in JSON lines', async () => {
  await using folder = await temporaryFolder();
  const planted = 'This sentence stands once in a hundred megabytes, in a line that does not end before.';
  const part = inventText(3, MEGABYTE).replaceAll('\n', ' ');
  const line = `${part.repeat(50)}#${planted}#${part.repeat(50)}`;
  const generated = join(folder.path, 'generated.txt');
  writeFileSync(generated, `;${planted};`);
  for (const [name, content] of [
    ['line.txt', line],
    ['line.jsonl', JSON.stringify({ text: line })],
  ] as const) {
    const training = join(folder.path, name);
    writeFileSync(training, content);
    const runs = auditTextRun({ training, generated }, { runsDir: join(folder.path, 'runs') });
    let step = await runs.next();
    while (!step.done) step = await runs.next();
    const start = 50 * MEGABYTE + 1;
    expect(step.value.runs, name).toMatchObject([
      { characters: planted.length, training: { start, end: start + planted.length, line: 1 } },
    ]);
  }
}, 900_000);

test('of 20 innocent pairs of corpora no more are called at 5 % than chance calls', async () => {
  await using folder = await temporaryFolder();
  let called = 0;
  let significant = 0;
  for (let pair = 0; pair < 20; pair++) {
    const stream = openStream(randomKey(500 + pair));
    // Phrases that everyone uses, so that unrelated texts share runs too.
    const phrases = Array.from({ length: 200 }, (_, i) => inventText(pair * 1000 + i, 30 + stream.integer(60)));
    const write = (name: string, documents: number, characters: number): string => {
      const path = join(folder.path, `${pair}-${name}.jsonl`);
      const text = (): string => {
        let made = '';
        while (made.length < characters)
          made +=
            stream.integer(3) === 0
              ? phrases[stream.integer(phrases.length)]
              : inventText(stream.integer(2 ** 31), 100);
        return made;
      };
      writeFileSync(path, Array.from({ length: documents }, () => JSON.stringify({ text: text() })).join('\n'));
      return path;
    };
    const input = {
      training: write('train', 150, 2000),
      heldout: write('held', 150, 2000),
      generated: write('gen', 60, 600),
      commonFrom: 1000,
    };
    const runs = auditTextRun(input, { runsDir: join(folder.path, 'runs') });
    let step = await runs.next();
    while (!step.done) step = await runs.next();
    const { replication } = step.value;
    if ((replication.copied.value ?? 0) > 0) called++;
    if (replication.permutation.p !== null && replication.permutation.p <= 0.05) significant++;
  }
  // 5 or more of 20 at 5 % each happen once in 390 times; 4 once in 63.
  expect({ called, significant }).toEqual({
    called: expect.toSatisfy((n: number) => n <= 4),
    significant: expect.toSatisfy((n: number) => n <= 4),
  });
}, 900_000);
