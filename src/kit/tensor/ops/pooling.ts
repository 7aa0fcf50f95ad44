import { single, type Value } from '../graph.ts';
import { resolveWindow, type WindowOptions, windowOutput } from './convolution.ts';
import { requireRank } from './shapes.ts';

export interface PoolOptions extends Omit<WindowOptions, 'dilations'> {
  readonly kernel: readonly [number, number];
}

/** Largest value of each window; x `[n, c, height, width]`. Padding never wins. */
export function maxPool2d(x: Value, options: PoolOptions): Value {
  return pool('MaxPool', x, options);
}

/** Mean of each window; `countPadding` says whether padded zeros count (default: they do not). */
export function avgPool2d(x: Value, options: PoolOptions & { readonly countPadding?: boolean }): Value {
  return pool('AveragePool', x, options, options.countPadding ?? false);
}

function pool(op: 'MaxPool' | 'AveragePool', x: Value, options: PoolOptions, countPadding?: boolean): Value {
  requireRank(op, 'input', x, 4);
  const window = resolveWindow(options);
  const shape = [x.shape[0]!, x.shape[1]!, ...windowOutput(op, x, options.kernel, window)];
  return single(
    op,
    [x],
    { shape, dtype: x.dtype },
    {
      attributes: {
        kernel_shape: { ints: options.kernel },
        strides: { ints: window.strides },
        pads: { ints: window.pads },
        ...(countPadding === undefined ? {} : { count_include_pad: { int: countPadding ? 1 : 0 } }),
      },
    },
  );
}

/** Mean over height and width, which stay with size 1. */
export function globalAvgPool(x: Value): Value {
  requireRank('globalAvgPool', 'input', x, 4);
  return single('GlobalAveragePool', [x], { shape: [x.shape[0]!, x.shape[1]!, 1, 1], dtype: x.dtype });
}
