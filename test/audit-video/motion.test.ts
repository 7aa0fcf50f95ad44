import { describe, expect, test } from 'vitest';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import {
  FIELD_WIDTH,
  FLOW_SIDE,
  FlowEstimator,
  greySquare,
  MOTION_FLOOR,
  mirrorFields,
  motionScore,
  normaliseMotion,
  poolFlow,
  wholeMatrix,
} from '../../src/jobs/audit-video/index.ts';
import type { Image } from '../../src/kit/images/index.ts';
import { drawClip } from './draw-clips.ts';

const S = FLOW_SIDE;
const estimator = new FlowEstimator();

/** A texture of waves between 4 and 50 pixels. */
function textureOf(seed: number): (x: number, y: number) => number {
  const stream = openStream(randomKey(seed));
  const waves = Array.from({ length: 32 }, () => {
    const [speed, turn, phase] = [
      0.12 + 1.4 * stream.uniform() ** 2,
      2 * Math.PI * stream.uniform(),
      7 * stream.uniform(),
    ];
    return { x: speed * Math.cos(turn), y: speed * Math.sin(turn), phase, height: 20 / (1 + 4 * speed) };
  });
  return (x, y) =>
    128 + waves.reduce((sum, wave) => sum + wave.height * Math.sin(wave.x * x + wave.y * y + wave.phase), 0);
}

type Move = (x: number, y: number) => readonly [number, number];
/** Bytes of a texture whose place (x, y) shows what the place that `from` gives shows. */
const render = (texture: (x: number, y: number) => number, from: Move): Float32Array =>
  Float32Array.from({ length: S * S }, (_, i) =>
    Math.round(Math.max(0, Math.min(255, texture(...from(i % S, Math.floor(i / S)))))),
  );
const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

describe('optical flow', () => {
  const shift =
    (dx: number, dy: number): Move =>
    (x, y) => [x + dx, y + dy];
  const turn =
    (degrees: number): Move =>
    (x, y) => {
      const angle = (degrees * Math.PI) / 180;
      const [cx, cy] = [x - (S - 1) / 2, y - (S - 1) / 2];
      const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
      return [(S - 1) / 2 + cos * cx - sin * cy, (S - 1) / 2 + sin * cx + cos * cy];
    };
  test.each([
    ['1 pixel', shift(1, 0), shift(-1, 0)],
    ['half a pixel', shift(0.5, -0.5), shift(-0.5, 0.5)],
    ['3 and 2 pixels', shift(3, -2), shift(-3, 2)],
    ['8 pixels', shift(8, 0), shift(-8, 0)],
    ['8 pixels across the diagonal', shift(-5.66, 5.66), shift(5.66, -5.66)],
    ['3 degrees', turn(3), turn(-3)],
  ])('%s: a median error of a quarter of a pixel at most', (_, to, from) => {
    for (const seed of [1, 2, 3]) {
      const texture = textureOf(seed);
      const { across, down } = estimator.estimate(
        render(texture, (x, y) => [x, y]),
        render(texture, from),
      );
      const errors = Array.from(across, (u, i) => {
        const [x, y] = [i % S, Math.floor(i / S)];
        const [tx, ty] = to(x, y);
        return Math.hypot(u - (tx - x), down[i]! - (ty - y));
      });
      expect(median(errors)).toBeLessThanOrEqual(0.25);
    }
  });

  test('frames that are equal do not move, and flat ones are no numbers nowhere', () => {
    const still = render(textureOf(4), (x, y) => [x, y]);
    const { across } = estimator.estimate(still, still);
    expect(Math.max(...across.map(Math.abs))).toBeLessThan(1e-3);
    const flat = new Float32Array(S * S).fill(90);
    expect(estimator.estimate(flat, still).down.every(Number.isFinite)).toBe(true);
  });
});

