/**
 * Trains LeNet-5 and an AlexNet-style network on MNIST:
 *
 *     node examples/lenet-and-alexnet.ts [folder of the IDX files] [lenet | alexnet]
 */
import { foldIn, openStream, type RandomKey, randomKey } from '../src/ground/math/index.ts';
import * as t from '../src/kit/tensor/index.ts';
import { openRuntime } from '../src/kit/tensor/node.ts';
import { type Digits, readDigits, SIDE } from './idx.ts';

const BATCH = 128;
/** Halves of a batch are computed side by side. */
const PARTS = 2;
const CLASSES = 10;

/** Drops activations while training, by a mask of the step; passes them on afterwards. */
type Drop = (x: t.Value, rate: number) => t.Value;
type Network = (lookup: t.Lookup, x: t.Value, drop: Drop) => t.Value;

/** A network and how long it trains. */
export interface Recipe {
  readonly network: Network;
  readonly epochs: number;
  readonly learningRate: number;
}

function layers(lookup: t.Lookup, kind: 'glorot' | 'he') {
  const bias = (name: string, size: number) =>
    lookup(`${name}.bias`, { shape: [size], start: { kind: 'constant', value: 0 } });
  return {
    conv: (name: string, x: t.Value, out: number, kernel: number, padding: number) => {
      const w = lookup(`${name}.weight`, { shape: [out, Number(x.shape[1]), kernel, kernel], start: { kind } });
      return t.conv2d(x, w, bias(name, out), { pads: [padding, padding, padding, padding] });
    },
    dense: (name: string, x: t.Value, out: number) =>
      t.linear(x, lookup(`${name}.weight`, { shape: [out, Number(x.shape[1])], start: { kind } }), bias(name, out)),
  };
}

/** LeNet-5 (LeCun et al. 1998, figure 2) with full connections in its third layer and a softmax at its end. */
const lenet: Network = (lookup, x) => {
  const { conv, dense } = layers(lookup, 'glorot');
  const halve = (h: t.Value) => t.avgPool2d(h, { kernel: [2, 2], strides: [2, 2] });
  let h = halve(t.tanh(conv('c1', x, 6, 5, 2)));
  h = halve(t.tanh(conv('c3', h, 16, 5, 0)));
  h = t.tanh(dense('c5', t.flatten(h), 120));
  h = t.tanh(dense('f6', h, 84));
  return dense('output', h, CLASSES);
};

/** After AlexNet (Krizhevsky et al. 2012, figure 2), at the size of digits: five convolutions, three poolings, three dense layers with dropout. */
const alexnet: Network = (lookup, x, drop) => {
  const { conv, dense } = layers(lookup, 'he');
  const halve = (h: t.Value) => t.maxPool2d(h, { kernel: [2, 2], strides: [2, 2] });
  let h = halve(t.relu(conv('conv1', x, 24, 5, 2)));
  h = halve(t.relu(conv('conv2', h, 48, 3, 1)));
  h = t.relu(conv('conv3', h, 64, 3, 1));
  h = t.relu(conv('conv4', h, 64, 3, 1));
  h = halve(t.relu(conv('conv5', h, 48, 3, 1)));
  h = drop(t.flatten(h), 0.5);
  h = drop(t.relu(dense('fc6', h, 256)), 0.5);
  h = t.relu(dense('fc7', h, 128));
  return dense('fc8', h, CLASSES);
};

export const RECIPES: Readonly<Record<'lenet' | 'alexnet', Recipe>> = {
  lenet: { network: lenet, epochs: 6, learningRate: 2e-3 },
  alexnet: { network: alexnet, epochs: 2, learningRate: 1e-3 },
};

/** The digits at the given places, each pixel 0 … 1. */
function gatherBatch({ pixels, labels }: Digits, places: readonly number[]): Record<'x' | 'labels', t.TensorData> {
  const size = SIDE * SIDE;
  const x = new Float32Array(places.length * size);
  for (const [row, place] of places.entries())
    for (let i = 0; i < size; i++) x[row * size + i] = pixels[place * size + i]! / 255;
  const classes = BigInt64Array.from(places, place => BigInt(labels[place]!));
  return {
    x: t.float32(x, [places.length, 1, SIDE, SIDE]),
    labels: { dtype: 'int64', shape: [places.length], data: classes },
  };
}

