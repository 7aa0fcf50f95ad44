import { describe, expect, test } from 'vitest';
import { parseBias } from '../../src/app/cli/verbs/mitigate.ts';

describe('--bias', () => {
  test('takes equal shares, shares in order, and shares by class', () => {
    expect(parseBias(['skinTone=uniform', 'gender=0.5,0.5', 'age=young:0.2,old:0.8'])).toEqual({
      skinTone: 'uniform',
      gender: [0.5, 0.5],
      age: { young: 0.2, old: 0.8 },
    });
  });

  test.each(['gender', 'gender=', '=uniform', 'gender=a:0.5,0.5', 'gender=1.5,0', 'gender=x,y', 'gender=,', 'a=b=c'])(
    'refuses %s',
    text => {
      expect(() => parseBias([text])).toThrow(/^--bias expected ATTRIBUTE=uniform/);
    },
  );
});
