import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type ModelKind, readModelCard } from '../../src/kit/faces/index.ts';
import { add, Graph, relu } from '../../src/kit/tensor/index.ts';
import { cardFor, channelMeans, fixedBoxes, temporaryFolder, writeModel } from './models.ts';

/** The message that reading a model with a card ends in, without the folder. */
async function refusal(graph: Graph, card: unknown, kind: ModelKind = 'embedder'): Promise<string> {
  await using folder = await temporaryFolder();
  const path = await writeModel(folder.path, graph, card);
  const message = await readModelCard(path, kind).then(
    () => 'no refusal',
    (error: Error) => error.message,
  );
  expect(message).not.toContain('\n');
  return message.replaceAll(`${folder.path}/`, '');
}

test('a card that fits its model is read, with its defaults', async () => {
  await using folder = await temporaryFolder();
  const { card, input, outputs } = await readModelCard(
    await writeModel(folder.path, channelMeans(), cardFor()),
    'embedder',
  );
  expect(card.input).toMatchObject({ layout: 'nchw', channels: 'rgb' });
  expect(card.padding).toBe(0.25);
  expect(input.name).toBe('data');
  expect(outputs.map(({ name }) => name)).toEqual(['means']);
});

describe('a card that does not fit is refused by the name of the field', () => {
  test.each([
    ['width', 'model.json: input.width expected 8 (model.onnx input "data" is [n, 3, 8, 8]), got 160'],
    ['height', 'model.json: input.height expected 8 (model.onnx input "data" is [n, 3, 8, 8]), got 160'],
  ])('input.%s', async (field, message) => {
    expect(await refusal(channelMeans(), cardFor({ input: { [field]: 160 } }))).toBe(message);
  });

  test('names: the ones that the model has are listed', async () => {
    expect(await refusal(channelMeans(), cardFor({ input: { name: 'image' } }))).toBe(
      'model.json: input.name expected one of "data" (inputs of model.onnx), got "image"',
    );
    const output = { meaning: 'embedding', width: 3, name: 'fc1' };
    expect(await refusal(channelMeans(), cardFor({ output }))).toBe(
      'model.json: output.name expected one of "means" (outputs of model.onnx), got "fc1"',
    );
  });

  test('an output that must be named because there are several', async () => {
    const graph = channelMeans();
    graph.output('more', relu(graph.outputs[0]!.value));
    expect(await refusal(graph, cardFor())).toBe(
      'model.json: output.name is missing, and model.onnx has several outputs: "means", "more"',
    );
  });

  test('a model of two inputs', async () => {
    const graph = new Graph();
    const shape = ['n', 3, 8, 8] as const;
    graph.output('sum', add(graph.input('data', shape), graph.input('other', shape)));
    const message = await refusal(graph, cardFor({ input: { name: 'data' } }));
    expect(message).toBe('model.json: model.onnx takes 2 inputs, expected one');
  });

  test('the layout', async () => {
    expect(await refusal(channelMeans({ layout: 'nhwc' }), cardFor())).toBe(
      'model.json: input.layout expected nhwc (model.onnx input "data" is [n, 8, 8, 3]), got nchw',
    );
  });

  test('a type that is not fed', async () => {
    const graph = new Graph();
    graph.output('same', graph.input('data', ['n', 3, 8, 8], 'int32'));
    expect(await refusal(graph, cardFor())).toBe(
      'model.json: input.name: model.onnx input "data" is int32, expected float32 or float16 or uint8',
    );
  });

  test('the width of an embedding and the number of classes', async () => {
    expect(await refusal(channelMeans(), cardFor({ output: { meaning: 'embedding', width: 512 } }))).toBe(
      'model.json: output.width expected 3 (model.onnx output "means" is [n, 3]), got 512',
    );
    const output = { meaning: 'logits', attributes: { gender: ['male', 'female'], age: ['young', 'old'] } };
    expect(await refusal(channelMeans(), cardFor({ kind: 'classifier', output }), 'classifier')).toBe(
      'model.json: output.attributes expected 3 classes in all (model.onnx output "means" is [n, 3]), got 4',
    );
  });

  test('boxes and scores', async () => {
    const card = (boxes: string) =>
      cardFor({ kind: 'detector', output: { meaning: 'boxes', boxes, scores: 'scores' } });
    const graph = fixedBoxes([0, 0, 1, 1], [1]);
    expect(await refusal(graph, card('rois'), 'detector')).toBe(
      'model.json: output.boxes expected one of "boxes", "scores" (outputs of model.onnx), got "rois"',
    );
    expect(await refusal(graph, card('scores'), 'detector')).toBe(
      'model.json: output.boxes: model.onnx output "scores" is [1], expected 4 numbers a box',
    );
  });

  test('a card for another kind, or whose meaning is another', async () => {
    expect(await refusal(channelMeans(), cardFor(), 'classifier')).toBe(
      'model.json: kind expected classifier, got embedder',
    );
    const output = { meaning: 'boxes', boxes: 'means', scores: 'means' };
    expect(await refusal(channelMeans(), cardFor({ output }))).toBe(
      'model.json: output.meaning expected embedding of kind embedder, got boxes',
    );
  });

  test('an unknown field, at any depth', async () => {
    expect(await refusal(channelMeans(), cardFor({ inptu: {} }))).toBe('model.json: unknown field "inptu"');
    expect(await refusal(channelMeans(), cardFor({ input: { widht: 8 } }))).toBe(
      'model.json: unknown field "input.widht"',
    );
  });

  test('a value that is not allowed', async () => {
    expect(await refusal(channelMeans(), cardFor({ input: { deviation: [0, 1, 1] } }))).toContain(
      'model.json: "input.deviation.0": ',
    );
  });

  test('what is not JSON, and a model that is none', async () => {
    expect(await refusal(channelMeans(), '{ name: means }')).toContain('model.json: not JSON');
    await using folder = await temporaryFolder();
    const path = await writeModel(folder.path, channelMeans(), cardFor());
    await writeFile(path, 'these are no weights');
    await expect(readModelCard(path, 'embedder')).rejects.toThrow(`${path}: not an ONNX model`);
  });

  test('a missing card and a missing model', async () => {
    await using folder = await temporaryFolder();
    const path = await writeModel(folder.path, channelMeans(), cardFor());
    await rm(join(folder.path, 'model.json'));
    await expect(readModelCard(path, 'embedder')).rejects.toThrow(
      `${join(folder.path, 'model.json')}: the model card of model.onnx is missing`,
    );
    await rm(path);
    await expect(readModelCard(path, 'embedder')).rejects.toThrow(`${path}: the model is missing`);
  });
});