/** The step of training, and the shapes of the dropout masks that it asks for. */
function buildStep({ network }: Recipe): { step: t.TrainingStep; masks: { shape: readonly number[]; rate: number }[] } {
  const masks: { shape: readonly number[]; rate: number }[] = [];
  const parameters = t.collectParameters((lookup, graph) =>
    network(lookup, graph.input('x', [BATCH, 1, SIDE, SIDE]), (h, rate) => {
      masks.push({ shape: h.shape.map(Number), rate });
      return h;
    }),
  );
  const step = t.buildTrainingStep({
    parameters,
    inputs: {
      x: { shape: [BATCH, 1, SIDE, SIDE] },
      labels: { shape: [BATCH], dtype: 'int64' },
      ...Object.fromEntries(masks.map(({ shape }, i) => [`mask${i}`, { shape, dtype: 'bool' as const }])),
    },
    objective: ({ lookup, inputs }) => {
      let layer = 0;
      const drop: Drop = (h, rate) => t.dropout(h, inputs[`mask${layer++}`]!, { rate });
      return { loss: t.crossEntropy(network(lookup, inputs.x!, drop), inputs.labels!) };
    },
    optimiser: t.adam(),
    parts: PARTS,
  });
  return { step, masks };
}

async function countRight(
  runtime: t.Runtime,
  { network }: Recipe,
  trained: t.Trainer,
  step: t.TrainingStep,
  test: Digits,
) {
  const graph = new t.Graph();
  const lookup = step.parameters.constantsIn(graph, trained.state.weights);
  const logits = network(lookup, graph.input('x', ['n', 1, SIDE, SIDE]), h => h);
  graph.output('digit', t.argMax(logits, { axis: 1 }));
  const session = await runtime.load(graph.build());
  let right = 0;
  for (let start = 0; start < test.labels.length; start += 1000) {
    const places = Array.from({ length: Math.min(1000, test.labels.length - start) }, (_, i) => start + i);
    const { digit } = await session.run({ x: gatherBatch(test, places).x });
    right += places.filter((place, i) => Number(digit!.data[i]) === test.labels[place]).length;
  }
  await session.close();
  return right;
}

/**
 * Trains a network and counts the test digits that it reads right.
 *
 * @param onEpoch is told the mean loss of each epoch
 */
export async function trainDigits(
  recipe: Recipe,
  {
    train,
    test,
    key,
    onEpoch,
  }: {
    readonly train: Digits;
    readonly test: Digits;
    readonly key: RandomKey;
    readonly onEpoch?: (epoch: number, loss: number) => void;
  },
): Promise<{ readonly accuracy: number; readonly seconds: number }> {
  const started = performance.now();
  const runtime = await openRuntime({ device: 'cpu' });
  const { step, masks } = buildStep(recipe);
  const perEpoch = Math.floor(train.labels.length / BATCH);
  const trainer = await t.openTrainer(runtime, {
    step,
    state: t.startTraining(step, { key: foldIn(key, 'weights') }),
    learningRate: t.cosineSchedule({ initial: recipe.learningRate, steps: recipe.epochs * perEpoch }),
  });
  for (let epoch = 0; epoch < recipe.epochs; epoch++) {
    const order = openStream(foldIn(foldIn(key, 'order'), epoch)).shuffle(Array.from(train.labels, (_, i) => i));
    let sum = 0;
    for (let i = 0; i < perEpoch; i++) {
      const drawn = masks.map((mask, layer) => [
        `mask${layer}`,
        t.drawDropoutMask(foldIn(key, `mask${layer}`), { step: trainer.stepsDone, ...mask }),
      ]);
      const batch = gatherBatch(train, order.slice(i * BATCH, (i + 1) * BATCH));
      sum += (await trainer.run({ ...batch, ...Object.fromEntries(drawn) })).loss;
    }
    onEpoch?.(epoch + 1, sum / perEpoch);
  }
  const right = await countRight(runtime, recipe, trainer, step, test);
  await trainer.close();
  await runtime.close();
  return { accuracy: right / test.labels.length, seconds: (performance.now() - started) / 1000 };
}

if (import.meta.main) {
  const [folder = '../shared/data/mnist', only] = process.argv.slice(2);
  const [train, test] = [readDigits(folder, 'train'), readDigits(folder, 't10k')];
  for (const [name, recipe] of Object.entries(RECIPES)) {
    if (only !== undefined && only !== name) continue;
    const { accuracy, seconds } = await trainDigits(recipe, {
      train,
      test,
      key: randomKey(1),
      onEpoch: (epoch, loss) => console.log(`${name}: epoch ${epoch} of ${recipe.epochs}, loss ${loss.toFixed(4)}`),
    });
    console.log(
      `${name}: ${(100 * accuracy).toFixed(2)} % of ${test.labels.length} digits right after ${seconds.toFixed(0)} s`,
    );
  }
}
