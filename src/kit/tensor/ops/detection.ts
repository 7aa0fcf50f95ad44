import { single, type Value } from '../graph.ts';
import { describe, refuse, requireRank } from './shapes.ts';

export interface SuppressionOptions {
  /** Most boxes kept of each image and class. */
  readonly maxBoxes: number;
  /** Of two boxes of a class that overlap by more than this (intersection over union, 0 to 1), the lower score goes. */
  readonly overlap: number;
  /** Boxes below this score go. */
  readonly minScore: number;
}

/**
 * Greedy non-maximum suppression.
 *
 * @param boxes `[n, boxes, 4]`: y, x of one corner and y, x of the opposite one
 * @param scores `[n, classes, boxes]`
 * @returns int64 `[kept, 3]`: image, class and box of each kept box, by falling score within an image and class
 */
export function nonMaxSuppression(boxes: Value, scores: Value, options: SuppressionOptions): Value {
  requireRank('nonMaxSuppression', 'boxes', boxes, 3);
  requireRank('nonMaxSuppression', 'scores', scores, 3);
  if (boxes.shape[2] !== 4 || boxes.shape[0] !== scores.shape[0] || boxes.shape[1] !== scores.shape[2])
    throw refuse('nonMaxSuppression', `${describe('boxes', boxes)} and ${describe('scores', scores)} do not fit`);
  const { graph } = boxes;
  const { maxBoxes, overlap, minScore } = options;
  const inputs = [boxes, scores, graph.integers([maxBoxes]), graph.scalar(overlap), graph.scalar(minScore)];
  return single('NonMaxSuppression', inputs, { shape: [graph.freshSize('kept'), 3], dtype: 'int64' });
}
