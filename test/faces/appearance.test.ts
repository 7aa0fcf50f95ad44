import { describe, expect, test } from 'vitest';
import { renderFace, sampleFaces } from '../../src/kit/drawing/index.ts';
import { openEmbedder } from '../../src/kit/faces/index.ts';
import { alterImage, type Image } from '../../src/kit/images/index.ts';
import { cosine, drawn, noise } from './data.ts';

const faces = sampleFaces({ n: 2, seed: 3 }).map(({ spec }) => renderFace(spec, { size: 64 }).image);

async function embed(...images: readonly Image[]) {
  await using embedder = await openEmbedder('appearance');
  const found = await embedder.embed(images);
  return found.map(item => item!.embedding);
}

describe('the embedder by appearance', () => {
  test('takes the whole image, of any size and content, and says how wide it is', async () => {
    await using embedder = await openEmbedder('appearance');
    const pictures = [drawn(1, 1, () => [0, 0, 0]), drawn(7, 90, () => [255, 255, 255]), noise(300, 33, 1), faces[0]!];
    for (const item of await embedder.embed(pictures)) {
      expect(item?.box).toBeNull();
      expect(item?.embedding).toHaveLength(embedder.width);
      expect(item?.embedding.every(Number.isFinite)).toBe(true);
    }
  });

  test('does not see mirroring', async () => {
    const pictures = [faces[0]!, noise(40, 56, 2)];
    for (const picture of pictures) {
      const [straight, mirrored] = await embed(picture, await alterImage(picture, { mirror: true }));
      const largest = Math.max(...straight!.map(Math.abs));
      const difference = Math.max(...straight!.map((value, i) => Math.abs(mirrored![i]! - value)));
      expect(difference).toBeLessThan(1e-5 * largest);
    }
  });

  test('hardly sees the size, and less of a darkening than of another face', async () => {
    const large = renderFace(sampleFaces({ n: 2, seed: 3 })[0]!.spec, { size: 256 }).image;
    const [face, other, bigger, darker] = await embed(
      ...faces,
      large,
      await alterImage(faces[0]!, { brightness: 0.7 }),
    );
    expect(cosine(face!, bigger!)).toBeGreaterThan(0.995);
    expect(cosine(face!, darker!)).toBeGreaterThan(0.98);
    expect(cosine(face!, other!)).toBeLessThan(0.95);
  });
});
