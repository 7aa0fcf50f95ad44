import type { Value } from '../../graph.ts';
import { matmul } from '../../ops/linear.ts';
import { reshape, transpose } from '../../ops/structure.ts';
import { sizeOf } from '../../types.ts';
import { gradientAt, inputAt, type Rule, type RuleTable, sumTo } from './rule.ts';

/** The last two axes swapped; the engine folds this into the product. */
export function swapLast(x: Value): Value {
  const axes = x.shape.map((_, axis) => axis);
  const last = axes.length - 1;
  return transpose(x, [...axes.slice(0, -2), last, last - 1]);
}

/** All axes but the last as one, where their sizes are known. */
function asRows(x: Value): Value | null {
  const leading = x.shape.slice(0, -1);
  if (leading.length === 1) return x;
  const sizes = leading.filter(size => typeof size === 'number');
  return sizes.length < leading.length ? null : reshape(x, [sizeOf(sizes), x.shape.at(-1)!]);
}

const matmulRule: Rule = context => {
  const { node, wanted } = context;
  const gradient = gradientAt(context);
  const a = inputAt(node, 0);
  const b = inputAt(node, 1);
  const right = (): Value => {
    // One product over all rows instead of one for each leading index and their sum.
    const rows = b.shape.length === 2 ? [asRows(a), asRows(gradient)] : [];
    const [x, dy] = rows;
    if (x !== undefined && x !== null && dy !== undefined && dy !== null) return matmul(swapLast(x), dy);
    return sumTo(matmul(swapLast(a), gradient), b.shape);
  };
  return [
    wanted[0] === true ? sumTo(matmul(gradient, swapLast(b)), a.shape) : null,
    wanted[1] === true ? right() : null,
  ];
};

export const LINEAR_RULES: RuleTable = { MatMul: matmulRule };
