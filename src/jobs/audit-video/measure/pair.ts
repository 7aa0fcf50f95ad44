import type { Span } from '../../../ground/contracts/index.ts';
import type { ClipFeatures } from '../read/clip-features.ts';
import { type Common, joinClips } from './clip-set.ts';
import { clipScore, pairScore } from './content.ts';
import { wholeMatrix } from './products.ts';
import { findSegments } from './segments.ts';

/** A match is at least this long, in seconds; half of the clip where that is less. */
const LEAST_SECONDS = 0.75;
const round = (seconds: number): number => Math.round(seconds * 1000) / 1000;

/** What a row of the report says of two clips beyond their content score. @param options.threshold similarity of frames above which they match; null for no search */
export function describePair(
  generated: ClipFeatures,
  training: ClipFeatures,
  {
    common,
    window,
    threshold,
  }: { readonly common: Common; readonly window: number; readonly threshold: number | null },
): { readonly clipScore: number; readonly pairScore: number; readonly spans: Span[] } {
  const [a, b] = [joinClips([generated], { common }).frames, joinClips([training], { common }).frames];
  const data = new Float32Array(a.rows * b.rows);
  for (let i = 0; i < a.rows; i++)
    for (let j = 0; j < b.rows; j++) {
      let sum = 0;
      for (let k = 0; k < a.cols; k++) sum += a.data[i * a.cols + k]! * b.data[j * a.cols + k]!;
      data[i * b.rows + j] = sum;
    }
  const products = wholeMatrix(data, b.rows);
  const tracks = { first: { n: a.rows, step: generated.step }, second: { n: b.rows, step: training.step } };
  const segments =
    threshold === null
      ? []
      : findSegments(products, { ...tracks, threshold, least: Math.min(LEAST_SECONDS, generated.seconds / 2) });
  const inClip = (clip: ClipFeatures, [from, to]: readonly [number, number]): [number, number] => [
    round(clip.start + Math.min(from, clip.seconds)),
    round(clip.start + Math.min(to, clip.seconds)),
  ];
  return {
    clipScore: clipScore(products, { ...tracks, window }),
    pairScore: pairScore(products, tracks.first, tracks.second),
    spans: segments.map(({ first, second, score, reversed, scaling }) => ({
      generated: inClip(generated, first),
      training: inClip(training, second),
      similarity: score,
      speed: round(scaling),
      reversed,
    })),
  };
}
