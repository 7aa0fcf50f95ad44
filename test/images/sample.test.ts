import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { foldIn, RandomStream, randomKey } from '../../src/ground/math/random.ts';
import { renderFace } from '../../src/kit/drawing/face.ts';
import { assignClasses, quotas } from '../../src/kit/drawing/quota.ts';
import { type PlannedFace, sampleFaces } from '../../src/kit/drawing/sample.ts';
import { parseSkew, SKEWABLE } from '../../src/kit/drawing/skew.ts';
import { AGE_RANGES } from '../../src/kit/drawing/spec.ts';
import { renderPlanned } from '../../src/kit/drawing/write-faces.ts';

const count = <T>(items: readonly T[], of: (item: T) => string | number): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const item of items) counts[of(item)] = (counts[of(item)] ?? 0) + 1;
  return counts;
};

describe('quotas', () => {
  const shares = fc
    .array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 10 })
    .filter(list => list.some(share => share > 0.01))
    .map(list => list.map(share => share / list.reduce((a, b) => a + b, 0)));

  test('sum to the whole and miss no share by one or more', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5000 }), shares, (total, list) => {
        const counts = quotas(total, list);
        expect(counts.reduce((a, b) => a + b, 0)).toBe(total);
        for (const [i, value] of counts.entries()) expect(Math.abs(value - total * list[i]!)).toBeLessThan(1 + 1e-6);
      }),
    );
  });

  test('are exact where shares are', () => {
    expect(quotas(700, [0.8, 0.2])).toEqual([560, 140]);
    expect(quotas(100, [0.07, 0.93])).toEqual([7, 93]);
    expect(quotas(7, [0.5, 0.5])).toEqual([4, 3]);
  });

  test('hold for weighted items as long as enough of them are light', () => {
    const stream = new RandomStream(randomKey(3));
    const weights = Array.from({ length: 300 }, (_, i) => (i < 60 ? 2 + (i % 3) : 1));
    const assigned = assignClasses(weights, [0.5, 0.3, 0.2], stream);
    const total = weights.reduce((a, b) => a + b, 0);
    const sums = [0, 0, 0];
    assigned.forEach((c, i) => {
      sums[c]! += weights[i]!;
    });
    expect(sums).toEqual(quotas(total, [0.5, 0.3, 0.2]));
  });

  test('every item is as likely to get each class', () => {
    const first = Array.from(
      { length: 4000 },
      (_, i) => assignClasses([1, 1, 1, 1], [0.25, 0.75], new RandomStream(foldIn(randomKey(1), i)))[0],
    );
    // Binomial(4000, 1/4): sd 27; five of them is a false alarm in two million.
    expect(Math.abs(first.filter(c => c === 0).length - 1000)).toBeLessThan(137);
  });
});

describe('parseSkew', () => {
  test.each([
    [['gender=0.8'], { gender: { male: 0.8 } }],
    [['gender=female:0.8'], { gender: { female: 0.8 } }],
    [
      ['skinTone=monk-3:0.5,monk-4:0.2', 'age_group=elderly:0'],
      { skinTone: { 'monk-3': 0.5, 'monk-4': 0.2 }, ageGroup: { elderly: 0 } },
    ],
    [['hair-colour=red:1'], { hairColor: { red: 1 } }],
    [['gender=male:0.6', 'gender=female:0.4'], { gender: { male: 0.6, female: 0.4 } }],
    [[], {}],
  ])('%j', (texts, skew) => {
    expect(parseSkew(texts)).toEqual(skew);
  });

  test.each([
    [
      'height=0.5',
      '"skew" expected an attribute (gender, ageGroup, skinTone, hairStyle, hairColor, expression, glasses), got "height"',
    ],
    ['gender', '"skew" expected ATTRIBUTE=SHARE or ATTRIBUTE=CLASS:SHARE, got "gender"'],
    ['gender=other:0.5', '"skew" expected a class of gender (male, female), got "other"'],
    ['gender=1.2', '"skew" expected a share of gender from 0 to 1, got 1.2'],
    ['gender=much', '"skew" expected a share of gender from 0 to 1, got "much"'],
    ['gender=', '"skew" expected a share of gender from 0 to 1, got ""'],
    ['gender=male:0.5,female:0.2', '"skew" expected shares of gender that sum to 1, got 0.7'],
    [
      'skinTone=monk-1:0.7,monk-2:0.6',
      '"skew" expected shares of skinTone that sum to at most 1, got 1.2999999999999998',
    ],
  ])('%s is refused', (text, message) => {
    expect(() => parseSkew([text])).toThrow(message);
  });
});

