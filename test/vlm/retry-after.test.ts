import { expect, test } from 'vitest';
import { readRetryAfter } from '../../src/kit/vlm/retry-after.ts';
import { GOOGLE_RATE_LIMIT } from './recorded-replies.ts';

const now = Date.parse('2026-03-01T12:00:00Z');
const read = (headers: Record<string, string>, body = '') => readRetryAfter(headers, body, now);

test.each([
  ['seconds', { 'retry-after': '7' }, 7000],
  ['zero', { 'retry-after': '0' }, 0],
  ['fractions of a second', { 'retry-after': '0.25' }, 250],
  // RFC 9110 §10.2.3 with the date format of §5.6.7.
  ['an HTTP date', { 'retry-after': 'Sun, 01 Mar 2026 12:00:30 GMT' }, 30_000],
  ['a date gone by', { 'retry-after': 'Sun, 01 Mar 2026 11:00:00 GMT' }, 0],
  ['milliseconds before seconds', { 'retry-after-ms': '1500', 'retry-after': '9' }, 1500],
  ['nonsense', { 'retry-after': 'soon' }, undefined],
  ['an hour at most', { 'retry-after': '999999' }, 3_600_000],
  ['nothing', {}, undefined],
])('retry-after: %s', (_, headers, expected) => {
  expect(read(headers)).toBe(expected);
});

test('OpenAI: the allowance that is used up decides, not the one that resets last', () => {
  const headers = {
    'x-ratelimit-limit-requests': '500',
    'x-ratelimit-remaining-requests': '0',
    'x-ratelimit-reset-requests': '120ms',
    'x-ratelimit-limit-tokens': '30000',
    'x-ratelimit-remaining-tokens': '29000',
    'x-ratelimit-reset-tokens': '6m0s',
  };
  expect(read(headers)).toBe(120);
  expect(read({ ...headers, 'x-ratelimit-remaining-tokens': '0' })).toBe(360_000);
});

test('Anthropic: resets are instants', () => {
  const headers = {
    'anthropic-ratelimit-requests-remaining': '0',
    'anthropic-ratelimit-requests-reset': '2026-03-01T12:00:05Z',
    'anthropic-ratelimit-input-tokens-remaining': '10000',
    'anthropic-ratelimit-input-tokens-reset': '2026-03-01T12:01:00Z',
  };
  expect(read(headers)).toBe(5000);
});

test('OpenRouter: an epoch in milliseconds; others send it in seconds', () => {
  expect(read({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String(now + 9000) })).toBe(9000);
  expect(read({ 'x-ratelimit-remaining': '0', 'x-ratelimit-reset': String((now + 9000) / 1000) })).toBe(9000);
  expect(read({ 'x-ratelimit-remaining': '3', 'x-ratelimit-reset': String(now + 9000) })).toBeUndefined();
});

test('Google: the delay stands in the body', () => {
  expect(read({}, JSON.stringify(GOOGLE_RATE_LIMIT))).toBe(17_000);
});
