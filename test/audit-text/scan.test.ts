import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { indexTexts, listTextFiles, Matches, runsOf, scanCorpus } from '../../src/jobs/audit-text/index.ts';
import { temporaryFolder } from '../faces/models.ts';
import { inventText } from './invent-text.ts';

const LAYOUT = { textField: 'text', separator: null };
const WINDOW = 50;

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
beforeAll(async () => {
  folder = await temporaryFolder();
  const stream = openStream(randomKey(5));
  const shared = inventText(1, 20_000);
  for (let file = 0; file < 3; file++) {
    let text = '';
    while (text.length < 150_000) {
      text += inventText(1000 + stream.integer(100_000), 200 + stream.integer(2000));
      const from = stream.integer(19_000);
      text += shared.slice(from, from + 20 + stream.integer(900));
      if (stream.integer(5) === 0) text += 'е'.repeat(stream.integer(120));
    }
    writeFileSync(join(folder.path, `${file}.txt`), text);
  }
  writeFileSync(join(folder.path, 'rows.jsonl'), JSON.stringify({ text: shared.slice(500, 4000) }));
});
afterAll(() => folder[Symbol.asyncDispose]());

async function scan(options: { readonly workers: number; readonly partBytes: number }) {
  const texts = [inventText(1, 20_000), `${'е'.repeat(90)} ${inventText(1, 900)}`].map(text => Buffer.from(text));
  const index = indexTexts(texts, WINDOW);
  const { files } = await listTextFiles(folder.path);
  const scanning = scanCorpus(files, { layout: LAYOUT, views: [{ index, rules: [] }], ...options });
  let step = await scanning.next();
  while (!step.done) step = await scanning.next();
  const { findings, documents, bytes } = step.value;
  const matches = new Matches(index, findings[0]!);
  const runs = texts.flatMap((_, text) =>
    runsOf(index, matches, text).map(({ start, end, place, reach: { weight, at } }) => ({
      ...{ text, start, end, weight },
      at: { file: at.file, row: at.row, byte: at.byte, codePoints: at.codePoints, lines: at.lines },
      documents: matches.documentsAt(place),
    })),
  );
  return { runs, documents, bytes };
}

describe('a pass over a corpus', () => {
  test('finds the same with 1, 2 and 7 threads, and whatever parts the files are read in', async () => {
    const expected = await scan({ workers: 1, partBytes: 2 ** 30 });
    expect(expected.runs.length).toBeGreaterThan(30);
    expect(expected.documents).toBe(4);
    for (const workers of [1, 2, 7])
      for (const partBytes of [29_989, 65_536]) {
        if (partBytes === 29_989 && workers !== 2) continue;
        expect(await scan({ workers, partBytes }), `${workers} threads, parts of ${partBytes}`).toEqual(expected);
      }
  });

  test('keeps no more than the texts allow, however often the corpus repeats', async () => {
    const phrase = inventText(9, 80);
    const text = Buffer.from(`${inventText(10, 500)}${phrase}${inventText(11, 500)}`);
    const index = indexTexts([text], WINDOW);
    const sizes: number[] = [];
    for (const times of [10, 20_000]) {
      const file = join(folder.path, `repeat-${times}.txt`);
      writeFileSync(file, `${phrase}|`.repeat(times));
      const scanning = scanCorpus((await listTextFiles(file)).files, { layout: LAYOUT, views: [{ index, rules: [] }] });
      let step = await scanning.next();
      while (!step.done) step = await scanning.next();
      sizes.push(step.value.findings[0]!.size);
      const [run] = runsOf(index, new Matches(index, step.value.findings[0]!), 0);
      expect(run!.reach.weight).toBe(times);
    }
    expect(sizes[0]).toBe(sizes[1]);
  });
});
