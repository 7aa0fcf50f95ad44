import { describe, expect, test } from 'vitest';
import {
  formatAs,
  formatDuration,
  formatInterval,
  formatMeasured,
  formatNumber,
  formatP,
  formatPEquals,
  formatRate,
  formatShare,
} from '../../web/text/format.ts';

/** Non-breaking spaces as plain ones, for reading. */
const plain = (text: string): string => text.replaceAll('\u00a0', ' ');

describe('numbers as text', () => {
  test.each([
    [0, '0 %'],
    [0.076, '7.6 %'],
    [0.0076, '0.76 %'],
    [0.00004, '0.004 %'],
    [0.000001, '<0.001 %'],
    [1, '100.0 %'],
    [-0.031, '−3.1 %'],
  ])('a share of %d is %s', (share, text) => expect(plain(formatShare(share))).toBe(text));

  test.each([
    [0, '0', '0'],
    [1.5, '1.5', '1.50'],
    [-21.4, '−21.4', '−21.4'],
    [0.0123, '0.0123', '0.0123'],
    [0.00001, '10⁻⁵', '10⁻⁵'],
    [-0.00032, '−3.2 × 10⁻⁴', '−3.2 × 10⁻⁴'],
    [399200, '399,200', '399,200'],
  ])('%d as a setting is %s, measured %s', (value, setting, measured) => {
    expect(plain(formatNumber(value))).toBe(setting);
    expect(plain(formatMeasured(value))).toBe(measured);
  });

  test('small p-values are bounded, missing ones are a dash, never a number', () => {
    expect(plain(formatP(1e-9))).toBe('< 0.0001');
    expect(formatP(0.0004)).toBe('0.0004');
    expect(formatP(0.41)).toBe('0.410');
    expect(formatP(null)).toBe('–');
    expect(plain(formatPEquals(1e-9))).toBe('p < 0.0001');
    expect(plain(formatPEquals(0.02))).toBe('p = 0.020');
  });

  test('units and intervals', () => {
    const interval = { low: 2e-5, high: 1.2e-4, confidence: 0.95, method: 'wilson' };
    expect(plain(formatAs('perMillion', 8.4e-5))).toBe('84.0 per million');
    expect(plain(formatInterval('perMillion', interval))).toBe('20.0 to 120');
    expect(plain(formatInterval('factor', { ...interval, low: 1.4, high: 2 }))).toBe('1.40 to 2.00');
    expect(plain(formatInterval('share', { ...interval, low: 0.05, high: 0.1, confidence: 0.99 }))).toBe(
      '5.0 % to 10.0 % (99 %)',
    );
    expect(plain(formatAs('percentage', 43.21))).toBe('43.2 %');
    expect(plain(formatRate(0.05))).toBe('5 %');
    expect([500, 89_000, 11_040_000].map(formatDuration)).toEqual(['1 s', '1 min 29 s', '3 h 4 min']);
  });
});
