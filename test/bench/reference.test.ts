import { describe, expect, test } from 'vitest';
import { CATEGORIES } from '../../src/ground/contracts/bench-codes.ts';
import { PUBLISHED_COUNTS } from '../../src/jobs/bench/datasets.ts';
import {
  overallFromCategories,
  PUBLISHED_RESULTS,
  publishedSize,
  sizeFromName,
} from '../../src/jobs/bench/reference.ts';

describe('published results', () => {
  test('28 models and two baselines', () => {
    expect(PUBLISHED_RESULTS.filter(row => row.group === 'baseline')).toHaveLength(2);
    expect(PUBLISHED_RESULTS.filter(row => row.group !== 'baseline')).toHaveLength(28);
    expect(new Set(PUBLISHED_RESULTS.map(row => row.model)).size).toBe(30);
  });

  test.each(PUBLISHED_RESULTS.map(row => [row.model, row] as const))(
    'the overall of %s follows from its categories to ±0.01',
    (_, row) => {
      expect(Math.abs(overallFromCategories(row) - row.overall)).toBeLessThanOrEqual(0.0101);
    },
  );

  test('the categories have their published sizes', () => {
    expect(CATEGORIES.map(({ code }) => publishedSize(code))).toEqual([1500, 800, 700, 800, 1100, 100]);
    const sum = (field: 'multiple' | 'single' | 'zero'): number =>
      PUBLISHED_COUNTS.reduce((n, row) => n + row[field], 0);
    expect([sum('multiple'), sum('single'), sum('zero')]).toEqual([2750, 2150, 100]);
  });

  test.each([
    ['Qwen2-VL-72b-Instruct', 72],
    ['LLaVA-OneVision-0.5b-OV', 0.5],
    ['VILA 1.5-3b', 3],
    ['Chameleon-7b', 7],
    ['Eagle-X4-8B-Plus', 8],
    ['PaliGemma', null],
    ['Phi-3.5-Vision', null],
    ['GPT-4o', null],
    ['Mixtral-8x7b', null],
    ['qwen2.5-vl-7b', 7],
  ])('the name %s states %s', (name, size) => {
    expect(sizeFromName(name)).toBe(size);
  });
});
