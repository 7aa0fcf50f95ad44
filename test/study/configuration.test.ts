import { describe, expect, test } from 'vitest';
import { studyConfigurationSchema, studyJob } from '../../src/jobs/study/index.ts';
import { budgetText, sideText } from '../../src/jobs/study/text-forms.ts';
import { commandOf, parseConfiguration } from '../../src/kit/job/index.ts';

test('what the version before recorded is a configuration as it stands', () => {
  const recorded = {
    images: '/faces',
    attributes: ['gender'],
    sizes: [300, 700, 1000, 5000, 10_000],
    kinds: ['gan', 'diffusion'],
    imageSize: 32,
    budget: { unit: 'steps', value: 1000 },
    batchSize: 16,
    samples: 500,
    classifier: 'built-in',
    confusionImages: 2000,
    target: {},
    seed: 1,
    device: 'auto',
  };
  expect(studyConfigurationSchema.parse(recorded)).toEqual(recorded);
  expect(parseConfiguration(studyJob, { images: '/faces', attributes: ['gender'] })).toEqual(recorded);
});

test('the command line that does what a configuration says', () => {
  const configuration = parseConfiguration(studyJob, {
    images: '/faces',
    attributes: ['gender', 'age'],
    sizes: [100, 300],
    kinds: ['gan'],
    imageSize: 64,
    budget: { unit: 'epochs', value: 2.5 },
    confusionImages: 500,
    target: { gender: { male: 0.4, female: 0.6 } },
  });
  expect(commandOf(studyJob, configuration)).toBe(
    'biolens study bias-by-size --images /faces --attribute gender,age --sizes 100,300 --kinds gan --size 64 --epochs 2.5 --confusion-images 500 --target gender=male:0.4,female:0.6',
  );
});

describe('a budget as text', () => {
  test('is a number of its unit', () => {
    expect(budgetText('steps').parse('600')).toEqual({ unit: 'steps', value: 600 });
    expect(budgetText('epochs').parse('0.5')).toEqual({ unit: 'epochs', value: 0.5 });
    expect(budgetText('steps').format({ unit: 'epochs', value: 2 })).toBeNull();
  });

  test.each([
    ['steps', '1.5', 'expected a whole number from 1, got "1.5"'],
    ['steps', '', 'expected a whole number from 1, got ""'],
    ['epochs', '0', 'expected a number above 0, got "0"'],
    ['epochs', 'Infinity', 'expected a number above 0, got "Infinity"'],
  ] as const)('%s refuses "%s"', (unit, text, message) => {
    expect(() => budgetText(unit).parse(text)).toThrow(message);
  });
});

test.each(['24', '4', '256', '', 'large', '-8'])('a side of "%s" is refused', text => {
  expect(() => sideText.parse(text)).toThrow(`expected a power of two from 8 to 128, got "${text}"`);
});
