import { BiolensError } from '../../../ground/errors.ts';

/** What the server does with the clients' mean change: take it as it is, or treat it as the gradient of an optimiser. */
export const SERVER_OPTIMISERS = ['none', 'momentum', 'adagrad', 'adam', 'yogi'] as const;
export type ServerOptimiserName = (typeof SERVER_OPTIMISERS)[number];

export interface ServerOptimiser {
  readonly name: ServerOptimiserName;
  readonly learningRate: number;
  /** β₁: share of the old moment. */
  readonly momentum: number;
  /** β₂ of Adam and Yogi. */
  readonly secondMomentum: number;
  /** τ: what is added to the root of the second moment. */
  readonly adaptivity: number;
}

/** Reddi et al. (2021), appendix C.2: β₁ = 0.9, β₂ = 0.99, τ = 10⁻³. */
export const SERVER_DEFAULTS = { learningRate: 1, momentum: 0.9, secondMomentum: 0.99, adaptivity: 1e-3 } as const;

/** What the server remembers between rounds, each as long as the weights; empty where nothing is. */
export interface ServerMemory {
  readonly first: Float64Array | null;
  readonly second: Float64Array | null;
}

export function startMemory({ name, adaptivity }: ServerOptimiser, size: number): ServerMemory {
  return {
    first: name === 'none' ? null : new Float64Array(size),
    // Algorithm 2 starts v at τ² or more.
    second: name === 'none' || name === 'momentum' ? null : new Float64Array(size).fill(adaptivity ** 2),
  };
}

function secondMoment(
  name: ServerOptimiserName,
  v: number,
  { square, beta2 }: Record<'square' | 'beta2', number>,
): number {
  if (name === 'adagrad') return v + square;
  if (name === 'adam') return beta2 * v + (1 - beta2) * square;
  return v - (1 - beta2) * square * Math.sign(v - square);
}

/**
 * The server's step: FedAvg and FedAvgM (Hsu et al. 2019), FedAdagrad, FedAdam and FedYogi (Reddi et al. 2021, algorithm 2). Without bias
 * correction, as there; momentum is m ← β₁·m + Δ.
 *
 * @param weights `[n]`
 * @param change `[n]`: Δ, the clients' mean change of the weights
 * @returns new weights and memory; the given ones stay as they are
 * @throws {BiolensError} `input` for a setting out of range
 */
export function serverStep(
  optimiser: ServerOptimiser,
  {
    weights,
    change,
    memory,
  }: {
    readonly weights: Float32Array;
    readonly change: Float64Array;
    readonly memory: ServerMemory;
  },
): { readonly weights: Float32Array; readonly memory: ServerMemory } {
  const { name, learningRate, momentum: beta1, secondMomentum: beta2, adaptivity } = optimiser;
  if (!(learningRate > 0) || !(beta1 >= 0 && beta1 < 1) || !(beta2 >= 0 && beta2 < 1) || !(adaptivity > 0))
    throw new BiolensError(
      'input',
      'server optimiser: expected a learning rate and adaptivity above 0, and momenta in [0, 1)',
    );
  const next = new Float32Array(weights.length);
  if (memory.first === null) {
    for (let i = 0; i < next.length; i++) next[i] = weights[i]! + learningRate * change[i]!;
    return { weights: next, memory };
  }
  const first = new Float64Array(weights.length);
  if (memory.second === null) {
    for (let i = 0; i < next.length; i++) {
      first[i] = beta1 * memory.first[i]! + change[i]!;
      next[i] = weights[i]! + learningRate * first[i]!;
    }
    return { weights: next, memory: { first, second: null } };
  }
  const second = new Float64Array(weights.length);
  for (let i = 0; i < next.length; i++) {
    const delta = change[i]!;
    first[i] = beta1 * memory.first[i]! + (1 - beta1) * delta;
    second[i] = secondMoment(name, memory.second[i]!, { square: delta * delta, beta2 });
    next[i] = weights[i]! + (learningRate * first[i]!) / (Math.sqrt(second[i]!) + adaptivity);
  }
  return { weights: next, memory: { first, second } };
}
