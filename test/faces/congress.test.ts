import { expect, test } from 'vitest';
import { openFaceAnalyser } from '../../src/kit/faces/index.ts';
import { decodeImage } from '../../src/kit/images/index.ts';
import { congress, readPortraits } from './data.ts';

test.skipIf(congress.missing)(
  'on every twentieth Congress portrait: each has one face, the gender is right, ages are near (needs ../shared/data/congress)',
  async () => {
    const portraits = readPortraits().filter((_, i) => i % 20 === 0);
    await using analyser = await openFaceAnalyser({ device: 'cpu' });
    const found = await analyser.analyse(await Promise.all(portraits.map(({ path }) => decodeImage(path))));
    expect(found.map(faces => faces.length)).toEqual(portraits.map(() => 1));
    expect(found.map(([face]) => face?.gender)).toEqual(portraits.map(({ gender }) => gender));
    const errors = portraits.map(({ birthYear }, i) => Math.abs(found[i]![0]!.age - (2010 - birthYear)));
    // 5.8 years over all 490; 8 leaves room for 25 of them.
    expect(errors.reduce((sum, error) => sum + error, 0) / errors.length).toBeLessThan(8);
  },
);
