import { open } from 'node:fs/promises';
import { z } from 'zod';
import { fileError, isInside } from '../../ground/disk.ts';
import { BiolensError } from '../../ground/errors.ts';
import { createFaceSight, type FaceSight, faceToolsFor } from '../../jobs/bench/index.ts';
import { openFaceAnalyser } from '../../kit/faces/index.ts';
import { DEFAULT_IMAGE_RULE, type PreparedImage, prepareImage } from '../../kit/vlm/index.ts';
import { defineTool, type Tool } from './tool.ts';

const MOST_BYTES = 64 * 2 ** 20;

/** Reads an image of the folders that may be read. */
async function readImage(path: string, roots: readonly string[]): Promise<PreparedImage> {
  if (!(await isInside(path, roots)))
    throw new BiolensError('usage', `${path} lies outside the folders that may be used: ${roots.join(', ')}`);
  try {
    await using handle = await open(path);
    const info = await handle.stat();
    if (!info.isFile()) throw new BiolensError('input', `${path}: not a file`);
    if (info.size > MOST_BYTES)
      throw new BiolensError('input', `${path}: ${info.size} bytes, an image has at most ${MOST_BYTES}`);
    return await prepareImage(await handle.readFile(), { file: path, rule: DEFAULT_IMAGE_RULE });
  } catch (error) {
    throw fileError(path, error);
  }
}

const path = z.string().min(1).max(4096);
const oneSchema = z.strictObject({ image: path.describe('path of an image') });
const pairSchema = z.strictObject({
  first: path.describe('path of an image'),
  second: path.describe('path of another image'),
});

/**
 * The built-in face networks as tools about images by their paths: those that the benchmark lends to models. They are opened at the first
 * call.
 */
export function createPathTools({ roots }: { readonly roots: readonly string[] }): {
  readonly tools: Tool[];
  readonly close: () => Promise<void>;
} {
  let opening: Promise<FaceSight> | undefined;
  const sight = (): Promise<FaceSight> => {
    opening ??= openFaceAnalyser().then(createFaceSight);
    return opening;
  };
  const tools = faceToolsFor([], sight).map(({ name, description }): Tool => {
    const run = (images: readonly PreparedImage[], input: unknown, signal: AbortSignal) => {
      const tool = faceToolsFor(images, sight).find(one => one.name === name);
      if (tool === undefined) throw new BiolensError('external', `the tool ${name} is gone`);
      return tool.run(input, { signal });
    };
    if (name === 'compare_faces')
      return defineTool({ name, description, schema: pairSchema }, async ({ first, second }, { signal }) =>
        run([await readImage(first, roots), await readImage(second, roots)], { first: 1, second: 2 }, signal),
      );
    return defineTool({ name, description, schema: oneSchema }, async ({ image }, { signal }) =>
      run([await readImage(image, roots)], { image: 1 }, signal),
    );
  });
  return { tools, close: async () => (await opening)?.close() };
}
