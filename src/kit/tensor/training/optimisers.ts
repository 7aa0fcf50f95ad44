import { BiolensError } from '../../../ground/errors.ts';
import type { Value } from '../graph.ts';
import { add, div, mul, neg, sqrt, sub, tanh } from '../ops/elementwise.ts';

/** What an optimiser's step sees: flat float32 vectors of one length, and scalars. */
export interface UpdateContext {
  readonly weights: Value;
  readonly gradient: Value;
  readonly learningRate: Value;
  /** Counts from 1. */
  readonly step: Value;
  /** The optimiser's memory, by the names of `slots`. */
  readonly memory: Readonly<Record<string, Value>>;
}

/** A pure step: memory starts as zeros, and every step gives new weights and new memory from the old. */
export interface Optimiser {
  readonly name: string;
  /** Vectors that it remembers, each as long as the weights. */
  readonly slots: readonly string[];
  readonly update: (context: UpdateContext) => {
    readonly weights: Value;
    readonly memory: Readonly<Record<string, Value>>;
  };
}

function checkBelowOne(name: string, value: number): void {
  if (!(value >= 0 && value < 1))
    throw new BiolensError('usage', `"${name}" expected a number in [0, 1), got ${value}`);
}

const times = (x: Value, factor: number): Value => (factor === 1 ? x : mul(x, x.graph.scalar(factor)));

/** Gradient descent with momentum as PyTorch has it: m ← μ·m + g, w ← w − η·m; weight decay adds λ·w to g. */
export function sgd({
  momentum = 0,
  weightDecay = 0,
}: {
  readonly momentum?: number;
  readonly weightDecay?: number;
} = {}): Optimiser {
  checkBelowOne('momentum', momentum);
  return {
    name: 'sgd',
    slots: momentum === 0 ? [] : ['momentum'],
    update: ({ weights, gradient, learningRate, memory }) => {
      const slope = weightDecay === 0 ? gradient : add(gradient, times(weights, weightDecay));
      const known = memory.momentum;
      const velocity = known === undefined ? slope : add(times(known, momentum), slope);
      return {
        weights: sub(weights, mul(velocity, learningRate)),
        memory: known === undefined ? {} : { momentum: velocity },
      };
    },
  };
}

/** Settings of Adam; defaults are its paper's. */
export interface AdamOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
}

/** 1 − βᵗ without cancellation, as −(exp(x) − 1) with x = t·ln β and exp(x) − 1 = 2·T / (1 − T), T = tanh(x/2). */
function biasCorrection(step: Value, beta: number): Value {
  if (beta === 0) return step.graph.scalar(1);
  const half = tanh(times(step, Math.log(beta) / 2));
  return div(times(neg(half), 2), sub(step.graph.scalar(1), half));
}

function adamStep(
  { weights, gradient, learningRate, step, memory }: UpdateContext,
  { beta1, beta2, epsilon }: Required<AdamOptions>,
): { readonly weights: Value; readonly memory: Readonly<Record<string, Value>> } {
  const first = add(times(memory.firstMoment!, beta1), times(gradient, 1 - beta1));
  const second = add(times(memory.secondMoment!, beta2), mul(times(gradient, 1 - beta2), gradient));
  // The paper's m̂ / (√v̂ + ε) with the second correction multiplied out, which spares a pass over the vector.
  const correction = sqrt(biasCorrection(step, beta2));
  const rate = mul(div(learningRate, biasCorrection(step, beta1)), correction);
  const spread = add(sqrt(second), times(correction, epsilon));
  const change = mul(div(first, spread), rate);
  return { weights: sub(weights, change), memory: { firstMoment: first, secondMoment: second } };
}

function fillAdam(options: AdamOptions, weightDecay: number): Required<AdamOptions> {
  const filled = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay, ...options };
  checkBelowOne('beta1', filled.beta1);
  checkBelowOne('beta2', filled.beta2);
  return filled;
}

const ADAM_SLOTS = ['firstMoment', 'secondMoment'];

/** Adam (Kingma and Ba 2015, algorithm 1); weight decay, if any, adds λ·w to the gradient. */
export function adam(options: AdamOptions = {}): Optimiser {
  const filled = fillAdam(options, 0);
  return {
    name: 'adam',
    slots: ADAM_SLOTS,
    update: context => {
      const { weightDecay } = filled;
      if (weightDecay === 0) return adamStep(context, filled);
      const gradient = add(context.gradient, times(context.weights, weightDecay));
      return adamStep({ ...context, gradient }, filled);
    },
  };
}

/** Adam with decoupled weight decay (Loshchilov and Hutter 2019, algorithm 2): w ← w·(1 − η·λ) beside Adam's step. */
export function adamW(options: AdamOptions = {}): Optimiser {
  const filled = fillAdam(options, 0.01);
  return {
    name: 'adamW',
    slots: ADAM_SLOTS,
    update: context => {
      const { weights, learningRate } = context;
      const kept = sub(weights, mul(weights, times(learningRate, filled.weightDecay)));
      return adamStep({ ...context, weights: kept }, filled);
    },
  };
}