describe('sampleFaces', () => {
  test('meets shares by exact counts, copies included', () => {
    const plan = sampleFaces({
      n: 700,
      seed: 5,
      skew: parseSkew(['gender=0.8', 'skinTone=monk-3:0.5', 'glasses=0.1']),
      duplicates: 0.1,
    });
    expect(plan).toHaveLength(700);
    expect(count(plan, ({ spec }) => spec.gender)).toEqual({ male: 560, female: 140 });
    const tones = count(plan, ({ spec }) => spec.skinTone);
    expect(tones['monk-3']).toBe(350);
    expect(Object.values(tones).filter(n => n === 38 || n === 39)).toHaveLength(9);
    expect(count(plan, ({ spec }) => spec.glasses)).toEqual({ yes: 70, no: 630 });
    expect(count(plan, ({ spec }) => spec.ageGroup)).toEqual({ young: 175, adult: 175, older: 175, elderly: 175 });
    expect(count(plan, ({ spec }) => spec.expression).happy).toBe(100);
    expect(plan.filter(({ duplicateOf }) => duplicateOf !== null)).toHaveLength(70);
  });

  test('any attribute can be skewed to one class', () => {
    for (const [attribute, classes] of Object.entries(SKEWABLE)) {
      const last = classes[classes.length - 1]!;
      const plan = sampleFaces({ n: 20, skew: parseSkew([`${attribute}=${last}:1`]) });
      const key = attribute === 'hairColor' ? 'hairColour' : attribute;
      expect(
        plan.every(({ spec }) => Object.entries(spec).some(([name, value]) => name === key && value === last)),
      ).toBe(true);
    }
  });

  test('is a function of its options', () => {
    const options = { n: 30, seed: 9, duplicates: 0.2, identities: 8 };
    expect(sampleFaces(options)).toEqual(sampleFaces(options));
    expect(sampleFaces(options)).not.toEqual(sampleFaces({ ...options, seed: 10 }));
  });

  test('copies show an earlier image', () => {
    const plan = sampleFaces({ n: 200, seed: 2, duplicates: 0.4 });
    const byFile = new Map(plan.map((planned, place) => [planned.file, { planned, place }]));
    const copies = plan.filter(({ duplicateOf }) => duplicateOf !== null);
    expect(copies).toHaveLength(80);
    for (const copy of copies) {
      const original = byFile.get(copy.duplicateOf!)!;
      expect(original.planned.duplicateOf).toBeNull();
      expect(original.place).toBeLessThan(byFile.get(copy.file)!.place);
      expect(copy.spec).toEqual(original.planned.spec);
    }
    expect(plan.map(({ file }) => file)).toEqual(plan.map(({ file }) => file).toSorted());
  });

  test('the copies can be of a few images only', () => {
    const skew = parseSkew(['gender=0.8']);
    const plan = sampleFaces({ n: 700, seed: 2, skew, duplicates: 0.1, duplicated: 7 });
    const copies = plan.filter(({ duplicateOf }) => duplicateOf !== null);
    expect(copies).toHaveLength(70);
    expect(new Set(copies.map(({ duplicateOf }) => duplicateOf)).size).toBe(7);
    expect(count(plan, ({ spec }) => spec.gender)).toEqual({ male: 560, female: 140 });
  });

  test('a copy is near its original and not the same', () => {
    const plan = sampleFaces({ n: 60, seed: 4, duplicates: 0.5 });
    const pixels = (planned: PlannedFace): Uint8Array => renderPlanned(planned, { size: 64 }).image.data;
    for (const copy of plan.filter(({ duplicateOf }) => duplicateOf !== null).slice(0, 12)) {
      const original = plan.find(({ file }) => file === copy.duplicateOf)!;
      const [a, b] = [pixels(original), pixels(copy)];
      const meanDifference = a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
      expect(meanDifference).toBeGreaterThan(0.5);
      expect(meanDifference).toBeLessThan(16);
      // The same person in another moment is farther away than a copy.
      expect(renderFace(original.spec, { size: 64 }).image.data).toEqual(a);
    }
  });

  test('identities keep what makes a person, and change the moment', () => {
    const plan = sampleFaces({ n: 120, seed: 3, identities: 12 });
    const people = Map.groupBy(plan, ({ spec }) => spec.identity);
    expect([...people.keys()].sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, i) => i));
    for (const pictures of people.values()) {
      expect(pictures).toHaveLength(10);
      const [first] = pictures;
      for (const { spec } of pictures) {
        expect(spec.traits).toEqual(first!.spec.traits);
        expect([
          spec.gender,
          spec.age,
          spec.skinTone,
          spec.hairStyle,
          spec.hairColour,
          spec.eyeColour,
          spec.beard,
        ]).toEqual([
          first!.spec.gender,
          first!.spec.age,
          first!.spec.skinTone,
          first!.spec.hairStyle,
          first!.spec.hairColour,
          first!.spec.eyeColour,
          first!.spec.beard,
        ]);
      }
      expect(new Set(pictures.map(({ spec }) => spec.yaw)).size).toBeGreaterThan(5);
    }
    // Shares of people, as whole people allow.
    expect(count(plan, ({ spec }) => spec.gender)).toEqual({ male: 60, female: 60 });
  });

  test('what is drawn lies within what is documented', () => {
    for (const { spec } of sampleFaces({ n: 400, seed: 8 })) {
      const [from, to] = AGE_RANGES[spec.ageGroup];
      expect(spec.age).toBeGreaterThanOrEqual(from);
      expect(spec.age).toBeLessThanOrEqual(to);
      expect(Math.abs(spec.yaw)).toBeLessThanOrEqual(35);
      expect(Math.abs(spec.pitch)).toBeLessThanOrEqual(20);
      expect(Math.abs(spec.roll)).toBeLessThanOrEqual(20);
      for (const trait of Object.values(spec.traits)) expect(Math.abs(trait)).toBeLessThanOrEqual(1);
      if (spec.gender === 'female') expect(spec.beard).toBe('none');
    }
  });

  test('habits overlap: no hair style belongs to one gender, and grey comes with age', () => {
    const plan = sampleFaces({ n: 3000, seed: 6 });
    const styles = Map.groupBy(plan, ({ spec }) => spec.hairStyle);
    for (const style of ['short', 'long', 'curly', 'afro', 'bun'] as const) {
      expect(new Set(styles.get(style)?.map(({ spec }) => spec.gender)).size, style).toBe(2);
    }
    const grey = (group: string): number => {
      const members = plan.filter(({ spec }) => spec.ageGroup === group);
      return members.filter(({ spec }) => spec.hairColour === 'grey').length / members.length;
    };
    expect(grey('young')).toBeLessThan(0.05);
    expect(grey('elderly')).toBeGreaterThan(0.8);
  });

  test.each([
    [{ n: 0 }, '"n" expected a whole number from 1 to 9999999, got 0'],
    [{ n: 2.5 }, '"n" expected'],
    [{ n: 10, duplicates: 1 }, '"duplicates" expected a share from 0 to below 1, got 1'],
    [{ n: 10, duplicates: Number.NaN }, '"duplicates" expected a share from 0 to below 1, got NaN'],
    [{ n: 10, identities: 11 }, '"identities" expected a whole number from 1 to 10, got 11'],
    [{ n: 10, duplicates: 0.5, duplicated: 6 }, '"duplicated" expected a whole number from 1 to 5, got 6'],
    [{ n: 10, seed: -1 }, '"seed" expected'],
  ])('%o is refused', (options, message) => {
    expect(() => sampleFaces(options)).toThrow(message);
  });
});
