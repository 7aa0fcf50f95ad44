import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuditVideoReport, auditVideoReportSchema } from '../../src/ground/contracts/index.ts';
import { type AuditVideoEvent, auditVideoRun, resumeAuditVideo } from '../../src/jobs/audit-video/index.ts';
import type { Image } from '../../src/kit/images/index.ts';
import { biolens } from '../cli/biolens.ts';
import { temporaryFolder } from '../faces/models.ts';
import { ffmpegPath, whyNot, writeFrames, writeVideo } from '../video/parts.ts';
import { type Drawing, drawClip } from './draw-clips.ts';

let folder: Awaited<ReturnType<typeof temporaryFolder>>;
const at = (...parts: string[]): string => join(folder.path, ...parts);
beforeAll(async () => {
  folder = await temporaryFolder();
});
afterAll(() => folder[Symbol.asyncDispose]());

const RATE = 8;
function frames(
  drawing: Drawing,
  { n = 24, speed = 1, start = 0 }: { readonly n?: number; readonly speed?: number; readonly start?: number } = {},
): Image[] {
  const clip = drawClip({ ...drawing, width: 80, height: 60 });
  return Array.from({ length: n }, (_, i) => clip.frame(start + (speed * i) / RATE));
}
const alike = (seed: number): Drawing => ({ look: seed, motion: seed });

describe('biolens audit video', () => {
  let report: AuditVideoReport;
  let run = '';
  beforeAll(async () => {
    const TRAINING = 24;
    for (let i = 0; i < TRAINING; i++)
      await writeFrames(at('train', `t${i}`), frames(alike(i), { n: i < 3 ? 40 : 24 }));
    const generated: Readonly<Record<string, Image[]>> = {
      // A part of a longer clip, played faster, between other frames.
      part: [
        ...frames(alike(900), { n: 12 }),
        ...frames(alike(1), { n: 24, speed: 1.3, start: 1 }),
        ...frames(alike(901), { n: 8 }),
      ],
      whole: frames(alike(5)),
      shuffled: frames(alike(6)).map((_, i, list) => list[(7 * i) % 24]!),
      moves: frames({ look: 700, motion: 8 }),
      'new-1': frames(alike(801)),
      'new-2': frames(alike(802)),
      still: new Array(10).fill(frames(alike(803))[0]),
    };
    for (const [name, list] of Object.entries(generated)) await writeFrames(at('gen', name), list);
    mkdirSync(at('gen', 'broken'));
    for (const i of [0, 1]) writeFileSync(at('gen', 'broken', `${i}.png`), 'no image');
    writeFileSync(
      at('truth.csv'),
      'query_id,ref_id,query_start,query_end,ref_start,ref_end\npart,t1,1.5,4.5,1,4.9\nwhole,t5,0,3,0,3\nshuffled,t6,0,3,0,3\n',
    );
    const { code, out, err } = await biolens(
      ...['audit', 'video', '--train', at('train'), '--generated', at('gen'), '--frame-rate', String(RATE)],
      ...['--truth', at('truth.csv'), '--json', '--runs-dir', at('runs'), '--fail-on', 'replication.copied>0.9'],
    );
    expect(code, err).toBe(0);
    report = auditVideoReportSchema.parse(JSON.parse(out));
    run = at('runs', readdirSync(at('runs')).find(name => name.includes('audit-video'))!);
  }, 120_000);

  const pairOf = (name: string) => report.replication.pairs.find(({ generated }) => generated === name)!;

  test('calls content and motion apart, and nothing else', () => {
    const called = (name: string): string => {
      const { copy, nearestMotion } = pairOf(name);
      return `${copy ? 'content' : ''} ${nearestMotion?.copy ? 'motion' : ''}`.trim();
    };
    const all = Object.fromEntries(report.replication.pairs.map(({ generated }) => [generated, called(generated)]));
    expect(all).toEqual({
      part: 'content motion',
      whole: 'content motion',
      shuffled: 'content',
      moves: 'motion',
      'new-1': '',
      'new-2': '',
      still: '',
    });
    expect(pairOf('whole')).toMatchObject({ training: 't5', copy: true });
    expect(pairOf('moves').nearestMotion).toMatchObject({ training: 't8', copy: true });
    expect(pairOf('shuffled').content).toBeCloseTo(pairOf('shuffled').pairScore, 2);
    expect(pairOf('shuffled').clipScore).toBeLessThan(pairOf('shuffled').content);
    // No number rather than a low one.
    expect(pairOf('still')).toMatchObject({ motion: null, nearestMotion: null });
    expect(report.sets.generated).toMatchObject({ files: 8, n: 7, still: 1 });
    expect(report.verdict.find(({ subject }) => subject === 'no motion')?.headline).toContain('1 of 7');
  });

  test('says from which second to which, in both clips', () => {
    const { training, spans } = pairOf('part');
    expect(training).toBe('t1');
    const [span] = spans;
    for (const [found, wanted] of [
      [span!.generated, [1.5, 4.5]],
      [span!.training, [1, 4.9]],
    ] as const)
      for (const end of [0, 1]) expect(Math.abs(found[end]! - wanted[end]!)).toBeLessThan(0.5);
    expect(Math.abs(span!.speed - 1.3)).toBeLessThan(0.15);
    expect(pairOf('new-1').spans).toEqual([]);
    expect(report.truth?.segments).toBe(3);
    expect(report.truth?.microAp.value).toBe(1);
    expect(report.truth?.segmentAp.value).toBeGreaterThan(0.6);
  });

  test('names what could not be read, keeps frames for the page and nothing else', () => {
    expect(report.skipped).toEqual([
      { set: 'generated', file: 'broken', reason: expect.stringMatching(/^broken\/0\.png: not an image|not an image/) },
    ]);
    expect(existsSync(join(run, 'artifacts', 'features'))).toBe(false);
    expect(report.shown.length).toBeGreaterThan(4);
    for (const { clips } of report.shown)
      for (const { sheet, seconds, flow } of [clips.generated, clips.training]) {
        expect(existsSync(join(run, sheet))).toBe(true);
        expect(Buffer.from(flow, 'base64')).toHaveLength(seconds.length * 128);
      }
    expect(readFileSync(join(run, 'report.html'), 'utf8')).toContain('run/artifacts/clips/0-generated.webp');
  });
});

