import { createRequire } from 'node:module';
import { join } from 'node:path';
import { openStream, randomKey } from '../src/ground/math/index.ts';
import { FlowEstimator, FLOW_SIDE as S } from '../src/jobs/audit-video/index.ts';

// A process of its own for bench/video.ts: flow between pairs of frames with known motion, by ours or by OpenCV.js in the folder named.
const PAIRS = 24;
const ROUNDS = 8;

interface Pair {
  readonly first: Float32Array;
  readonly second: Float32Array;
  readonly across: Float32Array;
  readonly down: Float32Array;
}

function drawPair(seed: number): Pair {
  const stream = openStream(randomKey(seed));
  const waves = Array.from({ length: 32 }, () => {
    const [speed, turn, phase] = [0.12 + 1.4 * stream.uniform() ** 2, 7 * stream.uniform(), 7 * stream.uniform()];
    return { x: speed * Math.cos(turn), y: speed * Math.sin(turn), phase, height: 20 / (1 + 4 * speed) };
  });
  const texture = (x: number, y: number): number =>
    128 + waves.reduce((sum, wave) => sum + wave.height * Math.sin(wave.x * x + wave.y * y + wave.phase), 0);
  const [length, direction] = [1 + 7 * stream.uniform(), 2 * Math.PI * stream.uniform()];
  const [dx, dy] = [length * Math.cos(direction), length * Math.sin(direction)];
  const angle = seed % 3 === 0 ? ((stream.uniform() - 0.5) * 6 * Math.PI) / 180 : 0;
  const [cos, sin, middle] = [Math.cos(angle), Math.sin(angle), (S - 1) / 2];
  const pixels = (at: (x: number, y: number) => number): Float32Array =>
    Float32Array.from({ length: S * S }, (_, i) => at(i % S, Math.floor(i / S)));
  const byte = (value: number): number => Math.round(Math.max(0, Math.min(255, value)));
  const shift = angle === 0 ? [dx, dy] : [0, 0];
  return {
    first: pixels((x, y) => byte(texture(x, y))),
    second: pixels((x, y) => {
      const [px, py] = [x - shift[0]! - middle, y - shift[1]! - middle];
      return byte(texture(middle + cos * px + sin * py, middle - sin * px + cos * py));
    }),
    across: pixels((x, y) => shift[0]! + (cos - 1) * (x - middle) - sin * (y - middle)),
    down: pixels((x, y) => shift[1]! + sin * (x - middle) + (cos - 1) * (y - middle)),
  };
}

type Estimate = (pair: Pair) => { readonly across: ArrayLike<number>; readonly down: ArrayLike<number> };

function openOurs(): Estimate {
  const estimator = new FlowEstimator();
  return ({ first, second }) => estimator.estimate(first, second);
}

async function openPeer(folder: string): Promise<Estimate> {
  const loaded = createRequire(join(folder, 'package.json'))('@techstark/opencv-js');
  const cv = loaded instanceof Promise ? await loaded : loaded;
  if (cv.Mat === undefined)
    await new Promise<void>(ready => {
      cv.onRuntimeInitialized = ready;
    });
  const [a, b, flow] = [new cv.Mat(S, S, cv.CV_8UC1), new cv.Mat(S, S, cv.CV_8UC1), new cv.Mat()];
  return ({ first, second }) => {
    a.data.set(first);
    b.data.set(second);
    cv.calcOpticalFlowFarneback(a, b, flow, 0.5, 4, 15, 3, 5, 1.2, 0);
    const values: Float32Array = flow.data32F;
    return {
      across: Float32Array.from({ length: S * S }, (_, i) => values[2 * i]!),
      down: Float32Array.from({ length: S * S }, (_, i) => values[2 * i + 1]!),
    };
  };
}

const which = process.argv[2]!;
const estimate = which === 'ours' ? openOurs() : await openPeer(which);
const pairs = Array.from({ length: PAIRS }, (_, i) => drawPair(i + 1));
const errors = pairs.flatMap(pair => {
  const { across, down } = estimate(pair);
  return Array.from(pair.across, (u, i) => Math.hypot(across[i]! - u, down[i]! - pair.down[i]!));
});
const before = process.cpuUsage();
const start = performance.now();
for (let round = 0; round < ROUNDS; round++) for (const pair of pairs) estimate(pair);
const { user, system } = process.cpuUsage(before);
console.log(
  JSON.stringify({
    cpu: (user + system) / 1e6,
    wall: (performance.now() - start) / 1000,
    peakMegabytes: process.resourceUsage().maxRSS / 1024,
    done: ROUNDS * PAIRS,
    error: errors.sort((a, b) => a - b)[errors.length >> 1],
  }),
);
process.exit(0);
