// Trains the base model that the tour fine-tunes, a small diffusion model of drawn faces in equal shares, and writes it with its card to
// src/app/demo/base-model/. `node scripts/train-base-model.ts [WORK-FOLDER]`: about 6 minutes on two idle cores; the seeds decide the result.
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createModel, readModelFolder, trainRun, writeModelFolder } from '../src/jobs/generators/index.ts';
import { renderFaces } from '../src/kit/drawing/index.ts';
import { readSafetensors, writeSafetensors } from '../src/kit/tensor/index.ts';

const FACES = { n: 4000, size: 64, seed: 9001 } as const;
const NETWORK = { size: 32, blockChannels: [16, 32, 64], layersPerBlock: 1, seed: 1 } as const;
const TRAINING = {
  size: 32,
  steps: 2400,
  batchSize: 16,
  learningRate: 2e-3,
  mirror: true,
  sheets: 6,
  seed: 1,
} as const;
const WEIGHTS = 'unet/diffusion_pytorch_model.safetensors';

const card = (parameters: number) => `---
license: apache-2.0
library_name: diffusers
pipeline_tag: unconditional-image-generation
tags: [drawn-faces, demonstration]
---
# Base model of drawn faces

What the tour of biolens (\`npm start\`) fine-tunes. A U-Net of diffusers (\`UNet2DModel\`, ${parameters.toLocaleString('en')} parameters, stages of
${NETWORK.blockChannels.join(', ')} channels) that generates faces of ${NETWORK.size} × ${NETWORK.size} pixels.

- **Made by** \`scripts/train-base-model.ts\`, which has all settings and seeds; with biolens alone, on two CPU cores.
- **Data**: ${FACES.n} faces that biolens draws itself (\`biolens faces render -n ${FACES.n} --size ${FACES.size} --seed ${FACES.seed}\`), in equal shares of gender, age group
  and skin tone, none twice. No photograph and no person is in them.
- **Training**: ${TRAINING.steps} steps of ${TRAINING.batchSize} images, half of them flipped; Adam, learning rate ${TRAINING.learningRate} with a warm-up and a cosine decay; velocity prediction,
  cosine schedule, 1000 noise levels. The weights are their moving average, in half precision.
- **For**: showing what biolens measures. It is small and briefly trained, its faces are rough, and nothing about real faces follows from it.
`;

const work = resolve(process.argv[2] ?? join(tmpdir(), 'biolens-base-model'));
const target = resolve(import.meta.dirname, '../src/app/demo/base-model');
const [images, start, half] = ['faces', 'start', 'half'].map(name => join(work, name)) as [string, string, string];

await rm(work, { recursive: true, force: true });
await mkdir(work, { recursive: true });
for await (const event of renderFaces(images, FACES))
  if (event.type === 'result') console.log(`${event.faces} faces drawn`);
await writeModelFolder(start, createModel(NETWORK));

const options = { runsDir: join(work, 'runs'), name: 'base' };
const training = trainRun({ ...TRAINING, images, from: start, output: half }, options);
let told = Date.now();
for await (const event of training) {
  if (event.type === 'run') console.log(event.path);
  if (event.type !== 'step' || Date.now() - told < 10_000) continue;
  told = Date.now();
  console.log(`step ${event.done} of ${event.total}`);
}

const { parameters } = await readModelFolder(half);
const { tensors } = readSafetensors(await readFile(join(half, WEIGHTS)), { file: WEIGHTS });
const rounded = Object.entries(tensors).map(([name, tensor]) => {
  if (tensor.dtype !== 'float32') throw new Error(`${name}: expected float32, got ${tensor.dtype}`);
  // Half of the bytes, and no difference in the samples that could be seen.
  const data = new Uint16Array(Float16Array.from(tensor.data).buffer);
  return [name, { dtype: 'float16', shape: tensor.shape, data }] as const;
});
await writeFile(join(half, WEIGHTS), writeSafetensors(Object.fromEntries(rounded), { format: 'pt' }));
await writeFile(join(half, 'README.md'), card(parameters.size));
await rm(target, { recursive: true, force: true });
await cp(half, target, { recursive: true });
console.log(target);
