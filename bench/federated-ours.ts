// A client's local training on the engine, in CPU seconds: MODEL. A process of its own, so that its processor time is its own.
import { randomKey } from '../src/ground/math/index.ts';
import { openThread } from '../src/jobs/federated/simulate/threads/node.ts';
import { openTrainers } from '../src/jobs/federated/simulate/trainers.ts';
import { digitNetwork, digitTraining } from '../src/jobs/federated/tasks/mnist/digit-task.ts';
import { TEXT_MODEL_SHAPES, textNetwork } from '../src/jobs/federated/tasks/text/models.ts';

const [model = 'cnn', words = '10000', examples = '600'] = process.argv.slice(2);
const [count, vocabulary] = [Number(examples), Number(words)];
const BATCH = 10;
const isText = (name: string): name is 'char-lstm' | 'word-lstm' => name.endsWith('-lstm');

/** Values do not matter to the time; they are the same in every run. */
const integer = (i: number, below: number) => (Math.imul(i + 1, 2654435761) >>> 8) % below;

function taskOf() {
  if (!isText(model)) {
    const pixels = Uint8Array.from({ length: count * 28 * 28 }, (_, i) => integer(i, 256));
    const labels = Uint8Array.from({ length: count }, (_, i) => i % 10);
    return { network: digitNetwork(model === '2nn' ? '2nn' : 'cnn'), training: digitTraining({ pixels, labels }) };
  }
  const { steps } = TEXT_MODEL_SHAPES[model];
  const tokens = Int32Array.from({ length: steps * BATCH }, (_, i) => integer(i, vocabulary));
  const fill = () => ({
    tokens: { dtype: 'int32' as const, shape: [steps, BATCH], data: tokens },
    next: { dtype: 'int32' as const, shape: [steps * BATCH], data: tokens },
    counts: { dtype: 'float32' as const, shape: [steps * BATCH], data: new Float32Array(steps * BATCH).fill(1) },
  });
  return { network: textNetwork(model, vocabulary), training: { count, fill } };
}

const loading = performance.now();
const pool = await openTrainers({
  openRuntime: openThread,
  ...taskOf(),
  ...{ batch: BATCH, workers: 1, proximal: 0, corrected: false },
});
const loadSeconds = (performance.now() - loading) / 1000;
const task = {
  examples: Int32Array.from({ length: count }, (_, i) => i),
  weights: pool.parameters.draw(randomKey(1)),
  ...{ epochs: 1, learningRate: 0.01, key: randomKey(2), correction: null },
};
await pool.train({ ...task, examples: task.examples.subarray(0, 2 * BATCH) });
const start = process.cpuUsage();
await pool.train(task);
const { user, system } = process.cpuUsage(start);
console.log(
  JSON.stringify({
    seconds: (user + system) / 1e6,
    parameters: pool.parameters.size,
    loadSeconds,
    version: pool.engine,
  }),
);
await pool[Symbol.asyncDispose]();