const RATE = 8;
function motionOf(frames: readonly Image[]) {
  const squares = frames.map(frame => greySquare(frame, { x: 0, y: 0, width: frame.width, height: frame.height }));
  const fields = squares.slice(1).map((square, i) => poolFlow(estimator.estimate(squares[i]!, square), 1 / RATE));
  return normaliseMotion(fields, 1 / RATE);
}
function score(a: ReturnType<typeof motionOf>, b: ReturnType<typeof motionOf>): number {
  const products = new Float32Array(a.n * b.n);
  for (let i = 0; i < a.n; i++)
    for (let j = 0; j < b.n; j++)
      for (let k = 0; k < FIELD_WIDTH; k++)
        products[i * b.n + j]! += a.fields[i * FIELD_WIDTH + k]! * b.fields[j * FIELD_WIDTH + k]!;
  return motionScore(wholeMatrix(products, b.n), { first: a, second: b })!.score;
}
const frames = (
  drawing: Parameters<typeof drawClip>[0],
  { n = 20, speed = 1 }: { readonly n?: number; readonly speed?: number } = {},
): Image[] => {
  const clip = drawClip({ ...drawing, width: 128, height: 128 });
  return Array.from({ length: n }, (_, i) => clip.frame((speed * i) / RATE));
};
const mirror = ({ width, height, data }: Image): Image => ({
  width,
  height,
  data: data.map(
    (_, i) => data[3 * (Math.floor(i / 3 / width) * width + width - 1 - (Math.floor(i / 3) % width)) + (i % 3)]!,
  ),
});

describe('motion', () => {
  const seeds = [3, 8, 14];
  const whole = seeds.map(seed => motionOf(frames({ look: seed, motion: seed })));
  const unrelated = seeds.map(seed => motionOf(frames({ look: 40 + seed, motion: 40 + seed })));
  const highest = Math.max(...whole.flatMap(a => unrelated.map(b => score(a, b))));

  test('is within 0.02 with another texture of what moves, and nearly the same at another speed and in a mirror, and another for another motion', () => {
    for (const [i, seed] of seeds.entries()) {
      const own = whole[i]!;
      expect(score(own, own)).toBeGreaterThan(0.95);
      const swapped = motionOf(frames({ look: 90 + seed, motion: seed, scene: seed }));
      expect(score(own, own) - score(swapped, own)).toBeLessThan(0.02);
      expect(score(motionOf(frames({ look: seed, motion: seed }, { n: 16, speed: 1.25 })), own)).toBeGreaterThan(0.85);
      const flipped = motionOf(frames({ look: seed, motion: seed }).map(mirror));
      expect(score({ ...flipped, fields: mirrorFields(flipped.fields) }, own)).toBeGreaterThan(0.95);
      expect(score(motionOf(frames({ look: seed, motion: 70 + seed })), own)).toBeLessThan(0.6);
    }
    expect(highest).toBeLessThan(0.6);
  });

  test('is gone when the frames are shuffled', () => {
    for (const [i, seed] of seeds.entries()) {
      const list = frames({ look: seed, motion: seed });
      const stream = openStream(randomKey(seed));
      for (let k = list.length - 1; k > 0; k--) {
        const j = stream.integer(k + 1);
        [list[k], list[j]] = [list[j]!, list[k]!];
      }
      expect(score(motionOf(list), whole[i]!)).toBeLessThan(0.6);
    }
  });

  test('of the camera alone is none', () => {
    const texture = textureOf(6);
    const pan = Array.from({ length: 6 }, (_, i): Image => {
      const angle = (i * Math.PI) / 180;
      const square = render(texture, (x, y) => [
        Math.cos(angle) * x - Math.sin(angle) * y + 2 * i,
        Math.sin(angle) * x + Math.cos(angle) * y,
      ]);
      return {
        width: S,
        height: S,
        data: Uint8Array.from({ length: S * S * 3 }, (_, k) => square[Math.floor(k / 3)]!),
      };
    });
    const { level } = motionOf(pan);
    expect(level).toBeLessThan(MOTION_FLOOR);
    expect(motionOf(pan.slice(0, 1).concat(pan.slice(0, 1))).level).toBeLessThan(MOTION_FLOOR);
    expect(whole.every(motion => motion.level > 4 * MOTION_FLOOR)).toBe(true);
  });
});
