import { expect, test } from 'vitest';
import { labelFolder, openFaceAnalyser } from '../../src/kit/faces/index.ts';
import { congress, readPortraits } from './data.ts';

test.skipIf(congress.missing)(
  'on all Congress portraits: faces in 99.5 %, gender right in 99 %, age within 6 years of 2010 on average (needs ../shared/data/congress)',
  async () => {
    const portraits = new Map(readPortraits().map(portrait => [portrait.file, portrait]));
    await using analyser = await openFaceAnalyser({ device: 'cpu' });
    let [files, withFace, rightGender, ageError] = [0, 0, 0, 0];
    for await (const event of labelFolder(congress.folder, { analyser })) {
      if (event.type === 'skipped') files++;
      if (event.type !== 'item') continue;
      files++;
      const [face] = event.faces;
      const known = portraits.get(event.file)!;
      if (face === undefined) continue;
      withFace++;
      if (face.gender === known.gender) rightGender++;
      ageError += Math.abs(face.age - (2010 - known.birthYear));
    }
    expect(files).toBe(portraits.size);
    // Measured: 490 of 490, 490 of 490, 5.78 years.
    expect(withFace / files).toBeGreaterThanOrEqual(0.995);
    expect(rightGender / files).toBeGreaterThanOrEqual(0.99);
    expect(ageError / withFace).toBeLessThanOrEqual(6);
  },
);
