import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import type { Tensor2D, Tensor4D, Variable } from '@tensorflow/tfjs';
import { BATCH, CLASSES, TIME_WIDTH } from './training-network.ts';

// The network of training-network.ts in TensorFlow.js on wasm, channels last: MODE STEPS. A process of its own, for its peak memory.

const require = createRequire(import.meta.url);
const tf: typeof import('@tensorflow/tfjs') = require('@tensorflow/tfjs');
const wasm: typeof import('@tensorflow/tfjs-backend-wasm') = require('@tensorflow/tfjs-backend-wasm');
wasm.setWasmPaths(`${dirname(require.resolve('@tensorflow/tfjs-backend-wasm'))}/`);
await tf.setBackend('wasm');

// Its wasm backend has no gradient of a convolution's kernel: one matrix product for each tap repairs that.
tf.registerKernel({
  kernelName: 'Conv2DBackpropFilter',
  backendName: 'wasm',
  kernelFunc: ({ inputs, attrs }) => {
    const { x, dy } = inputs as unknown as { x: Tensor4D; dy: Tensor4D };
    const { strides, filterShape } = attrs as unknown as {
      strides: number | [number, number];
      filterShape: [number, number, number, number];
    };
    const stride = Array.isArray(strides) ? strides[0] : strides;
    const [kernel, , into, out] = filterShape;
    return tf.tidy(() => {
      const [batch, height, width] = x.shape;
      const [, rows, columns] = dy.shape;
      const slopes = tf.reshape(dy, [-1, out]);
      const product = (pixels: Tensor4D): Tensor2D =>
        tf.matMul(tf.reshape(pixels, [-1, into]), slopes, true) as Tensor2D;
      if (kernel === 1) return tf.reshape(product(x), filterShape);
      const around = stride === 1 ? [1, 1] : [0, 2];
      const padded = tf.pad(x, [[0, 0], around as [number, number], around as [number, number], [0, 0]]);
      const taps = [0, 1, 2].flatMap(i =>
        [0, 1, 2].map(j =>
          product(
            stride === 1
              ? tf.slice(padded, [0, i, j, 0], [batch, rows, columns, into])
              : (tf.stridedSlice(
                  padded,
                  [0, i, j, 0],
                  [batch, i + height, j + width, into],
                  [1, stride, stride, 1],
                ) as Tensor4D),
          ),
        ),
      );
      return tf.reshape(tf.stack(taps), filterShape);
    });
  },
});

const variables = new Map<string, Variable>();
function weight(name: string, shape: number[], value?: number): Variable {
  const known = variables.get(name);
  if (known !== undefined) return known;
  const fanIn = shape.slice(0, -1).reduce((a, b) => a * b, 1);
  const start = value === undefined ? tf.randomNormal(shape, 0, 1 / Math.sqrt(fanIn)) : tf.fill(shape, value);
  const made = tf.variable(start, true, name);
  variables.set(name, made);
  return made;
}

const conv = (name: string, x: Tensor4D, out: number, kernel = 3, stride = 1, bias = true): Tensor4D => {
  const y = tf.conv2d(x, weight(`${name}.w`, [kernel, kernel, x.shape[3], out]) as unknown as Tensor4D, stride, 'same');
  return bias ? tf.add(y, weight(`${name}.b`, [out], 0)) : y;
};
const dense = (name: string, x: Tensor2D, out: number, bias = true): Tensor2D => {
  const y = tf.matMul(x, weight(`${name}.w`, [x.shape[1], out]) as unknown as Tensor2D) as Tensor2D;
  return bias ? tf.add(y, weight(`${name}.b`, [out], 0)) : y;
};
const norm = (name: string, x: Tensor4D): Tensor4D => {
  const [batch, height, width, channels] = x.shape;
  const rows = tf.reshape(x, [batch, height * width, 8, channels / 8]);
  const centred = tf.sub(rows, tf.mean(rows, [1, 3], true));
  const variance = tf.mean(tf.square(centred), [1, 3], true);
  const normal = tf.reshape(tf.mul(centred, tf.rsqrt(tf.add(variance, 1e-5))), x.shape);
  return tf.add(
    tf.mul(normal, weight(`${name}.scale`, [channels], 1)),
    weight(`${name}.bias`, [channels], 0),
  ) as Tensor4D;
};
const silu = <T extends Tensor2D | Tensor4D>(x: T): T => tf.mul(x, tf.sigmoid(x)) as T;

