/**
 * What an update tells of the face behind it: `node examples/gradient-inversion.ts`.
 *
 * A client takes one step of gradient descent on one image. The first layer's weights of a unit change by δ·x and its bias by δ, so whoever sees
 * the update divides the one by the other and has the image (Phong et al. 2018, section 3). The same is tried on the sum over ten clients, which is
 * what secure aggregation leaves, and on that sum with the noise of its clients.
 */
import { pathToFileURL } from 'node:url';
import { openStream, randomKey } from '../src/ground/math/index.ts';
import { decodeNoisy, makeNoisy, planLattice } from '../src/jobs/federated/private/lattice-update.ts';
import { openThread } from '../src/jobs/federated/simulate/threads/node.ts';
import { openTrainers } from '../src/jobs/federated/simulate/trainers.ts';
import { digitNetwork, digitTraining } from '../src/jobs/federated/tasks/mnist/digit-task.ts';
import { RandomIntegers } from '../src/kit/privacy/index.ts';
import type { ParameterSet } from '../src/kit/tensor/index.ts';

const SIDE = 28;
const PIXELS = SIDE * SIDE;
const CLIENTS = 10;
const RATE = 0.1;
const CLIP = 1;

/** A face of few strokes, each client's in another place and light. `[784]`, 0 … 255 */
function drawFace(client: number): Uint8Array {
  const stream = openStream(randomKey(100 + client));
  const [cx, cy, light] = [10 + 8 * stream.uniform(), 10 + 8 * stream.uniform(), 120 + 120 * stream.uniform()];
  return Uint8Array.from({ length: PIXELS }, (_, i) => {
    const [x, y] = [(i % SIDE) - cx, Math.floor(i / SIDE) - cy];
    const eye = Math.min(Math.hypot(x - 4, y + 3), Math.hypot(x + 4, y + 3)) < 1.6;
    const mouth = Math.abs(y - 5) < 1 && Math.abs(x) < 4;
    return eye || mouth ? 10 : Math.hypot(x / 9, y / 11) < 1 ? light : 40;
  });
}

function correlation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const mean = (x: ArrayLike<number>): number => Array.from(x).reduce((sum, value) => sum + value, 0) / x.length;
  const [ma, mb] = [mean(a), mean(b)];
  let [ab, aa, bb] = [0, 0, 0];
  for (let i = 0; i < a.length; i++) {
    const [da, db] = [a[i]! - ma, b[i]! - mb];
    ab += da * db;
    aa += da * da;
    bb += db * db;
  }
  return ab / Math.sqrt(aa * bb);
}

/** The image that a change of weights betrays: that of the unit whose bias has changed most. */
function invert(change: ArrayLike<number>, parameters: ParameterSet): Float64Array {
  const at = (name: string): number => parameters.list.find(one => one.name === name)!.offset;
  const [weight, bias] = [at('hidden1.weight'), at('hidden1.bias')];
  const units = parameters.list.find(({ name }) => name === 'hidden1.bias')!.shape[0]!;
  let unit = 0;
  for (let i = 1; i < units; i++) if (Math.abs(change[bias + i]!) > Math.abs(change[bias + unit]!)) unit = i;
  return Float64Array.from({ length: PIXELS }, (_, i) => change[weight + unit * PIXELS + i]! / change[bias + unit]!);
}

/** Random words of the system, as many at once as it gives. */
function systemWords(into: Uint32Array): void {
  for (let at = 0; at < into.length; at += 16_384)
    into.set(crypto.getRandomValues(new Uint32Array(Math.min(16_384, into.length - at))), at);
}

/** How like the most similar client's face the reconstruction is: correlations, of one update, of ten added up, and of those with noise. */
export async function tryInversion(): Promise<Readonly<Record<'update' | 'sum' | 'noisySum', number>>> {
  const faces = Array.from({ length: CLIENTS }, (_, client) => drawFace(client));
  const pixels = new Uint8Array(CLIENTS * PIXELS);
  for (const [client, face] of faces.entries()) pixels.set(face, client * PIXELS);
  const labels = Uint8Array.from({ length: CLIENTS }, (_, client) => client);
  const network = digitNetwork('2nn');
  await using pool = await openTrainers({
    ...{ network, batch: 1, workers: 1, proximal: 0, corrected: false, openRuntime: openThread },
    training: digitTraining({ pixels, labels }),
  });
  const weights = pool.parameters.draw(randomKey(1));
  const changes: Float32Array[] = [];
  for (let client = 0; client < CLIENTS; client++) {
    const task = { examples: Int32Array.of(client), weights, epochs: 1, learningRate: RATE };
    changes.push((await pool.train({ ...task, key: randomKey(client), correction: null })).change);
  }
  const sum = weights.map((_, i) => changes.reduce((total, change) => total + change[i]!, 0));
  const lattice = planLattice({ size: sum.length, clip: CLIP, noiseMultiplier: 1, fewest: CLIENTS - 1, most: CLIENTS });
  const rotation = randomKey(2);
  const added = new Uint32Array(lattice.padded);
  for (const change of changes) {
    const entries = makeNoisy(change, { lattice, rotation, words: systemWords, integers: new RandomIntegers() });
    for (let i = 0; i < added.length; i++) added[i] = added[i]! + entries[i]!;
  }
  const best = (change: ArrayLike<number>): number => {
    const found = invert(change, pool.parameters);
    return Math.max(...faces.map(face => correlation(face, found)));
  };
  return { update: best(changes[0]!), sum: best(sum), noisySum: best(decodeNoisy(added, { lattice, rotation })) };
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { update, sum, noisySum } = await tryInversion();
  console.log(`one client's update: correlation ${update.toFixed(3)} with its face`);
  console.log(`the sum of ${CLIENTS} updates: ${sum.toFixed(3)} with the most similar face`);
  console.log(`that sum with noise of one clipping norm: ${noisySum.toFixed(3)}`);
}
