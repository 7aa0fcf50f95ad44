import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { modelCardSchema } from '../../src/ground/contracts/index.ts';
import { cardCheckPicture, openEmbedder, readModelCard } from '../../src/kit/faces/index.ts';
import { cropsOf } from '../../src/kit/faces/prepare-crops.ts';
import type { Image } from '../../src/kit/images/index.ts';
import { Graph, reshape } from '../../src/kit/tensor/index.ts';
import { drawn } from './data.ts';
import expected from './fixtures/torchvision-crops.json' with { type: 'json' };
import { type CardChanges, cardFor, channelMeans, temporaryFolder, writeModel } from './models.ts';

const digest = ({ data }: Image): string => createHash('sha256').update(data).digest('hex');

/** The picture of fixtures/torchvision-crops.py. */
const picture = (width: number, height: number): Image =>
  drawn(width, height, (x, y) => {
    const chequer = (Math.floor(x / 30) + Math.floor(y / 30)) % 2;
    return [
      Math.floor((x * 255) / (width - 1)),
      Math.floor((y * 200) / (height - 1)) + chequer * 55,
      Math.floor((((x + 2 * y) % 90) * 5) / 2) + chequer * 20,
    ];
  });

const inputOf = (changes: Record<string, unknown>) =>
  modelCardSchema.parse(cardFor({ input: { resize: 'shorter-side', ...changes } })).input;

describe('an image is prepared as torchvision does it, to the value', () => {
  test.each(expected.cases)('$from, $kernel, $length → $side', async ({ from, kernel, length, side, centre, five }) => {
    const [width, height] = from as [number, number];
    const common = { width: side, height: side, length, kernel };
    const middle = await cropsOf(picture(width, height), inputOf({ ...common, crop: 'centre' }));
    expect(middle.map(digest)).toEqual([centre]);
    const all = await cropsOf(picture(width, height), inputOf({ ...common, crop: 'five' }));
    expect(all.map(digest)).toEqual(five);
  });

  test('the picture that cards are checked with is the same in Python', () => {
    expect(digest(cardCheckPicture())).toBe(expected.picture);
    expect(digest(picture(360, 270))).toBe(expected.picture);
  });
});

async function embed(graph: Graph, changes: CardChanges, image: Image): Promise<number[]> {
  await using folder = await temporaryFolder();
  await using embedder = await openEmbedder(await writeModel(folder.path, graph, cardFor(changes)), { threads: 1 });
  const [seen] = await embedder.embed([image]);
  return [...seen!.embedding];
}

/** Gives its input as three tokens of 64 numbers: the planes of red, green and blue. */
function planesAsTokens(): Graph {
  const graph = new Graph();
  const input = graph.input('data', ['n', 3, 8, 8]);
  graph.output('tokens', reshape(input, ['n', 3, 64]));
  return graph;
}

describe('what is read of a model', () => {
  const flat = drawn(8, 8, () => [30, 60, 120]);
  const output = { meaning: 'embedding', width: 64 };

  test('the first token, the mean of all, or the whole', async () => {
    expect(await embed(planesAsTokens(), { output: { ...output, select: 'first-token' } }, flat)).toEqual(
      new Array(64).fill(30),
    );
    expect(await embed(planesAsTokens(), { output: { ...output, select: 'mean-tokens' } }, flat)).toEqual(
      new Array(64).fill(70),
    );
    const whole = await embed(planesAsTokens(), { output: { meaning: 'embedding', width: 192 } }, flat);
    expect([whole[0], whole[64], whole[128]]).toEqual([30, 60, 120]);
  });

  test('unit length', async () => {
    const row = await embed(channelMeans(), { output: { meaning: 'embedding', width: 3, normalise: 'l2' } }, flat);
    const size = Math.hypot(30, 60, 120);
    expect(row).toEqual([30, 60, 120].map(value => expect.closeTo(value / size, 6)));
  });

  test('five crops: rows of unit length are averaged', async () => {
    // Corners are red, green, blue and black with a grey middle, each 8 × 8 of 24 × 24.
    const image = drawn(24, 24, (x, y) => {
      if (x < 8 && y < 8) return [200, 0, 0];
      if (x >= 16 && y < 8) return [0, 100, 0];
      if (x < 8 && y >= 16) return [0, 0, 50];
      return x >= 8 && x < 16 && y >= 8 && y < 16 ? [90, 90, 90] : [0, 0, 0];
    });
    const input = { resize: 'shorter-side', length: 24, kernel: 'linear', crop: 'five' };
    const grey = 1 / Math.sqrt(3);
    const row = await embed(channelMeans(), { input }, image);
    expect(row).toEqual(new Array(3).fill(expect.closeTo((1 + grey) / 5, 5)));
  });
});