test('an audit that was interrupted goes on where it was, and gives the same', async () => {
  for (const [set, seeds] of [
    ['rt', [1, 2, 3, 4]],
    ['rg', [2, 9]],
  ] as const)
    for (const seed of seeds) await writeFrames(at(set, `c${seed}`), frames(alike(seed), { n: 10 }));
  const input = { training: at('rt'), generated: at('rg'), frameRate: RATE };
  const options = { runsDir: at('resumed') };
  const stop = new AbortController();
  let path = '';
  const interrupted = async (): Promise<void> => {
    for await (const event of auditVideoRun(input, { ...options, signal: stop.signal })) {
      if (event.type === 'run') path = event.path;
      if (event.type === 'progress' && event.stage === 'reading clips' && event.done === 3) stop.abort();
    }
  };
  await expect(interrupted()).rejects.toThrow('interrupted');
  const resultOf = async (events: AsyncIterable<AuditVideoEvent>): Promise<AuditVideoReport> => {
    for await (const event of events) if (event.type === 'result') return event.report;
    throw new Error('no result');
  };
  expect(readdirSync(join(path, 'artifacts', 'features'))).toHaveLength(3);
  const resumed = await resultOf(resumeAuditVideo(path));
  expect(resumed).toEqual(await resultOf(auditVideoRun(input, options)));
}, 60_000);

describe('bad input is one line', () => {
  test.each([
    ['a folder that is not there', ['--train', 'absent', '--generated', 'absent'], 'no such file or folder'],
    [
      'a table that names no clip',
      ['--train', 'two', '--generated', 'two', '--truth', 'wrong.csv'],
      '"query_id" names no clip: "a"',
    ],
    ['an ffmpeg that is none', ['--train', 'videos', '--generated', 'videos', '--ffmpeg', 'no-ffmpeg'], '--ffmpeg: '],
    [
      'clips that cannot be read',
      ['--train', 'bad', '--generated', 'bad'],
      '0 clips can be read, expected 2 or more (clip: ',
    ],
  ])('%s', async (_, args, message) => {
    mkdirSync(at('videos'), { recursive: true });
    writeFileSync(at('videos', 'a.mp4'), 'x');
    mkdirSync(at('bad', 'clip'), { recursive: true });
    for (const i of [0, 1]) writeFileSync(at('bad', 'clip', `${i}.png`), 'no image');
    for (const name of ['a1', 'b1']) await writeFrames(at('two', name), frames(alike(1), { n: 3 }));
    writeFileSync(at('wrong.csv'), 'query_id,ref_id,query_start,query_end,ref_start,ref_end\na,b,0,1,0,1\n');
    const { code, out, err } = await biolens(
      'audit',
      'video',
      ...args.map((word, i) => (i % 2 === 0 ? word : at(word))),
      '--runs-dir',
      at('bad-runs'),
    );
    expect(code).toBe(2);
    expect(out).toBe('');
    expect(err.trim().split('\n').at(-1)).toContain(message);
  });

  test.skipIf(ffmpegPath === null)(
    `a truncated video is left out and named${whyNot(ffmpegPath)}`,
    async () => {
      for (const set of ['vt', 'vg']) {
        mkdirSync(at(set));
        for (const i of [0, 1, 2]) writeVideo(at(set, `${i}.mp4`), frames(alike(i), { n: 12 }), { rate: RATE });
      }
      writeFileSync(at('vg', 'cut.mp4'), readFileSync(at('vg', '0.mp4')).subarray(0, 600));
      const { code, out, err } = await biolens(
        ...['audit', 'video', '--train', at('vt'), '--generated', at('vg'), '--ffmpeg', ffmpegPath!, '--json'],
        ...['--runs-dir', at('bad-runs')],
      );
      expect(code, err).toBe(0);
      const { skipped, replication } = auditVideoReportSchema.parse(JSON.parse(out));
      expect(skipped).toEqual([
        { set: 'generated', file: 'cut.mp4', reason: expect.stringContaining('no frame of it can be decoded') },
      ]);
      // Three training clips are no control: nothing is called, and the report says why.
      expect(replication.copied.value).toBeNull();
      expect(replication.pairs[0]).toMatchObject({ generated: '0.mp4', training: '0.mp4', copy: false });
    },
    60_000,
  );
});
