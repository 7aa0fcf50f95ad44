import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readDigits } from '../../../examples/idx.ts';
import { RECIPES, trainDigits } from '../../../examples/lenet-and-alexnet.ts';
import { randomKey } from '../../../src/ground/math/index.ts';

const folder = resolve(import.meta.dirname, '../../../../shared/data/mnist');

describe.skipIf(!existsSync(folder))('the example on MNIST (needs ../shared/data/mnist)', () => {
  test.each(['lenet', 'alexnet'] as const)('%s reads at least 98.5 %% of the test digits right', async name => {
    const [train, test] = [readDigits(folder, 'train'), readDigits(folder, 't10k')];
    const { accuracy } = await trainDigits(RECIPES[name], { train, test, key: randomKey(1) });
    expect(accuracy).toBeGreaterThanOrEqual(0.985);
  });
});
