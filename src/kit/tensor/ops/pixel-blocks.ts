import { single, type Value } from '../graph.ts';
import { type Dim, formatShape } from '../types.ts';
import { fixedSize, refuse, requireRank, timesSize } from './shapes.ts';

function checkBlock(op: string, block: number): void {
  if (!(Number.isInteger(block) && block >= 1))
    throw refuse(op, `"block" expected a whole number from 1, got ${block}`);
}

/** Spreads channels over blocks of pixels: `[n, block² · c, h, w]` → `[n, c, block · h, block · w]`; the block's pixels are the slower axis of the channels. */
export function depthToSpace(x: Value, block: number): Value {
  requireRank('depthToSpace', 'input', x, 4);
  checkBlock('depthToSpace', block);
  const channels = fixedSize('depthToSpace', x, 1);
  if (channels % block ** 2 !== 0)
    throw refuse('depthToSpace', `${channels} channels of ${formatShape(x.shape)} are no multiple of ${block ** 2}`);
  const shape = [x.shape[0]!, channels / block ** 2, timesSize(x.shape[2]!, block), timesSize(x.shape[3]!, block)];
  return single(
    'DepthToSpace',
    [x],
    { shape, dtype: x.dtype },
    { attributes: { blocksize: { int: block }, mode: { string: 'DCR' } } },
  );
}

/** Gathers blocks of pixels into channels, as {@link depthToSpace} had spread them. */
export function spaceToDepth(x: Value, block: number): Value {
  requireRank('spaceToDepth', 'input', x, 4);
  checkBlock('spaceToDepth', block);
  const [height, width] = [2, 3].map(axis => fixedSize('spaceToDepth', x, axis)) as [number, number];
  if (height % block !== 0 || width % block !== 0)
    throw refuse('spaceToDepth', `${formatShape(x.shape)} is no whole number of blocks of ${block}×${block}`);
  const shape: Dim[] = [x.shape[0]!, timesSize(x.shape[1]!, block ** 2), height / block, width / block];
  return single('SpaceToDepth', [x], { shape, dtype: x.dtype }, { attributes: { blocksize: { int: block } } });
}