describe('fields that do not go together are refused by name', () => {
  const shorter = { resize: 'shorter-side', length: 9, crop: 'centre' };
  test.each<[string, CardChanges, string]>([
    ['a length without shorter-side', { input: { length: 9 } }, 'input.length expected input.resize shorter-side'],
    ['a crop without shorter-side', { input: { crop: 'centre' } }, 'input.crop expected input.resize shorter-side'],
    ['no length', { input: { ...shorter, length: undefined } }, 'input.length expected 8 or more'],
    ['too short', { input: { ...shorter, length: 7 } }, 'input.length expected 8 or more'],
    ['no crop', { input: { ...shorter, crop: undefined } }, 'input.crop expected centre or five'],
    ['landmarks', { input: shorter, alignment: 'landmarks' }, 'input.resize expected none with alignment landmarks'],
    ['a kernel', { input: { kernel: 'cubic' }, alignment: 'landmarks' }, 'input.kernel expected none'],
    [
      'tokens that are not there',
      { output: { meaning: 'embedding', width: 3, select: 'first-token' } },
      'output.select expected whole (model.onnx output "means" is [n, 3]), got first-token',
    ],
  ])('%s', async (_, changes, message) => {
    await using folder = await temporaryFolder();
    const path = await writeModel(folder.path, channelMeans(), cardFor(changes));
    await expect(readModelCard(path, 'embedder')).rejects.toThrow(message);
  });

  test('the width of a token', async () => {
    await using folder = await temporaryFolder();
    const output = { meaning: 'embedding', width: 65, select: 'mean-tokens' };
    const path = await writeModel(folder.path, planesAsTokens(), cardFor({ output }));
    await expect(readModelCard(path, 'embedder')).rejects.toThrow('output.width expected 64');
  });
});

describe('sha256', () => {
  test('another digest is refused with both', async () => {
    await using folder = await temporaryFolder();
    const path = await writeModel(folder.path, channelMeans(), cardFor());
    const right = createHash('sha256')
      .update(await readFile(path))
      .digest('hex');
    await writeModel(folder.path, channelMeans(), cardFor({ sha256: right }));
    await expect(readModelCard(path, 'embedder')).resolves.toBeDefined();
    const wrong = 'a'.repeat(64);
    await writeModel(folder.path, channelMeans(), cardFor({ sha256: wrong }));
    await expect(readModelCard(path, 'embedder')).rejects.toThrow(
      `${path}: its SHA-256 is ${right}, the card says ${wrong}`,
    );
    await writeModel(folder.path, channelMeans(), cardFor({ sha256: 'A1' }));
    await expect(readModelCard(path, 'embedder')).rejects.toThrow('model.json: "sha256');
  });
});

test('the ready cards are cards, each with a licence, a source and a command', async () => {
  const folder = new URL('../../docs/model-cards/', import.meta.url);
  const names = (await readdir(folder)).filter(name => name.endsWith('.json'));
  expect(names).toHaveLength(6);
  const page = await readFile(new URL('../../docs/model-cards.md', import.meta.url), 'utf8');
  for (const name of names) {
    const card = modelCardSchema.parse(JSON.parse(await readFile(new URL(name, folder), 'utf8')));
    expect(card).toMatchObject({ kind: 'embedder', license: expect.any(String), source: expect.any(String) });
    const stem = name.replace('.json', '');
    expect(page).toContain(stem === 'faceres' ? 'scripts/faceres.ts' : `export.py ${stem} `);
  }
});
