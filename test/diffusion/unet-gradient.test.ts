import { afterAll, beforeAll, expect, test } from 'vitest';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { buildUNet, createModel, timeFeatures, timeFeatureWidth } from '../../src/jobs/generators/index.ts';
import * as t from '../../src/kit/tensor/index.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';

let runtime: t.Runtime;
beforeAll(async () => {
  runtime = await openRuntime({ device: 'cpu', threads: 1 });
});
afterAll(() => runtime.close());

test('the gradient of a whole U-Net is that of central differences', async () => {
  const { config, parameters, weights } = createModel({ size: 8, blockChannels: [4, 6], classes: ['a', 'b'], seed: 1 });
  const stream = openStream(randomKey(2));
  const normal = (n: number) => stream.fillNormal(new Float32Array(n));
  const image = [2, 3, 8, 8];
  // Layers that start at zero would hide what comes before them.
  const at = weights.map(weight => weight + 0.2 * stream.normal());
  const outer = normal(t.sizeOf(image));
  const feeds = {
    x: t.float32(normal(t.sizeOf(image)), image),
    time: t.float32(timeFeatures([70, 800], config), [2, timeFeatureWidth(config)]),
    labels: { dtype: 'int64', shape: [2], data: BigInt64Array.of(1n, 0n) },
  } as const;

  const build = (withGradient: boolean): Uint8Array => {
    const graph = new t.Graph();
    const vector = graph.input('weights', [parameters.size]);
    const values = parameters.cut(vector);
    const y = buildUNet(
      { config, lookup: parameters.lookupIn(values), dropOut: null },
      {
        x: graph.input('x', image),
        time: graph.input('time', feeds.time.shape),
        labels: graph.input('labels', [2], 'int64'),
      },
    );
    const loss = t.reduceSum(t.mul(y, graph.constant(outer, image)));
    if (withGradient) graph.output('gradient', t.gradients(loss, [vector])[0]!);
    else graph.output('y', y);
    return graph.build();
  };
  const [forward, backward] = [await runtime.load(build(false)), await runtime.load(build(true))];
  const vector = (data: Float32Array) => t.float32(data, [parameters.size]);
  const { gradient } = await backward.run({ ...feeds, weights: vector(at) });
  const slope = Float64Array.from(gradient!.data as Float32Array);
  const lossAt = async (direction: Float64Array, h: number): Promise<number> => {
    const { y } = await forward.run({ ...feeds, weights: vector(at.map((weight, i) => weight + h * direction[i]!)) });
    return (y!.data as Float32Array).reduce((sum, value, i) => sum + value * outer[i]!, 0);
  };
  const norm = (list: Float64Array) => Math.sqrt(list.reduce((sum, value) => sum + value * value, 0));
  const difference = async (direction: Float64Array, h: number) =>
    ((await lossAt(direction, h)) - (await lossAt(direction, -h))) / (2 * h);

  // Each parameter along a random direction of length 1.
  let worst = 0;
  for (const { offset, shape } of parameters.list) {
    const size = t.sizeOf(shape);
    const direction = new Float64Array(parameters.size);
    direction.set(normal(size), offset);
    const length = norm(direction);
    for (let i = offset; i < offset + size; i++) direction[i]! /= length;
    const numeric = (4 * (await difference(direction, 0.01)) - (await difference(direction, 0.02))) / 3;
    const analytic = slope.reduce((sum, value, i) => sum + value * direction[i]!, 0);
    // Some parameters, such as the bias of the keys, have no influence at all.
    const scale = Math.max(norm(slope.slice(offset, offset + size)), 0.01 * norm(slope));
    worst = Math.max(worst, Math.abs(numeric - analytic) / scale);
  }
  expect(parameters.list.length).toBeGreaterThan(80);
  expect(worst).toBeLessThan(2e-3);
  await forward.close();
  await backward.close();
});