function network(x: Tensor4D, time: Tensor2D, classes: Tensor2D): Tensor4D {
  const embedded = silu(
    tf.add(dense('t2', silu(dense('t1', time, 256)), 256), dense('cls', classes, 256, false)) as Tensor2D,
  );
  const residual = (name: string, h: Tensor4D, out: number): Tensor4D => {
    const shift = tf.reshape(dense(`${name}.e`, embedded, out), [BATCH, 1, 1, out]);
    const first = tf.add(conv(`${name}.c1`, silu(norm(`${name}.n1`, h)), out, 3, 1, false), shift) as Tensor4D;
    const second = conv(`${name}.c2`, silu(norm(`${name}.n2`, first)), out);
    return tf.add(h.shape[3] === out ? h : conv(`${name}.s`, h, out, 1), second);
  };
  const attend = (name: string, h: Tensor4D): Tensor4D => {
    const [batch, height, width, channels] = h.shape;
    const all = tf.reshape(conv(`${name}.qkv`, norm(`${name}.n`, h), 3 * channels, 1), [
      batch,
      height * width,
      12,
      channels / 4,
    ]);
    const [q, k, v] = tf.split(tf.transpose(all, [0, 2, 1, 3]), 3, 1);
    const shares = tf.softmax(tf.mul(tf.matMul(q!, k!, false, true), 1 / Math.sqrt(channels / 4)));
    const mixed = tf.reshape(tf.transpose(tf.matMul(shares, v!) as Tensor4D, [0, 2, 1, 3]), h.shape);
    return tf.add(h, conv(`${name}.o`, mixed as Tensor4D, channels, 1));
  };
  const widths = [64, 128, 128] as const;
  let h = conv('in', x, 64);
  const skips: Tensor4D[] = [];
  for (const [level, width] of widths.entries()) {
    h = residual(`d${level}`, h, width);
    if (level === 2) h = attend('da', h);
    skips.push(h);
    if (level < 2) h = conv(`dn${level}`, h, width, 3, 2);
  }
  h = residual('m2', attend('ma', residual('m1', h, 128)), 128);
  for (const level of [2, 1, 0] as const) {
    h = residual(`u${level}`, tf.concat([h, skips[level]!], 3), widths[level]);
    if (level === 2) h = attend('ua', h);
    if (level > 0)
      h = conv(`up${level}`, tf.image.resizeNearestNeighbor(h, [2 * h.shape[1], 2 * h.shape[2]]), h.shape[3]);
  }
  return conv('o', silu(norm('on', h)), 3);
}

const [mode = 'train', steps = '2'] = process.argv.slice(2);
const x: Tensor4D = tf.randomNormal([BATCH, 32, 32, 3]);
const target: Tensor4D = tf.randomNormal([BATCH, 32, 32, 3]);
const time: Tensor2D = tf.randomNormal([BATCH, TIME_WIDTH]);
const classes = tf
  .oneHot(
    Array.from({ length: BATCH }, (_, i) => i % CLASSES),
    CLASSES,
  )
  .toFloat() as Tensor2D;
const optimiser = tf.train.adam(1e-4);
tf.tidy(() => network(x, time, classes));
const step = async (): Promise<void> => {
  if (mode === 'denoise') {
    const y = tf.tidy(() => network(x, time, classes));
    await y.data();
    y.dispose();
    return;
  }
  const loss = optimiser.minimize(() => tf.mean(tf.square(tf.sub(network(x, time, classes), target))), true, [
    ...variables.values(),
  ]);
  await loss?.data();
  loss?.dispose();
};
await step();
const milliseconds: number[] = [];
for (let i = 0; i < Number(steps); i++) {
  const start = performance.now();
  await step();
  milliseconds.push(performance.now() - start);
}
console.log(
  JSON.stringify({
    milliseconds,
    parameters: [...variables.values()].reduce((sum, { size }) => sum + size, 0),
    peakBytes: process.resourceUsage().maxRSS * 1024,
    version: tf.version_core,
  }),
);
process.exit(0);
