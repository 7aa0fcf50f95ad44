import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AuditVideoReport, auditVideoReportSchema, type VideoPair } from '../../src/ground/contracts/index.ts';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { segmentAp, type VscMatch } from '../../src/jobs/audit-video/index.ts';
import type { Image } from '../../src/kit/images/index.ts';
import { biolens } from '../cli/biolens.ts';
import { temporaryFolder } from '../faces/models.ts';
import { ffmpeg, ffmpegPath, realClips, whyNot, writeVideo } from '../video/parts.ts';
import { type Drawing, drawClip } from './draw-clips.ts';

/** `BIOLENS_PROOF_SEED` draws other clips. */
const SEED = Number(process.env.BIOLENS_PROOF_SEED ?? 5);
/** Clips of another seed share no look and no motion with these. */
const FIRST = 100_000 * (SEED - 5);
/** Frames a second and seconds of the drawn clips. */
const RATE = 12;
const SECONDS = 5;
const DRAWN = 70;
const REAL = ['bikes.mp4', 'bigbuckbunny.mp4', 'carphone_pristine.mp4'] as const;

type Kind =
  | 'other motion'
  | 'other content'
  | 'part at another speed'
  | 'mirrored'
  | 'cropped'
  | 'recompressed'
  | 'letterboxed'
  | 'unrelated';
/** 200 draws in all. */
const DRAWS: Readonly<Record<Kind, number>> = {
  'other motion': 25,
  'other content': 25,
  'part at another speed': 30,
  mirrored: 20,
  cropped: 20,
  recompressed: 20,
  letterboxed: 20,
  unrelated: 40,
};
const FILTERS: Partial<Record<Kind, string>> = {
  mirrored: 'hflip',
  cropped: 'crop=trunc(iw*0.45)*2:trunc(ih*0.45)*2',
  letterboxed: 'scale=iw:trunc(ih*0.375)*2,pad=iw:trunc(ih*4/3/2)*2:0:-1',
};

interface Draw {
  readonly name: string;
  readonly kind: Kind;
  /** The training clip that it is taken from. */
  readonly source: string;
  readonly real: boolean;
  /** Where a part lies in it, and in its source. */
  readonly span: VscMatch | null;
}

function frames(drawing: Drawing, { from = 0, seconds = SECONDS, speed = 1 } = {}): Image[] {
  const clip = drawClip(drawing);
  return Array.from({ length: Math.round(seconds * RATE) }, (_, i) => clip.frame(from + (speed * i) / RATE));
}

