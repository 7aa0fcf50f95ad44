import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { holdOut } from '../../src/kit/face-training/hold-out.ts';
import { type TrainClassifierOptions, trainClassifier } from '../../src/kit/face-training/index.ts';
import type { Example } from '../../src/kit/face-training/labelled-images.ts';
import { fitTemperature } from '../../src/kit/face-training/measure.ts';
import { openClassifier } from '../../src/kit/faces/index.ts';
import { encodePng, type Image } from '../../src/kit/images/index.ts';
import { drawn } from './data.ts';
import { temporaryFolder } from './models.ts';

const SHAPES = ['dot', 'bar', 'frame'] as const;

/** A dark shape on a bright, speckled ground; every third image is of another size. */
function pictureOf(shape: number, i: number): Image {
  const side = i % 3 === 0 ? 24 : 16;
  const stream = openStream(randomKey(i));
  const inShape = (u: number, v: number) =>
    [Math.hypot(u, v) < 0.4, Math.abs(v) < 0.2, Math.max(Math.abs(u), Math.abs(v)) > 0.7][shape] ?? false;
  return drawn(side, side, (x, y) => {
    const level = inShape((2 * x + 1) / side - 1, (2 * y + 1) / side - 1) ? 60 : 190;
    return [0, 1, 2].map(() => level + 30 * stream.normal()).map(value => Math.min(255, Math.max(0, value)));
  });
}

/** Images of three shapes and two sizes of nothing else, with a table that lacks some labels. */
async function shapesFolder(path: string, n: number): Promise<void> {
  const rows = ['file,shape,Second_Name,identity'];
  for (let i = 0; i < n; i++) {
    const shape = i % SHAPES.length;
    await writeFile(join(path, `${i}.png`), await encodePng(pictureOf(shape, i)));
    rows.push(`${i}.png,${i % 11 === 10 ? '' : SHAPES[shape]},${shape === 1 ? 'flat' : 'other'},p${i}`);
  }
  await writeFile(join(path, 'labels.csv'), `${rows.join('\n')}\n`);
}

async function train(folder: string, options: Partial<TrainClassifierOptions> & { readonly output: string }) {
  const events = trainClassifier(folder, { attributes: ['shape'], size: 16, steps: 60, device: 'cpu', ...options });
  let losses = 0;
  let step = await events.next();
  while (!step.done) {
    if (step.value.type === 'step') losses++;
    step = await events.next();
  }
  return { ...step.value, losses };
}

describe('a classifier trained on a labelled folder', () => {
  test('learns both attributes, says how well, and is read back with its card', async () => {
    await using folder = await temporaryFolder();
    await shapesFolder(folder.path, 120);
    await writeFile(join(folder.path, 'broken.png'), 'no image');
    const output = join(folder.path, 'shapes.onnx');
    const result = await train(folder.path, { output, attributes: ['shape', 'secondName'] });
    expect(result.losses).toBe(60);
    expect(result.attributes).toEqual([
      { name: 'shape', classes: ['bar', 'dot', 'frame'] },
      { name: 'Second_Name', classes: ['flat', 'other'] },
    ]);
    expect(result.pictures.training + result.pictures.heldOut).toBe(120);
    const { shape, Second_Name: second } = result.evaluation.attributes;
    expect(shape?.accuracy.value).toBeGreaterThan(0.95);
    expect(second?.accuracy.value).toBeGreaterThan(0.95);
    expect(second?.accuracy.n).toBe(result.pictures.heldOut);
    expect(shape?.confusion.flat().reduce((sum, count) => sum + count)).toBe(shape?.accuracy.n);

    const card = JSON.parse(await readFile(result.card, 'utf8'));
    expect(card).toMatchObject({
      kind: 'classifier',
      alignment: 'none',
      evaluation: { heldOut: result.pictures.heldOut },
    });
    await using classifier = await openClassifier(output, { device: 'cpu', threads: 1 });
    expect(classifier.attributes).toEqual({ shape: ['bar', 'dot', 'frame'], Second_Name: ['flat', 'other'] });
    const seen = await classifier.classify([pictureOf(0, 1001), pictureOf(1, 1002), pictureOf(2, 1003)]);
    const bestOf = (i: number) => {
      const probabilities = seen[i]?.probabilities.shape ?? [];
      return classifier.attributes.shape?.[probabilities.indexOf(Math.max(...probabilities))];
    };
    expect([0, 1, 2].map(bestOf)).toEqual(['dot', 'bar', 'frame']);
  });

  test('is the same for the same seed, and another for another', async () => {
    await using folder = await temporaryFolder();
    await shapesFolder(folder.path, 40);
    const bytes: Buffer[] = [];
    for (const seed of [1, 1, 2]) {
      const output = join(folder.path, 'model.onnx');
      await train(folder.path, { output, seed, steps: 5 });
      bytes.push(await readFile(output));
    }
    expect(bytes[1]?.equals(bytes[0]!)).toBe(true);
    expect(bytes[2]?.equals(bytes[0]!)).toBe(false);
  });

  test.each<[string, string, Partial<TrainClassifierOptions>, RegExp]>([
    [
      'an attribute that is not there',
      'file,a\n0.png,x\n1.png,y\n',
      { attributes: ['b'] },
      /labels\.csv: there is no column "b", there are a$/,
    ],
    ['one class', 'file,a\n0.png,x\n1.png,x\n', { attributes: ['a'] }, /labels\.csv: a has one class only, "x"/],
    [
      'a class with one example',
      'file,a\n0.png,x\n1.png,x\n2.png,y\n',
      { attributes: ['a'] },
      /a "y" has one example only/,
    ],
    [
      'a size that is not halved to 4',
      'file,a\n0.png,x\n',
      { attributes: ['a'], size: 40 },
      /"size" expected one of 16, 32, 64, 128, got 40/,
    ],
    [
      'an output of another kind',
      'file,a\n0.png,x\n',
      { attributes: ['a'], output: 'm.pt' },
      /"output" expected a name ending in \.onnx/,
    ],
    [
      'an output in no folder',
      'file,a\n0.png,x\n',
      { attributes: ['a'], output: '/nowhere/m.onnx' },
      /nowhere: no such file or folder/,
    ],
  ])('%s is refused in one line', async (_, labels, options, message) => {
    await using folder = await temporaryFolder();
    for (let i = 0; i < 3; i++) await writeFile(join(folder.path, `${i}.png`), await encodePng(pictureOf(0, i)));
    await writeFile(join(folder.path, 'labels.csv'), labels);
    await expect(train(folder.path, { output: join(folder.path, 'm.onnx'), ...options })).rejects.toThrow(message);
  });
});

