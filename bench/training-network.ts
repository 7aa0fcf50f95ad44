import * as t from '../src/kit/tensor/index.ts';

/** The network that every side of the training bench computes: 32×32×3, base 64, multipliers 1, 2, 2, attention at 8×8. */
export const BATCH = 16;
export const IMAGE = [BATCH, 3, 32, 32] as const;
export const TIME_WIDTH = 64;
export const CLASSES = 2;
const WIDTHS = [64, 128, 128] as const;
const EMBEDDING = 256;
const GROUPS = 8;
const HEADS = 4;

export interface NetworkInputs {
  /** `[n, 3, 32, 32]` */
  readonly x: t.Value;
  /** `[n, 64]`: sines and cosines of the time. */
  readonly time: t.Value;
  /** `[n, 2]`: one-hot classes. */
  readonly classes: t.Value;
}

/** Writes down the U-Net: what it predicts of `x`, of its shape. */
export function writeUnet(lookup: t.Lookup, { x, time, classes }: NetworkInputs): t.Value {
  const batch = x.shape[0]!;
  const weight = (name: string, shape: readonly number[]) =>
    lookup(`${name}.weight`, { shape, start: { kind: 'he', gain: Math.SQRT1_2 } });
  const constant = (name: string, size: number, value: number) =>
    lookup(name, { shape: [size], start: { kind: 'constant', value } });
  const linear = (name: string, h: t.Value, out: number, bias = true) =>
    t.linear(h, weight(name, [out, Number(h.shape[1])]), bias ? constant(`${name}.bias`, out, 0) : undefined);
  const conv = (name: string, h: t.Value, out: number, kernel = 3, stride = 1) =>
    t.conv2d(h, weight(name, [out, Number(h.shape[1]), kernel, kernel]), constant(`${name}.bias`, out, 0), {
      strides: [stride, stride],
      pads: kernel === 1 ? [0, 0, 0, 0] : [1, 1, 1, 1],
    });
  const norm = (name: string, h: t.Value) => {
    const channels = Number(h.shape[1]);
    const [scale, bias] = [constant(`${name}.weight`, channels, 1), constant(`${name}.bias`, channels, 0)];
    return t.groupNorm(h, { groups: GROUPS, scale, bias });
  };
  const embedding = t.silu(
    t.add(linear('t2', t.silu(linear('t1', time, EMBEDDING)), EMBEDDING), linear('cls', classes, EMBEDDING, false)),
  );
  const residual = (name: string, h: t.Value, out: number) => {
    const into = Number(h.shape[1]);
    const activated = t.silu(norm(`${name}.n1`, h));
    const first = t.conv2d(activated, weight(`${name}.c1`, [out, into, 3, 3]), undefined, { pads: [1, 1, 1, 1] });
    const shifted = t.add(first, t.reshape(linear(`${name}.e`, embedding, out), [batch, out, 1, 1]));
    const second = conv(`${name}.c2`, t.silu(norm(`${name}.n2`, shifted)), out);
    return t.add(into === out ? h : conv(`${name}.s`, h, out, 1), second);
  };
  const attend = (name: string, h: t.Value) => {
    const [, channels, height, width] = h.shape.map(Number) as [number, number, number, number];
    const all = conv(`${name}.qkv`, norm(`${name}.n`, h), 3 * channels, 1);
    const heads = t.reshape(all, [batch, 3 * HEADS, channels / HEADS, height * width]);
    const parts = t.split(heads, [HEADS, HEADS, HEADS], { axis: 1 });
    const [q, k, v] = parts.map(part => t.transpose(part, [0, 1, 3, 2]));
    const mixed = t.transpose(t.attention(q!, k!, v!), [0, 1, 3, 2]);
    return t.add(h, conv(`${name}.o`, t.reshape(mixed, h.shape), channels, 1));
  };

  let h = conv('in', x, WIDTHS[0]);
  const skips: t.Value[] = [];
  for (const [level, width] of WIDTHS.entries()) {
    h = residual(`d.${level}`, h, width);
    if (level === 2) h = attend('da', h);
    skips.push(h);
    if (level < 2) h = conv(`dn.${level}`, h, width, 3, 2);
  }
  h = residual('m2', attend('ma', residual('m1', h, WIDTHS[2])), WIDTHS[2]);
  for (const level of [2, 1, 0]) {
    h = residual(`u.${level}`, t.concat([h, skips[level]!], { axis: 1 }), WIDTHS[level]!);
    if (level === 2) h = attend('ua', h);
    if (level === 0) continue;
    const channels = Number(h.shape[1]);
    const kernel = weight(`up.${level}`, [channels, channels, 3, 3]);
    h = t.upsampleConv2d(h, kernel, constant(`up.${level}.bias`, channels, 0));
  }
  return conv('o', t.silu(norm('on', h)), 3);
}

const INPUTS = {
  x: { shape: IMAGE },
  target: { shape: IMAGE },
  time: { shape: [BATCH, TIME_WIDTH] },
  classes: { shape: [BATCH, CLASSES] },
} as const;

function declare(graph: t.Graph, batch: t.Dim): NetworkInputs {
  const input = (name: 'x' | 'time' | 'classes') => graph.input(name, [batch, ...INPUTS[name].shape.slice(1)]);
  return { x: input('x'), time: input('time'), classes: input('classes') };
}

export const parameters = t.collectParameters((lookup, graph) => writeUnet(lookup, declare(graph, BATCH)));

/** One step of Adam on the mean squared error. */
export function buildUnetStep({ parts = 1 }: { readonly parts?: number } = {}): t.TrainingStep {
  return t.buildTrainingStep({
    parameters,
    inputs: INPUTS,
    objective: ({ lookup, inputs }) => ({
      loss: t.meanSquaredError(
        writeUnet(lookup, { x: inputs.x!, time: inputs.time!, classes: inputs.classes! }),
        inputs.target!,
      ),
    }),
    optimiser: t.adam(),
    parts,
  });
}

/** One denoising step: the network with its weights inside. */
export function buildUnetDenoiser(weights: Float32Array): Uint8Array {
  const graph = new t.Graph();
  graph.output('y', writeUnet(parameters.constantsIn(graph, weights), declare(graph, 'n')));
  return graph.build();
}
