import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuditTextReport, auditTextReportSchema } from '../../src/ground/contracts/index.ts';
import { biolens } from '../cli/biolens.ts';
import { temporaryFolder } from '../faces/models.ts';
import { inventText } from './invent-text.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...parts: string[]): string => join(folder.path, ...parts);

beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

/** Audits, and returns the report. */
async function audit(...args: string[]): Promise<AuditTextReport> {
  const { code, out, err } = await biolens('audit', 'text', ...args, '--json', '--runs-dir', at('runs'));
  expect(code, err).toBe(0);
  return auditTextReportSchema.parse(JSON.parse(out));
}

function folderOf(name: string, files: Readonly<Record<string, string | Uint8Array>>): string {
  mkdirSync(at(name));
  for (const [file, content] of Object.entries(files)) writeFileSync(at(name, file), content);
  return at(name);
}

const slice = (text: string, { start, end }: { readonly start: number; readonly end: number }): string =>
  [...text].slice(start, end).join('');

describe('biolens audit text', () => {
  test('finds a planted run with its exact spans in characters, bytes and lines, whatever alphabet', async () => {
    const planted = 'Все счастливые семьи похожи друг на друга, каждая несчастливая семья несчастлива по-своему.';
    const persian = 'هر کسی کو دور ماند از اصل خویش، باز جوید روزگار وصل خویش و من به هر جمعیتی نالان شدم';
    const corpus = {
      'a.txt': `${inventText(1, 3000)}\nо ${planted} ё\n${inventText(2, 500)}`,
      'b.txt': `${inventText(3, 2000)}\n\n${persian}`,
    };
    const texts = { 'g.txt': `é\n${planted}!`, 'h.txt': `« ${persian} »`, 'i.txt': inventText(4, 800) };
    const train = folderOf('alphabets-train', corpus);
    const report = await audit('--train', train, '--generated', folderOf('alphabets-gen', texts));
    expect(report.runs).toHaveLength(2);
    for (const { generated, training, characters, weight } of report.runs) {
      const text = texts[generated.file as keyof typeof texts];
      const document = corpus[training.document as keyof typeof corpus];
      const run = slice(text, generated);
      expect(run).toContain(generated.file === 'g.txt' ? planted : persian);
      expect(slice(document, training)).toBe(run);
      expect([...run].length).toBe(characters);
      expect(weight).toBe(1);
      expect(Buffer.from(text).subarray(generated.bytes.start, generated.bytes.end).toString()).toBe(run);
      expect(Buffer.from(document).subarray(training.bytes.start, training.bytes.end).toString()).toBe(run);
      expect(training.line).toBe(document.slice(0, document.indexOf(run)).split('\n').length);
      expect(generated.line).toBe(text.slice(0, text.indexOf(run)).split('\n').length);
    }
    expect(report.texts.map(({ file, covered }) => [file, covered! > 0.9])).toEqual([
      ['g.txt', true],
      ['h.txt', true],
      ['i.txt', false],
    ]);
  });

  test('reads the same from a folder, JSON lines, gzip, zstd, and a file with separators', async () => {
    const documents = Array.from({ length: 12 }, (_, i) => inventText(100 + i, 1500));
    const generated = at('same-gen.txt');
    writeFileSync(
      generated,
      `${inventText(7, 200)}${documents[3]!.slice(200, 700)}${inventText(8, 100)}${documents[9]!.slice(5, 90)}`,
    );
    const lines = documents.map((text, id) => JSON.stringify({ id, text })).join('\n');
    const plain = documents.join('<|end|>');
    writeFileSync(at('same.jsonl'), lines);
    writeFileSync(at('same.jsonl.gz'), gzipSync(lines));
    writeFileSync(at('same.jsonl.zst'), zstdCompressSync(lines));
    writeFileSync(at('same.txt'), plain);
    const files = Object.fromEntries(documents.map((text, i) => [`${String.fromCharCode(97 + i)}.txt`, text]));
    const spans = (report: AuditTextReport) =>
      report.runs.map(({ generated, training, weight }) => [
        generated.start,
        generated.end,
        training.start,
        training.end,
        weight,
      ]);
    const expected = spans(await audit('--train', folderOf('same', files), '--generated', generated));
    expect(expected).toHaveLength(2);
    for (const name of ['same.jsonl', 'same.jsonl.gz', 'same.jsonl.zst'])
      expect(spans(await audit('--train', at(name), '--generated', generated)), name).toEqual(expected);
    const parted = await audit('--train', at('same.txt'), '--generated', generated, '--separator', '<|end|>');
    expect(spans(parted)).toEqual(expected);
    expect(parted.runs.map(({ training }) => training.document)).toEqual(['same.txt#3', 'same.txt#9']);
    expect(parted.sets.training).toMatchObject({ files: 1, documents: 12 });
  });

  test.each(['zstd', 'snappy'])(
    'reads a document a row of Parquet (%s), and rows without a text are none',
    async codec => {
      // Documents of fixtures/texts.py, of which the sixth is null in the column "text" and not in "body".
      const document = (i: number): string =>
        Array.from({ length: 120 }, (_, j) => `w${(i * 7919 + j * 104_729) % 9973}`).join(' ');
      const train = join(import.meta.dirname, 'fixtures', `texts.${codec}.parquet`);
      const generated = at(`parquet-${codec}.txt`);
      writeFileSync(generated, [2, 5, 9].map(i => document(i).slice(30, 230)).join('\n'));
      const spans = (report: AuditTextReport) =>
        report.runs.map(({ training }) => [training.document.split('#')[1], training.start, training.end]);
      const report = await audit('--train', train, '--generated', generated);
      expect(report.sets.training).toMatchObject({ files: 1, documents: 11 });
      expect(spans(report)).toEqual([
        ['2', 30, 230],
        ['9', 30, 230],
      ]);
      const whole = await audit('--train', train, '--generated', generated, '--text-field', 'body');
      expect(whole.sets.training.documents).toBe(12);
      expect(whole.runs).toHaveLength(3);
    },
  );

  test('no run crosses a document, also where two documents meet in a file', async () => {
    const [a, b] = [inventText(21, 400), inventText(22, 400)];
    writeFileSync(at('meet.jsonl'), [a, b].map(text => JSON.stringify({ text })).join('\n'));
    writeFileSync(at('meet-gen.txt'), `${a.slice(-40)}${b.slice(0, 40)}`);
    expect((await audit('--train', at('meet.jsonl'), '--generated', at('meet-gen.txt'))).runs).toEqual([]);
    const shorter = await audit('--train', at('meet.jsonl'), '--generated', at('meet-gen.txt'), '--shortest', '30');
    expect(shorter.runs.map(({ characters }) => characters)).toEqual([40, 40]);
  });

  test('looks past case, blanks, quotes and compatible letters, and gives spans of the texts as they are', async () => {
    const original = '“It is a truth universally   acknowledged,\n  that a single man in possession of a good ﬁle…”';
    const written = '"IT IS A TRUTH universally acknowledged, that a single man in possession of a good FILE..."';
    writeFileSync(at('norm.txt'), `Начало. ${original} And more.`);
    writeFileSync(at('norm-gen.txt'), `So: ${written}`);
    expect((await audit('--train', at('norm.txt'), '--generated', at('norm-gen.txt'))).runs).toEqual([]);
    const report = await audit(
      '--train',
      at('norm.txt'),
      '--generated',
      at('norm-gen.txt'),
      '--normalise',
      'case,blanks,quotes,nfkc',
    );
    const [run] = report.runs;
    expect(slice(`So: ${written}`, run!.generated)).toContain(written);
    expect(slice(`Начало. ${original} And more.`, run!.training).trim()).toBe(original);
    expect(report.exhibits[0]?.training.text.trim()).toBe(original);
  });

  test('counts how often a run occurs, lists the documents, and leaves common phrases out of the calls', async () => {
    const licence =
      'Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated documentation files, to deal in it without restriction.';
    const secret = inventText(31, 220);
    const corpus = Array.from(
      { length: 30 },
      (_, i) => `${inventText(200 + i, 300)} ${licence} ${i % 10 === 0 ? secret : ''}`,
    );
    writeFileSync(at('common.jsonl'), corpus.map(text => JSON.stringify({ text })).join('\n'));
    writeFileSync(
      at('common-gen.jsonl'),
      [`x ${licence} y`, `z ${secret} w`].map(text => JSON.stringify({ text })).join('\n'),
    );
    const report = await audit(
      '--train',
      at('common.jsonl'),
      '--generated',
      at('common-gen.jsonl'),
      '--common-from',
      '20',
    );
    expect(report.runs.map(({ weight, common }) => [weight, common])).toEqual([
      [3, false],
      [30, true],
    ]);
    expect(report.runs[0]?.documents).toEqual(['common.jsonl#0', 'common.jsonl#10', 'common.jsonl#20']);
    expect(report.replication.pairs.map(({ generated, copy }) => [generated, copy])).toEqual([
      ['common-gen.jsonl#1', true],
      ['common-gen.jsonl#0', false],
    ]);
    expect(report.verdict.map(({ subject }) => subject)).toEqual(['copies', 'common phrases']);
  });

  test('measures words and n-grams as counted by hand', async () => {
    const words = 'one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen';
    writeFileSync(at('words.txt'), `${words} and on`);
    writeFileSync(at('words-gen.txt'), `now ${words} stop`);
    const report = await audit('--train', at('words.txt'), '--generated', at('words-gen.txt'));
    // 18 words, so 6 n-grams of 13; the 4 within the 16 copied words occur.
    expect(report.texts[0]).toMatchObject({ words: 18, longest: { words: 16 }, overlap: 4 / 6 });
    expect(report.replication.generated.covered.value).toBeCloseTo((words.length + 1) / (words.length + 9), 6);
  });

  test('a run can be shown again and leaves one item a text', async () => {
    writeFileSync(at('items.txt'), inventText(41, 500));
    const { code, out } = await biolens(
      'audit',
      'text',
      '--train',
      at('items.txt'),
      '--generated',
      at('items.txt'),
      '--runs-dir',
      at('shown'),
      '--name',
      'x',
    );
    expect(code).toBe(0);
    expect(out).toContain('BAD: 1 of 1 generated texts repeat training texts');
    const [id = ''] = readdirSync(at('shown'));
    expect((await biolens('runs', 'show', id, '--runs-dir', at('shown'))).out).toContain('BAD: 1 of 1');
    expect(readdirSync(at('shown', id)).sort()).toEqual(['items.jsonl', 'report.html', 'report.json', 'run.json']);
  });
});

