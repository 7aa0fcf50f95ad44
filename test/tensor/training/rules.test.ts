import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { messageOf } from '../../../src/errors.ts';
import * as t from '../../../src/tensor/index.ts';
import { openRuntime } from '../../../src/tensor/node.ts';
import { RULES } from '../../../src/tensor/training/rules/index.ts';
import { CASES } from './cases.ts';
import { compareWithDifferences } from './central-differences.ts';

const runtimes = new Map<string, t.Runtime>();
let noWebGpu = '';
beforeAll(async () => {
  runtimes.set('cpu', await openRuntime({ device: 'cpu', threads: 1 }));
  try {
    runtimes.set('webgpu', await openRuntime({ device: 'webgpu' }));
  } catch (error) {
    noWebGpu = messageOf(error);
  }
});
afterAll(async () => {
  await Promise.all([...runtimes.values()].map(runtime => runtime.close()));
});

describe.each(['cpu', 'webgpu'])('gradients equal central differences on %s', device => {
  test.for(Object.entries(CASES))('%s', async ([, entry], { skip }) => {
    const runtime = runtimes.get(device);
    if (runtime === undefined) return skip(noWebGpu);
    expect(await compareWithDifferences(runtime, entry)).toBeLessThan(2e-3);
  });
});

test('every rule is exercised by a case', () => {
  const seen = new Set<string>();
  for (const { operands, build } of Object.values(CASES)) {
    const graph = new t.Graph();
    const values = Object.fromEntries(
      Object.entries(operands).map(([name, { shape }]) => [name, graph.input(name, shape)]),
    );
    const y = build(values, graph);
    t.gradients(t.reduceSum(y), Object.values(values));
    for (const { op } of [...graph.nodes, ...graph.composites.values()]) seen.add(op);
  }
  expect(Object.keys(RULES).filter(op => !seen.has(op) && op !== 'Identity' && op !== 'Sign')).toEqual([]);
});