test('a folder per class does in place of a table; neither is refused', async () => {
  await using folder = await temporaryFolder();
  const output = join(folder.path, 'm.onnx');
  const options = { output, attributes: ['shape'], steps: 2 };
  await writeFile(join(folder.path, 'loose.png'), await encodePng(pictureOf(0, 0)));
  await expect(train(folder.path, options)).rejects.toThrow(/neither a labels\.csv nor a folder per class in it/);
  for (const [shape, name] of SHAPES.entries()) {
    await mkdir(join(folder.path, name));
    for (let i = 0; i < 4; i++)
      await writeFile(join(folder.path, name, `${i}.png`), await encodePng(pictureOf(shape, i)));
  }
  const result = await train(folder.path, options);
  expect(result.attributes).toEqual([{ name: 'shape', classes: ['bar', 'dot', 'frame'] }]);
  expect(result.pictures).toEqual({ training: 9, heldOut: 3 });
});

describe('held-out examples', () => {
  const image = drawn(1, 1, () => [0, 0, 0]);
  const examples = Array.from({ length: 100 }, (_, i): Example => {
    const group = i % 10 === 9 ? `copy ${i - 1}` : `copy ${i}`;
    return { file: `${i}`, image, labels: [i < 90 ? 0 : 1], group };
  });

  test('are of every class, in its share, and never beside a copy of theirs', () => {
    const { training, heldOut } = holdOut(examples, 0.2, randomKey(4));
    expect(training.length + heldOut.length).toBe(100);
    expect(heldOut.filter(({ labels }) => labels[0] === 1).length).toBeGreaterThanOrEqual(2);
    expect(heldOut.length).toBeGreaterThanOrEqual(16);
    expect(heldOut.length).toBeLessThanOrEqual(26);
    const groups = new Set(training.map(({ group }) => group));
    expect(heldOut.some(({ group }) => groups.has(group))).toBe(false);
  });
});

test('the temperature undoes what logits were multiplied by', () => {
  // Labels drawn from softmax(logits): the best temperature for k · logits is k. Of 4,000 draws its deviation is about 2 %.
  const stream = openStream(randomKey(8));
  const rows = Array.from({ length: 4000 }, () => {
    const logits = Float32Array.from({ length: 3 }, () => 1.5 * stream.normal());
    const weights = Array.from(logits, Math.exp);
    const at = stream.uniform() * weights.reduce((sum, weight) => sum + weight);
    const label = at < weights[0]! ? 0 : at < weights[0]! + weights[1]! ? 1 : 2;
    return { logits: logits.map(value => 3 * value), label };
  });
  expect(Math.abs(fitTemperature(rows) / 3 - 1)).toBeLessThan(0.1);
});
