import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openStream, randomKey } from '../../src/ground/math/index.ts';
import { encodePng } from '../../src/kit/images/index.ts';
import { concat, Graph, mul, neg, reduceMean } from '../../src/kit/tensor/index.ts';

/** A folder of 8 × 8 pictures, three in four light and the others dark, with labels of their tone. */
export async function writeTones(directory: string, { n }: { readonly n: number }): Promise<void> {
  await mkdir(directory, { recursive: true });
  const stream = openStream(randomKey(3));
  const rows = ['file,tone,shape'];
  for (let i = 0; i < n; i++) {
    const light = i % 4 !== 0;
    const data = Uint8Array.from({ length: 192 }, () => (light ? 180 : 40) + stream.integer(40));
    const file = `${String(i).padStart(3, '0')}.png`;
    await writeFile(join(directory, file), await encodePng({ width: 8, height: 8, data }));
    rows.push(`${file},${light ? 'light' : 'dark'},${i % 2 === 0 ? 'round' : 'square'}`);
  }
  await writeFile(join(directory, 'labels.csv'), `${rows.join('\n')}\n`);
}

/** A classifier of the tone: by the mean of a picture. @returns the path of the model */
export async function writeToneClassifier(directory: string): Promise<string> {
  await mkdir(directory, { recursive: true });
  const graph = new Graph();
  const x = graph.input('image', ['n', 3, 8, 8]);
  const tone = mul(reduceMean(x, { axes: [2, 3] }), graph.scalar(10));
  const mean = reduceMean(tone, { axes: [1], keepDims: true });
  graph.output('logits', concat([mean, neg(mean)], { axis: 1 }));
  const model = join(directory, 'tone.onnx');
  await writeFile(model, graph.build());
  const card = {
    schema: 'biolens/model-card@1',
    kind: 'classifier',
    name: 'tone',
    input: { width: 8, height: 8, mean: [127.5, 127.5, 127.5], deviation: [127.5, 127.5, 127.5] },
    alignment: 'none',
    output: { meaning: 'logits', attributes: { tone: ['light', 'dark'] } },
  };
  await writeFile(join(directory, 'tone.json'), JSON.stringify(card));
  return model;
}
