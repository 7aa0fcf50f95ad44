import type { TextForm } from '../../kit/job/index.ts';

const BUDGETS = {
  steps: { fits: (value: number) => Number.isInteger(value) && value >= 1, expected: 'a whole number from 1' },
  epochs: { fits: (value: number) => value > 0 && Number.isFinite(value), expected: 'a number above 0' },
} as const;

const toNumber = (text: string): number => (text.trim() === '' ? Number.NaN : Number(text));

/** A budget of one unit as its number. */
export function budgetText(unit: 'steps' | 'epochs'): TextForm {
  const { fits, expected } = BUDGETS[unit];
  return {
    parse: text => {
      const value = toNumber(text);
      if (!fits(value)) throw new Error(`expected ${expected}, got "${text}"`);
      return { unit, value };
    },
    format: value =>
      typeof value === 'object' && value !== null && 'unit' in value && value.unit === unit && 'value' in value
        ? String(value.value)
        : null,
  };
}

/** A side in pixels, which must be a power of two. */
export const sideText: TextForm = {
  parse: text => {
    const side = toNumber(text);
    if (!Number.isInteger(Math.log2(side)) || side < 8 || side > 128)
      throw new Error(`expected a power of two from 8 to 128, got "${text}"`);
    return side;
  },
  format: value => (typeof value === 'number' ? String(value) : null),
};
