import { describe, expect, test } from 'vitest';
import { sharesText } from '../../src/kit/job/index.ts';

const bias = sharesText({ lists: true, uniform: 'uniform' });
const target = sharesText();

describe('shares as text', () => {
  test.each([
    ['skinTone=uniform', { skinTone: 'uniform' }],
    ['gender=0.5,0.5', { gender: [0.5, 0.5] }],
    ['age=young:0.2,old:0.8', { age: { young: 0.2, old: 0.8 } }],
  ])('%s is read and written', (text, value) => {
    expect(bias.parse(text)).toEqual(value);
    expect(bias.format(value)).toBe(text);
  });

  test('uniform is what a target is anyway', () => {
    expect(target.parse('gender=uniform')).toEqual({});
  });

  test.each(['gender', 'gender=', '=uniform', 'gender=a:0.5,0.5', 'gender=1.5,0', 'gender=x,y', 'gender=,', 'a=b=c'])(
    'refuses %s',
    text => {
      expect(() => bias.parse(text)).toThrow(/^expected ATTRIBUTE=uniform/);
    },
  );

  test.each(['gender=0.5,0.5', 'gender=half', 'gender', '=a:1'])('a target refuses %s', text => {
    expect(() => target.parse(text)).toThrow('expected ATTRIBUTE=uniform or ATTRIBUTE=CLASS:SHARE');
  });
});
