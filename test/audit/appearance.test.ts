import { describe, expect, test } from 'vitest';
import { openEmbedder } from '../../src/kit/faces/index.ts';
import { drawFaces, findCopies, plantCopies } from './planted.ts';

describe('copies by appearance', () => {
  // Measured: 86 % and 94 % (bench/RESULTS.md); the large ones are a slow test.
  const sizes =
    process.env.BIOLENS_LARGE_COPIES === undefined
      ? [
          { size: 32, share: 0.8 },
          { size: 96, share: 0.85 },
        ]
      : [{ size: 192, share: 0.9 }];
  test.each(sizes)(
    'altered copies of drawn faces of $size pixels are found, and nothing else',
    async ({ size, share }) => {
      const { images, copies, alterations } = await plantCopies(drawFaces(490, size), 14);
      await using embedder = await openEmbedder('appearance');
      const embed = async (pictures: typeof images) =>
        (await embedder.embed(pictures)).map(item => item?.embedding ?? null);
      const result = await findCopies(
        { images: await embed(images), copies: await embed(copies) },
        { alterations, training: 300, heldout: 90 },
      );
      expect(result.share).toBeGreaterThanOrEqual(share);
      expect(result.found.mirror).toBe(14);
      expect(result.falseCalls).toBeLessThanOrEqual(2);
      expect(result.callsOfNone).toBe(0);
    },
  );
});