describe.skipIf(ffmpegPath === null || realClips === null)(
  `clips with known truth${whyNot(ffmpegPath, realClips)}`,
  () => {
    let folder: Awaited<ReturnType<typeof temporaryFolder>>;
    let report: AuditVideoReport;
    const draws: Draw[] = [];
    const at = (...parts: string[]): string => join(folder.path, ...parts);

    beforeAll(async () => {
      folder = await temporaryFolder();
      for (const set of ['train', 'held', 'gen']) mkdirSync(at(set));
      for (let i = 0; i < DRAWN; i++) {
        writeVideo(at('train', `t${i}.mp4`), frames({ look: FIRST + i, motion: FIRST + i }), { rate: RATE });
        writeVideo(at('held', `h${i}.mp4`), frames({ look: FIRST + 1000 + i, motion: FIRST + 1000 + i }), {
          rate: RATE,
        });
      }
      for (const name of REAL) ffmpeg(['-i', join(realClips!, name), '-c', 'copy', at('train', name)]);
      const stream = openStream(randomKey(SEED));
      let fresh = FIRST + 5000;
      for (const [kind, count] of Object.entries(DRAWS) as [Kind, number][])
        for (let i = 0; i < count; i++) {
          const name = `${kind.replaceAll(' ', '-')}-${i}.mp4`;
          const filter = FILTERS[kind];
          const real = (filter !== undefined || kind === 'recompressed') && i % 3 === 0;
          const number = stream.integer(DRAWN);
          const source = real ? REAL[(i / 3) % REAL.length]! : `t${number}.mp4`;
          fresh++;
          let span: VscMatch | null = null;
          const to = at('gen', name);
          if (kind === 'unrelated') writeVideo(to, frames({ look: fresh, motion: fresh }), { rate: RATE });
          else if (kind === 'other motion')
            writeVideo(to, frames({ look: FIRST + number, motion: fresh }), { rate: RATE });
          else if (kind === 'other content')
            writeVideo(to, frames({ look: fresh, motion: FIRST + number }), { rate: RATE });
          else if (kind === 'part at another speed') {
            const speed = 0.7 + 0.8 * stream.uniform();
            const seconds = Math.min(3.2, (SECONDS - 0.2) / speed);
            const from = stream.uniform() * (SECONDS - seconds * speed);
            const before = 0.5 + stream.uniform();
            const start = Math.round(before * RATE) / RATE;
            writeVideo(
              to,
              [
                ...frames({ look: fresh, motion: fresh }, { seconds: before }),
                ...frames({ look: FIRST + number, motion: FIRST + number }, { from, seconds, speed }),
                ...frames({ look: fresh + 20_000, motion: fresh + 20_000 }, { seconds: 1 }),
              ],
              { rate: RATE },
            );
            span = {
              query: name,
              reference: source,
              queryStart: start,
              queryEnd: start + seconds,
              referenceStart: from,
              referenceEnd: from + seconds * speed,
            };
          } else
            ffmpeg([
              ...[
                '-i',
                at('train', source),
                ...(filter === undefined ? [] : ['-vf', filter]),
                '-an',
                '-c:v',
                'libx264',
              ],
              ...['-preset', 'ultrafast', '-crf', kind === 'recompressed' ? '40' : '23', '-pix_fmt', 'yuv420p', to],
            ]);
          if (filter !== undefined || kind === 'recompressed') {
            const seconds = real
              ? { bikes: 10, bigbuckbunny: 5.28, carphone_pristine: 4 }[source.slice(0, -4)]!
              : SECONDS;
            span = {
              query: name,
              reference: source,
              queryStart: 0,
              queryEnd: seconds,
              referenceStart: 0,
              referenceEnd: seconds,
            };
          }
          draws.push({ name, kind, source, real, span });
        }
      const { code, out, err } = await biolens(
        ...['audit', 'video', '--train', at('train'), '--generated', at('gen'), '--heldout', at('held'), '--json'],
        ...['--ffmpeg', ffmpegPath!, '--runs-dir', at('runs')],
      );
      expect(code, err).toBe(0);
      report = auditVideoReportSchema.parse(JSON.parse(out));
    }, 1_800_000);
    afterAll(() => folder[Symbol.asyncDispose]());

    const pairOf = (name: string): VideoPair => report.replication.pairs.find(({ generated }) => generated === name)!;

    /** Of the draws that copy, the share that is called with the right clip; of the others, the share that is called. */
    function calls(copies: (kind: Kind) => boolean, called: (pair: VideoPair) => string | null) {
      const right = new Map<Kind, number[]>();
      let [copied, found, others, wrong] = [0, 0, 0, 0];
      for (const { name, kind, source } of draws) {
        const match = called(pairOf(name));
        const hit = copies(kind) ? match === source : match === null;
        right.set(kind, [...(right.get(kind) ?? []), Number(hit)]);
        if (copies(kind)) {
          copied++;
          found += Number(hit);
        } else {
          others++;
          wrong += Number(!hit);
        }
      }
      const byKind = Object.fromEntries(
        [...right].map(([kind, hits]) => [kind, `${hits.reduce((a, b) => a + b, 0)}/${hits.length}`]),
      );
      return { found: found / copied, wrong: wrong / others, byKind };
    }

    test('content is called in 95 % of 200 draws or more, and falsely in 5 % or fewer', () => {
      const { found, wrong, byKind } = calls(
        kind => kind !== 'other content' && kind !== 'unrelated',
        ({ copy, training }) => (copy ? training : null),
      );
      console.log('content', { found, wrong, ...byKind }, 'threshold', report.replication.threshold);
      expect(found, JSON.stringify(byKind)).toBeGreaterThanOrEqual(0.95);
      expect(wrong, JSON.stringify(byKind)).toBeLessThanOrEqual(0.05);
    });

    test('motion is called in 95 % of 200 draws or more, and falsely in 5 % or fewer', () => {
      const { found, wrong, byKind } = calls(
        kind => kind !== 'other motion' && kind !== 'unrelated',
        ({ nearestMotion }) => (nearestMotion?.copy ? nearestMotion.training : null),
      );
      console.log('motion', { found, wrong, ...byKind }, 'threshold', report.replication.motion.threshold);
      expect(found, JSON.stringify(byKind)).toBeGreaterThanOrEqual(0.95);
      expect(wrong, JSON.stringify(byKind)).toBeLessThanOrEqual(0.05);
    });

    test('parts are found to half a second, and the segments of the drawn clips score an AP of 0.9 or more', () => {
      const spans = draws.flatMap(({ name, span, kind }) =>
        span === null || kind !== 'part at another speed' ? [] : [{ name, span }],
      );
      const errors = spans.flatMap(({ name, span }) => {
        const [found] = pairOf(name).spans;
        if (found === undefined) return [SECONDS];
        return [
          Math.abs(found.generated[0] - span.queryStart),
          Math.abs(found.generated[1] - span.queryEnd),
          Math.abs(found.training[0] - span.referenceStart),
          Math.abs(found.training[1] - span.referenceEnd),
        ];
      });
      const median = errors.toSorted((a, b) => a - b)[errors.length >> 1]!;
      const drawn = draws.filter(({ real, kind }) => !real && kind !== 'other motion');
      const names = new Set(drawn.map(({ name }) => name));
      const ap = segmentAp(
        drawn.flatMap(({ span }) => (span === null ? [] : [span])),
        report.replication.pairs
          .filter(({ generated }) => names.has(generated))
          .flatMap(({ generated, training, similarity, spans: found }) =>
            found.map(one => ({
              query: generated,
              reference: training,
              queryStart: one.generated[0],
              queryEnd: one.generated[1],
              referenceStart: one.training[0],
              referenceEnd: one.training[1],
              score: similarity,
            })),
          ),
      );
      console.log('median error of an end', median, 's; segment AP', ap);
      expect(median).toBeLessThanOrEqual(0.5);
      expect(ap).toBeGreaterThanOrEqual(0.9);
    });
  },
);