describe('bad input', () => {
  test.each([
    [
      'a corpus that is not there',
      () => ['--train', at('absent'), '--generated', at('items.txt')],
      'no such file or folder',
    ],
    ['no training texts', () => ['--generated', at('items.txt')], '--train is missing'],
    [
      'a folder without files',
      () => ['--train', folderOf('empty', {}), '--generated', at('items.txt')],
      'there are no files in it',
    ],
    ['generated texts in UTF-16', () => ['--train', at('items.txt'), '--generated', utf16()], 'UTF-16, expected UTF-8'],
    [
      'a word for a number',
      () => ['--train', at('items.txt'), '--generated', at('items.txt'), '--shortest', 'x'],
      '--shortest expected',
    ],
    [
      'an unknown difference',
      () => ['--train', at('items.txt'), '--generated', at('items.txt'), '--normalise', 'cases'],
      'did you mean "case"?',
    ],
  ])('%s is one line, and no run is left', async (_, args, message) => {
    const { code, err } = await biolens('audit', 'text', ...args(), '--runs-dir', at('none'));
    expect(err).toContain(message);
    expect(err.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
    expect(() => readdirSync(at('none'))).toThrow();
  });

  const utf16 = (): string => {
    writeFileSync(
      at('utf16.txt'),
      Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(inventText(51, 300), 'utf16le')]),
    );
    return at('utf16.txt');
  };

  test('corpora of 0, 1 and 60 bytes work', async () => {
    const text = inventText(61, 60).slice(0, 60);
    writeFileSync(at('gen60.txt'), `: ${text} :`);
    for (const [name, content, runs] of [
      ['none.txt', '', 0],
      ['one.txt', 'x', 0],
      ['sixty.txt', text, 1],
    ] as const) {
      writeFileSync(at(name), content);
      expect((await audit('--train', at(name), '--generated', at('gen60.txt'))).runs, name).toHaveLength(runs);
    }
    writeFileSync(at('empty-gen.txt'), '');
    expect((await audit('--train', at('sixty.txt'), '--generated', at('empty-gen.txt'))).texts[0]).toMatchObject({
      characters: 0,
      covered: null,
    });
  });

  test('invalid UTF-8, NULs, damaged and foreign files are read or named', async () => {
    const copied = Buffer.concat([
      Buffer.from(inventText(71, 100)),
      Buffer.from([0, 0, 0xff, 0xfe, 0x80, 0xc3, 0x28, 0xe2, 0x82]),
      Buffer.from(inventText(72, 100)),
    ]);
    const lines = JSON.stringify({ text: inventText(73, 400) });
    const train = folderOf('foreign', {
      'a.txt': Buffer.concat([Buffer.from('начало '), copied]),
      'b.jsonl': `${lines}\nnot json\n{"other": 1}\n{"text": 5}\n${'['.repeat(5000)}\n`,
      'c.txt.gz': gzipSync(Buffer.from(inventText(74, 5000))).subarray(0, 900),
      'd.txt': Buffer.from('\ufffeabc', 'utf16le'),
      'e.parquet': 'PAR1 is not enough',
      'f.zip': Buffer.from('PK\u0003\u0004rest'),
      'g.zst': Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 1, 2, 3]),
    });
    writeFileSync(at('foreign-gen.txt'), Buffer.concat([Buffer.from('q'), copied, Buffer.from('w')]));
    const report = await audit('--train', train, '--generated', at('foreign-gen.txt'));
    expect(report.runs).toHaveLength(1);
    expect(report.runs[0]!.training.bytes).toEqual({
      start: Buffer.byteLength('начало '),
      end: Buffer.byteLength('начало ') + copied.length,
    });
    expect(report.skipped.map(({ file, reason }) => `${file}: ${reason}`)).toEqual([
      'b.jsonl#1: not JSON',
      'b.jsonl#2: no field "text"',
      'b.jsonl#3: "text" is no text',
      'b.jsonl#4: nested more than 200 deep',
      expect.stringMatching(/^c\.txt\.gz: damaged: /),
      expect.stringMatching(/^d\.txt: UTF-16, expected UTF-8/),
      expect.stringMatching(/^e\.parquet: (damaged: )?e\.parquet: not a Parquet file/),
      'f.zip: a ZIP archive, expected texts: unpack it',
      expect.stringMatching(/^g\.zst: damaged: /),
    ]);
    expect(report.verdict.map(({ subject }) => subject)).toContain('texts left out');
  });
});
