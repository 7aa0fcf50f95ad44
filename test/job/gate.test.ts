import { describe, expect, test } from 'vitest';
import { failedGates, parseGate } from '../../src/kit/job/index.ts';

const result = {
  replication: {
    threshold: 0.9,
    copied: { value: 0.2, n: 200, interval: null },
    ct: { value: null, n: 3, interval: null, reason: 'fewer than 10 rows' },
    embedder: { name: 'built-in' },
  },
};

const failures = (text: string) => failedGates(result, [parseGate(text)]);

describe('--fail-on', () => {
  test.each([
    ['replication.copied>0.01', true],
    ['replication.copied > 0.2', false],
    ['replication.copied>=0.2', true],
    ['replication.copied<0.3', true],
    ['replication.copied<=0.1', false],
    ['replication.copied.n<100', false],
    ['replication.threshold>0.5', true],
    ['replication.copied>1e-2', true],
  ])('%s', (text, fails) => {
    expect(failures(text).length > 0).toBe(fails);
  });

  test('says what the value is', () => {
    expect(failures('replication.copied>0.01')).toEqual(['replication.copied>0.01: it is 0.2']);
  });

  test('a metric that was not computed does not pass', () => {
    expect(failures('replication.ct<-3')).toEqual(['replication.ct<-3: not computed, fewer than 10 rows']);
  });

  test.each([
    ['replication.copies>0.1', '"replication" has no "copies", it has threshold, copied, ct, embedder'],
    ['bias>0.1', 'the result has no "bias", it has replication'],
    ['replication.embedder>1', '"replication.embedder" is not a number'],
    ['replication.embedder.name.x>1', '"replication.embedder.name" has no "x", it has nothing'],
  ])('%s names nothing comparable', (text, message) => {
    expect(() => failures(text)).toThrow(message);
  });

  test.each(['', 'copied', '>1', 'copied>', 'copied>x', 'copied=1', 'a b>1'])('"%s" is refused', text => {
    expect(() => parseGate(text)).toThrow('--fail-on expected a condition');
  });
});
