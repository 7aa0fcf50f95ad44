import { readFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  createModel,
  readModelFolder,
  timeFeatures,
  timeFeatureWidth,
  writeModelFolder,
} from '../../src/jobs/generators/index.ts';
import { buildDenoiser, frequenciesOf } from '../../src/jobs/generators/sampler.ts';
import { float32, type Runtime } from '../../src/kit/tensor/index.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';

const fixtures = fileURLToPath(new URL('./fixtures/', import.meta.url));

/**
 * torch 2.15.0, diffusers 0.42.1, CPU. For each: torch.manual_seed(i); unet = UNet2DModel(**config).eval(); randn_like(p) · .1 added to each
 * parameter; x = randn(2, …), t = (3, 871), labels = (2, 0); unet(x, t, class_labels=labels).sample; unet.save_pretrained("unet-NAME").
 * "plain" is saved as DDIMPipeline(unet, DDIMScheduler(beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction",
 * timestep_spacing="trailing")).
 */
interface Output {
  readonly x: number[];
  readonly t: number[];
  readonly labels: number[] | null;
  readonly y: number[];
}
const outputsIn = (file: string): Record<string, Output> => JSON.parse(readFileSync(join(fixtures, file), 'utf8'));
// unet-parts: as above with manual_seed(10 + i), a residual network of six outputs whose stages change their scale by residual blocks, and one with a
// Fourier time embedding.
const outputs = { ...outputsIn('unet-outputs.json'), ...outputsIn('unet-parts.json') };

let runtime: Runtime;
let folder: string;
beforeAll(async () => {
  runtime = await openRuntime({ device: 'cpu', threads: 1 });
  folder = await mkdtemp(join(tmpdir(), 'biolens-unet-'));
});
afterAll(async () => {
  await runtime.close();
  await rm(folder, { recursive: true, force: true });
});

describe('a U-Net of diffusers gives what it gives there', () => {
  test.each(Object.entries(outputs))('%s', async (name, { x, t, labels, y }) => {
    const model = await readModelFolder(join(fixtures, `unet-${name}`));
    const { config } = model;
    const session = await runtime.load(buildDenoiser(model));
    const { output } = await session.run({
      x: float32(Float32Array.from(x), [2, config.inChannels, config.size, config.size]),
      time: float32(timeFeatures(t, config, frequenciesOf(model)), [2, timeFeatureWidth(config)]),
      ...(labels === null ? {} : { labels: { dtype: 'int64', shape: [2], data: BigInt64Array.from(labels, BigInt) } }),
    });
    await session.close();
    expect(output!.shape).toEqual([2, config.outChannels, config.size, config.size]);
    const deviations = y.map((value, i) => Math.abs(value - Number(output!.data[i])));
    expect(Math.max(...deviations)).toBeLessThan(1e-5);
  });
});

describe('a model folder', () => {
  // Loaded in diffusers by hand: DDIMPipeline.from_pretrained(folder) of what this writes of unet-plain, and of createModel({ size: 16,
  // blockChannels: [8, 16], classes: ['a', 'b'], seed: 1 }); unet(x, t).sample is within 2e-6 of the denoiser's output.
  test('comes back as it was written, byte for byte', async () => {
    const model = await readModelFolder(join(fixtures, 'unet-plain'));
    const first = join(folder, 'first');
    await writeModelFolder(first, model);
    const again = await readModelFolder(first);
    expect(again.config).toEqual(model.config);
    expect(again.noise).toEqual(model.noise);
    expect(again.weights).toEqual(model.weights);
    await writeModelFolder(join(folder, 'second'), again);
    const weights = 'unet/diffusion_pytorch_model.safetensors';
    expect(await readFile(join(folder, 'second', weights))).toEqual(await readFile(join(first, weights)));
    expect((await readdir(folder)).sort()).toEqual(['first', 'second']);
  });

  test('keeps the names of the classes, and is replaced as a whole', async () => {
    const target = join(folder, 'classes');
    const options = { size: 8, blockChannels: [8, 8], seed: 1 };
    await writeModelFolder(target, createModel(options));
    await writeModelFolder(
      target,
      createModel({ ...options, classes: ['young', 'old'], attribute: 'age', prediction: 'epsilon' }),
    );
    const model = await readModelFolder(target);
    expect(model.classes).toEqual(['young', 'old']);
    expect(model.attribute).toBe('age');
    expect(model.noise.prediction).toBe('epsilon');
    expect((await readdir(folder)).filter(name => name.startsWith('.'))).toEqual([]);
  });

  test('takes the place of nothing else', async () => {
    const model = createModel({ size: 8, blockChannels: [8], seed: 1 });
    await writeFile(join(folder, 'letter.txt'), 'dear');
    await expect(writeModelFolder(folder, model)).rejects.toThrow('holds other files; name a new or empty folder');
  });

  test('is refused with the field or tensor that does not fit', async () => {
    const write = async (name: string, change: (config: Record<string, unknown>) => void) => {
      const target = join(folder, name);
      await writeModelFolder(target, createModel({ size: 8, blockChannels: [8, 8], seed: 1 }));
      const file = join(target, 'unet/config.json');
      const config = JSON.parse(await readFile(file, 'utf8'));
      change(config);
      await writeFile(file, JSON.stringify(config));
      return readModelFolder(target);
    };
    await expect(write('a', config => (config.act_fn = 'mish'))).rejects.toThrow(
      'config.json: "act_fn" Invalid option',
    );
    await expect(write('b', config => (config.time_embedding_type = 'learned'))).rejects.toThrow(
      '"time_embedding_type"',
    );
    await expect(write('c', config => (config.skip_time_act = true))).rejects.toThrow(
      '"skip_time_act" is not a field that biolens knows',
    );
    await expect(write('d', config => (config.down_block_types = ['DownBlock2D', 'SkipDownBlock2D']))).rejects.toThrow(
      '"down_block_types.1"',
    );
    await expect(write('e', config => (config.sample_size = 9))).rejects.toThrow(
      '"sample_size" expected a multiple of 2 for 2 stages, got 9',
    );
    await expect(write('f', config => (config.layers_per_block = 2))).rejects.toThrow(
      /safetensors: tensor "down_blocks\.\d\.resnets\.1\.[\w.]+" is missing/,
    );
    await expect(write('g', config => (config._class_name = 'UNet2DConditionModel'))).rejects.toThrow('"_class_name"');
    await expect(readModelFolder(join(folder, 'none'))).rejects.toThrow('no model of diffusers');
  });
});
