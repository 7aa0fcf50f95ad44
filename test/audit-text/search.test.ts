import { describe, expect, test } from 'vitest';
import { openStream, type RandomStream, randomKey } from '../../src/ground/math/index.ts';
import { Feed } from '../../src/jobs/audit-text/search/feed.ts';
import { Findings, Matches } from '../../src/jobs/audit-text/search/findings.ts';
import { runsOf } from '../../src/jobs/audit-text/search/runs.ts';
import { suffixArray } from '../../src/jobs/audit-text/search/suffix-array.ts';
import { indexTexts } from '../../src/jobs/audit-text/search/text-index.ts';

const WINDOW = 12;

/** Texts that repeat one another and themselves, which is where a search goes wrong. */
function randomText(stream: RandomStream, length: number, alphabet: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; ) {
    const copy = i > 20 && stream.integer(4) === 0;
    const n = Math.min(length - i, 1 + stream.integer(copy ? 30 : 6));
    const from = copy ? stream.integer(i) : 0;
    for (let k = 0; k < n; k++, i++)
      bytes[i] = copy ? bytes[Math.min(from + k, i - 1)]! : 97 + stream.integer(alphabet);
  }
  return bytes;
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');

/** All stretches of a text that occur in a corpus and lie in no longer one, with how often each occurs, by looking everywhere. */
function naiveRuns(text: string, corpus: readonly string[]): string[] {
  const runs: string[] = [];
  let covered = 0;
  for (let start = 0; start < text.length; start++) {
    let end = start;
    while (end < text.length && corpus.some(document => document.includes(text.slice(start, end + 1)))) end++;
    if (end - start < WINDOW || end <= covered) continue;
    covered = end;
    const run = text.slice(start, end);
    let weight = 0;
    let first = '';
    corpus.forEach((document, d) => {
      for (let at = document.indexOf(run); at >= 0; at = document.indexOf(run, at + 1)) {
        weight++;
        if (first === '') first = `${d}:${at}`;
      }
    });
    runs.push(`${start}-${end} ×${weight} first ${first}`);
  }
  return runs;
}

function searchRuns(texts: readonly Uint8Array[], corpus: readonly Uint8Array[], piece: number): string[][] {
  const index = indexTexts(texts, WINDOW);
  const findings = new Findings();
  corpus.forEach((document, file) => {
    const feed = new Feed(index, findings, { source: { file, part: 0 } });
    feed.begin(-1);
    for (let at = 0; at < document.length; at += piece) feed.push(document.subarray(at, at + piece));
    feed.end();
  });
  const matches = new Matches(index, findings);
  return texts.map((_, text) =>
    runsOf(index, matches, text).map(
      ({ start, end, reach }) => `${start}-${end} ×${reach.weight} first ${reach.at.file}:${reach.at.byte}`,
    ),
  );
}

describe('suffix array', () => {
  test('is the order of all suffixes, whatever the text repeats', () => {
    const stream = openStream(randomKey(11));
    for (let round = 0; round < 200; round++) {
      const text = randomText(stream, stream.integer(60), 1 + stream.integer(3));
      const symbols = Uint16Array.from(text);
      const naive = Array.from(text.keys()).sort((a, b) => Buffer.compare(text.subarray(a), text.subarray(b)));
      expect(Array.from(suffixArray(symbols, 257))).toEqual(naive);
    }
  });
});

describe('runs', () => {
  test('are those that looking everywhere finds, with how often each occurs and where first', () => {
    const stream = openStream(randomKey(12));
    for (let round = 0; round < 150; round++) {
      const alphabet = 1 + stream.integer(4);
      const texts = Array.from({ length: 1 + stream.integer(4) }, () =>
        randomText(stream, stream.integer(120), alphabet),
      );
      const corpus = Array.from({ length: 1 + stream.integer(5) }, () => {
        const document = randomText(stream, stream.integer(200), alphabet);
        // Pieces of the texts, at any place.
        const source = texts[stream.integer(texts.length)]!;
        const n = Math.min(stream.integer(60), source.length, document.length);
        if (n > 0) {
          const from = stream.integer(source.length - n + 1);
          document.set(source.subarray(from, from + n), stream.integer(document.length - n + 1));
        }
        return document;
      });
      const expected = texts.map(text => naiveRuns(textOf(text), corpus.map(textOf)));
      expect(searchRuns(texts, corpus, 1 + stream.integer(50)), `round ${round}`).toEqual(expected);
    }
  });

  test('take no longer where texts and corpus repeat one letter or one line', () => {
    const started = performance.now();
    const line = 'the same sentence, over and over. ';
    for (const text of ['a'.repeat(100_000), line.repeat(4000)]) {
      const index = indexTexts([Buffer.from(text)], 50);
      const findings = new Findings();
      const feed = new Feed(index, findings, { source: { file: 0, part: 0 } });
      feed.begin(-1);
      for (let i = 0; i < 8; i++) feed.push(Buffer.from(`${text.slice(0, 60_000)}!`));
      feed.end();
      const [run] = runsOf(index, new Matches(index, findings), 0);
      expect(run).toMatchObject({ start: 0, end: 60_000 });
      expect(run!.reach.weight).toBe(8);
    }
    // A square of these lengths would take minutes.
    expect(performance.now() - started).toBeLessThan(20_000);
  }, 30_000);
});
