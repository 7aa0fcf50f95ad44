import { openStream, randomKey } from '../../../src/ground/math/index.ts';
import * as t from '../../../src/kit/tensor/index.ts';

/** How the numbers of an operand are drawn. */
export type Draw = 'normal' | 'positive' | 'distinct';

export interface Operand {
  readonly shape: readonly number[];
  /** `distinct` numbers lie further apart than the steps taken, for operations that compare. */
  readonly draw?: Draw;
}

export function drawNumbers({ shape, draw = 'normal' }: Operand, seed: number): Float32Array {
  const stream = openStream(randomKey(seed));
  const out = new Float32Array(t.sizeOf(shape));
  if (draw === 'normal') return stream.fillNormal(out);
  if (draw === 'positive') return stream.fillUniform(out).map(u => 0.5 + 1.5 * u);
  // An even number of half-steps around zero, so that no number is zero.
  const order = stream.shuffle(Array.from(out, (_, i) => i));
  return out.map((_, i) => ((order[i]! + 0.5) / out.length - 0.5) * 4);
}

/**
 * Compares the gradient of Σ r·f(x), with random r, with Richardson-extrapolated central differences in each coordinate. The sum over f's
 * outputs is taken in double precision, so that only f's own rounding is in the differences.
 *
 * @returns the largest deviation in a coordinate, relative to the largest gradient of that operand
 */
export async function compareWithDifferences(
  runtime: t.Runtime,
  {
    operands,
    build,
    step = 1e-2,
    seed = 7,
  }: {
    readonly operands: Readonly<Record<string, Operand>>;
    readonly build: (values: Readonly<Record<string, t.Value>>, graph: t.Graph) => t.Value;
    readonly step?: number;
    readonly seed?: number;
  },
): Promise<number> {
  const names = Object.keys(operands);
  const declare = (graph: t.Graph) =>
    Object.fromEntries(names.map(name => [name, graph.input(name, operands[name]!.shape)]));
  const forward = new t.Graph();
  const y = build(declare(forward), forward);
  forward.output('y', y);
  const shape = y.shape.map(Number);
  const weights = drawNumbers({ shape }, seed + 100);

  const backward = new t.Graph();
  const values = declare(backward);
  const loss = t.reduceSum(
    t.mul(t.reshape(build(values, backward), [weights.length]), backward.constant(weights, [weights.length])),
  );
  const found = t.gradients(
    loss,
    names.map(name => values[name]!),
  );
  for (const [i, name] of names.entries()) backward.output(`d${name}`, found[i]!);

  const feeds = Object.fromEntries(
    names.map((name, i) => [name, t.float32(drawNumbers(operands[name]!, seed + i), operands[name]!.shape)]),
  );
  const [session, gradient] = [await runtime.load(forward.build()), await runtime.load(backward.build())];
  const slopes = await gradient.run(feeds);
  const valueAt = async (name: string, index: number, shift: number): Promise<number> => {
    const data = feeds[name]!.data.slice();
    data[index]! += shift;
    const out = await session.run({ ...feeds, [name]: t.float32(data, operands[name]!.shape) });
    return Array.from(out.y!.data, Number).reduce((sum, value, i) => sum + value * weights[i]!, 0);
  };
  let worst = 0;
  for (const name of names) {
    const slope = Array.from(slopes[`d${name}`]!.data, Number);
    if (slopes[`d${name}`]!.shape.join() !== operands[name]!.shape.join()) return Number.POSITIVE_INFINITY;
    const largest = Math.max(...slope.map(Math.abs));
    if (!(largest > 0)) return Number.POSITIVE_INFINITY;
    for (const [index, analytic] of slope.entries()) {
      const x = feeds[name]!.data[index]!;
      const at = async (h: number) => {
        // The distance really gone, in single precision.
        const gone = Math.fround(x + h) - Math.fround(x - h);
        return ((await valueAt(name, index, h)) - (await valueAt(name, index, -h))) / gone;
      };
      const numeric = (4 * (await at(step / 2)) - (await at(step))) / 3;
      worst = Math.max(worst, Math.abs(analytic - numeric) / largest);
    }
  }
  await session.close();
  await gradient.close();
  return worst;
}
