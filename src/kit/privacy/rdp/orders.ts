import { BiolensError } from '../../../ground/errors.ts';
import { checkDelta } from '../check.ts';

/** Orders at which privacy is followed: 1.1 … 10.9 by tenths, 11 … 63, 128, 256, 512, 1024, the usual choice. */
export const RDP_ORDERS: readonly number[] = [
  ...Array.from({ length: 99 }, (_, i) => 1 + (i + 1) / 10),
  ...Array.from({ length: 53 }, (_, i) => 11 + i),
  128,
  256,
  512,
  1024,
];

/** Rényi differential privacy by order: the sum over independent releases is that of the composition. */
export interface RdpCurve {
  readonly orders: readonly number[];
  /** `[orders.length]`, ∞ where an order gives no bound. */
  readonly values: readonly number[];
}

/** A guarantee with the order that gives it. */
export interface RdpEpsilon {
  readonly epsilon: number;
  readonly order: number;
}

/** The conversion is not stable next to order 1, and useless there. */
const LEAST_ORDER = 1.01;

function checkCurve({ orders, values }: RdpCurve): void {
  if (orders.length === 0 || orders.length !== values.length)
    throw new BiolensError('usage', `"values" expected one number an order, got ${values.length} for ${orders.length}`);
}

/** The curve of releases one after another, each with its number of steps. */
export function composeRdp(curves: readonly RdpCurve[]): RdpCurve {
  const orders = curves[0]?.orders ?? RDP_ORDERS;
  return { orders, values: orders.map((_, i) => curves.reduce((sum, curve) => sum + (curve.values[i] ?? 0), 0)) };
}

/**
 * ε of a curve at δ: the least over the orders of r + ln(1 − 1/α) − ln(δα)/(α − 1) (Canonne, Kamath and Steinke 2020, proposition 12), and 0
 * where the total variation distance alone, at most √(1 − e^(−r)), is below δ.
 *
 * @throws BiolensError `usage` unless 0 < δ < 1
 */
export function rdpEpsilon(curve: RdpCurve, delta: number): RdpEpsilon {
  checkDelta(delta);
  checkCurve(curve);
  let best: RdpEpsilon = { epsilon: Number.POSITIVE_INFINITY, order: curve.orders[0]! };
  curve.orders.forEach((order, i) => {
    const r = curve.values[i]!;
    const none = delta * delta + Math.expm1(-r) > 0;
    if (!none && order <= LEAST_ORDER) return;
    const epsilon = none ? 0 : Math.max(0, r + Math.log1p(-1 / order) - Math.log(delta * order) / (order - 1));
    if (epsilon < best.epsilon) best = { epsilon, order };
  });
  return best;
}

/**
 * δ of a curve at ε: the least over the orders of e^((α−1)(r − ε + ln(1 − 1/α)))/α and of the bound by total variation.
 *
 * @param epsilon at least 0
 */
export function rdpDelta(curve: RdpCurve, epsilon: number): { readonly delta: number; readonly order: number } {
  checkCurve(curve);
  let best = { delta: 1, order: curve.orders[0]! };
  curve.orders.forEach((order, i) => {
    const r = curve.values[i]!;
    const byVariation = 0.5 * Math.log(-Math.expm1(-r));
    const byOrder = order > LEAST_ORDER ? (order - 1) * (r - epsilon + Math.log1p(-1 / order)) - Math.log(order) : 0;
    const delta = Math.exp(Math.min(byVariation, byOrder));
    if (delta < best.delta) best = { delta, order };
  });
  return best;
}
