import { describe, expect, test } from 'vitest';
import { type AttributeOptions, resolveAttributes, type SetAttributes } from '../../src/jobs/audit/attributes.ts';
import { AGE_GROUPS } from '../../src/jobs/audit/bias.ts';

type Item = SetAttributes['items'][number];

function labelled(rows: readonly Item['given'][], predicted: readonly Item['predicted'][] = []): SetAttributes {
  return {
    given: { attributes: Object.keys(rows[0] ?? {}), source: 'labels.csv' },
    classified: predicted.length > 0,
    items: rows.map((given, i) => ({ given, predicted: predicted[i] ?? {} })),
  };
}

function classified(predicted: readonly Item['predicted'][]): SetAttributes {
  return { given: null, classified: true, items: predicted.map(entry => ({ given: {}, predicted: entry })) };
}

function repeat<T>(item: T, n: number): T[] {
  return Array.from({ length: n }, () => item);
}

const builtIn: AttributeOptions = {
  classifier: { name: 'built-in', classes: { gender: ['male', 'female'], ageGroup: AGE_GROUPS } },
  target: {},
};
const none: AttributeOptions = { classifier: null, target: {} };

describe('where labels come from', () => {
  test('the classifier for both sets where nobody gave any', () => {
    const set = classified([{ gender: 'male', ageGroup: '18-29' }, { gender: 'female', ageGroup: '75+' }, {}]);
    const resolved = resolveAttributes(set, set, builtIn);
    expect([...resolved.keys()]).toEqual(['gender', 'ageGroup']);
    expect(resolved.get('gender')).toMatchObject({
      classes: ['male', 'female'],
      training: { source: 'built-in', labels: ['male', 'female', null] },
    });
  });

  test('a table for one set, the classifier for the other, and its answers for the first to measure its errors by', () => {
    const training = labelled([{ gender: 'Male' }, { gender: null }], [{ gender: 'female' }, { gender: 'male' }]);
    const resolved = resolveAttributes(training, classified([{ gender: 'male' }]), { ...builtIn, wanted: ['gender'] });
    expect(resolved.get('gender')).toEqual({
      classes: ['male', 'female'],
      training: { source: 'labels', labels: ['male', null], predicted: ['female', 'male'] },
      generated: { source: 'built-in', labels: ['male'] },
      target: undefined,
    });
  });

  test('tables for both, with the classes that are in them', () => {
    const rows = [...repeat({ hair: 'dark' }, 6), ...repeat({ hair: 'fair' }, 6)];
    const resolved = resolveAttributes(labelled(rows), labelled(rows), none);
    expect(resolved.get('hair')).toMatchObject({ classes: ['dark', 'fair'], generated: { source: 'labels' } });
  });

  test('an age in years becomes an age group', () => {
    const rows = repeat({ age: '31.5' }, 3);
    const resolved = resolveAttributes(labelled(rows), classified([{ gender: 'male', ageGroup: '30-44' }]), {
      ...builtIn,
      wanted: ['ageGroup'],
    });
    expect(resolved.get('ageGroup')?.training.labels).toEqual(['30-44', '30-44', '30-44']);
    expect(() => resolveAttributes(labelled([{ age: 'old' }]), labelled([{ age: '3' }]), none)).toThrow(
      'labels.csv: "age" expected years, got "old"',
    );
  });

  test('a column that is no class, such as a year or a name, is passed over unless it is asked for', () => {
    const rows = Array.from({ length: 60 }, (_, i) => ({
      born: `${1900 + i}`,
      gender: i % 2 === 0 ? 'male' : 'female',
    }));
    expect([...resolveAttributes(labelled(rows), labelled(rows), none).keys()]).toEqual(['gender']);
    expect(() => resolveAttributes(labelled(rows), labelled(rows), { ...none, wanted: ['born'] })).toThrow(
      'attribute "born" expected labels or a classifier for both sets, there are gender',
    );
  });

  test('a set of embeddings has no classifier', () => {
    const embeddings: SetAttributes = { given: null, classified: false, items: [] };
    expect(resolveAttributes(embeddings, classified([{ gender: 'male' }]), builtIn).size).toBe(0);
  });
});

describe('labels of other classes than the classifier', () => {
  const training = labelled(repeat({ gender: 'M' }, 12), repeat({ gender: 'male' }, 12));
  const generated = classified([{ gender: 'male' }]);

  test('are passed over when nobody asked for the attribute', () => {
    expect(resolveAttributes(training, generated, builtIn).get('gender')?.training).toEqual({
      source: 'built-in',
      labels: repeat('male', 12),
    });
  });

  test('are an error when somebody did', () => {
    expect(() => resolveAttributes(training, generated, { ...builtIn, wanted: ['gender'] })).toThrow(
      'labels.csv: gender "M" is not one of the classes male, female',
    );
  });
});

test('a target for an attribute that is not there is an error', () => {
  const set = classified([{ gender: 'male', ageGroup: '75+' }]);
  expect(() => resolveAttributes(set, set, { ...builtIn, target: { race: { a: 1 } } })).toThrow(
    'target of race: there is no such attribute, there are gender, ageGroup',
  );
  const target = { gender: { male: 0.4, female: 0.6 } };
  expect(resolveAttributes(set, set, { ...builtIn, target }).get('gender')?.target).toEqual(target.gender);
});
