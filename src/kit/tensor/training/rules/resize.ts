import { BiolensError } from '../../../../ground/errors.ts';
import type { GraphNode } from '../../graph.ts';
import { mul } from '../../ops/elementwise.ts';
import { matmul } from '../../ops/linear.ts';
import { avgPool2d } from '../../ops/pooling.ts';
import { gradientAt, imageShape, inputAt, intsOf, type Rule, type RuleTable, stringOf } from './rule.ts';

/** Row-major `[to, from]`: the weight of each input pixel in each output pixel along one axis. */
function samplingMatrix(node: GraphNode, from: number, to: number): Float32Array {
  const mode = stringOf(node, 'mode', 'nearest');
  const centre = stringOf(node, 'coordinate_transformation_mode', 'half_pixel');
  const nearest = mode === 'nearest' && centre === 'asymmetric' && stringOf(node, 'nearest_mode', '') === 'floor';
  if (!nearest && !(mode === 'linear' && centre === 'half_pixel'))
    throw new BiolensError('usage', `gradient of Resize: mode ${mode} with ${centre} coordinates has none`);
  const matrix = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    if (nearest) {
      matrix[i * from + Math.min(Math.floor((i * from) / to), from - 1)]! += 1;
      continue;
    }
    const position = Math.min(Math.max(((i + 0.5) * from) / to - 0.5, 0), from - 1);
    const low = Math.floor(position);
    const high = Math.min(low + 1, from - 1);
    matrix[i * from + low]! += 1 - (position - low);
    matrix[i * from + high]! += position - low;
  }
  return matrix;
}

function transposed(matrix: Float32Array, rows: number, columns: number): Float32Array {
  return Float32Array.from(matrix, (_, i) => matrix[(i % rows) * columns + Math.floor(i / rows)]!);
}

/** Resampling is linear in each axis, so its gradient is the transposed matrices'; whole factors of nearest are an average pool. */
const resizeRule: Rule = context => {
  const { node } = context;
  const gradient = gradientAt(context);
  const x = inputAt(node, 0);
  const [, , height, width] = imageShape(node.op, x);
  const [, , rows, columns] = imageShape(node.op, gradient);
  const axes = intsOf(node, 'axes', [2, 3]);
  if (axes.join() !== '2,3')
    throw new BiolensError('usage', `gradient of Resize: expected axes 2, 3, got ${axes.join(', ')}`);
  const down = samplingMatrix(node, height, rows);
  const across = samplingMatrix(node, width, columns);
  if (stringOf(node, 'mode', 'nearest') === 'nearest' && rows % height === 0 && columns % width === 0) {
    const kernel = [rows / height, columns / width] as const;
    const means = avgPool2d(gradient, { kernel, strides: kernel });
    return [mul(means, x.graph.scalar(kernel[0] * kernel[1]))];
  }
  const left = x.graph.constant(transposed(down, rows, height), [height, rows]);
  const right = x.graph.constant(across, [columns, width]);
  return [matmul(left, matmul(gradient, right))];
};

export const RESIZE_RULES: RuleTable = { Resize: resizeRule };
