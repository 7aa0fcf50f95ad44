import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { foldIn, openStream, randomKey } from '../../../src/ground/math/index.ts';
import {
  createGan,
  type GanTrainer,
  openGanSampler,
  openGanTrainer,
  readGanFolder,
  writeGanFolder,
} from '../../../src/jobs/generators/gan/index.ts';
import type { Runtime } from '../../../src/kit/tensor/index.ts';
import { openRuntime } from '../../../src/kit/tensor/node.ts';

let runtime: Runtime;
let folder = '';
beforeAll(async () => {
  runtime = await openRuntime({ device: 'cpu', threads: 1 });
  folder = await mkdtemp(join(tmpdir(), 'biolens-gan-'));
});
afterAll(async () => {
  await runtime.close();
  await rm(folder, { recursive: true, force: true });
});

const gan = createGan({ imageSize: 16, latentSize: 8, channels: 4, maxChannels: 8 });
const training = { batchSize: 4 };
const key = randomKey(2);
const batch = (i: number) => openStream(foldIn(key, i)).fillUniform(new Float32Array(4 * 3 * 16 * 16));
const start = () => openGanTrainer(runtime, { gan, training, from: { key } });

async function train(trainer: GanTrainer, from: number, to: number): Promise<unknown[]> {
  const results: unknown[] = [];
  for (let i = from; i < to; i++) results.push(await trainer.step(batch(i), foldIn(key, i)));
  return results;
}

describe('a GAN', () => {
  test.each([8, 64])('has one discriminator logit and one image of %i pixels for each latent', async imageSize => {
    const other = createGan({ imageSize, latentSize: 5, channels: 2, maxChannels: 4 });
    const sampler = await openGanSampler(runtime, { gan: other, weights: other.generator.draw(key) });
    const { images, latents } = await sampler.sample({ n: 3, key });
    expect([images.length, latents.length]).toEqual([3 * 3 * imageSize ** 2, 15]);
    await sampler.close();
  });

  test('names the setting that is wrong', async () => {
    expect(() => createGan({ imageSize: 48 })).toThrow('GAN: "imageSize" expected a power of two from 8 to 256');
    const wrong = openGanTrainer(runtime, { gan, training: { r1Gamma: -1 }, from: { key } });
    await expect(wrong).rejects.toThrow('GAN training: "r1Gamma"');
  });
});

describe('training', () => {
  test('that is resumed from a checkpoint goes on as if it had not stopped, bit for bit', async () => {
    const whole = await start();
    await train(whole, 0, 3);
    const checkpoint = Uint8Array.from(whole.checkpoint());
    const rest = await train(whole, 3, 6);
    const resumed = await openGanTrainer(runtime, { gan, training, from: { checkpoint } });
    expect(await train(resumed, 3, 6)).toEqual(rest);
    expect(resumed.checkpoint()).toEqual(whole.checkpoint());
    await whole.close();
    await resumed.close();
  });

  test('keeps both networks as they were when a step fails', async () => {
    const trainer = await start();
    await train(trainer, 0, 1);
    const before = Uint8Array.from(trainer.checkpoint());
    const broken = batch(1).fill(Number.NaN);
    await expect(trainer.step(broken, foldIn(key, 1))).rejects.toThrow('step 2: the loss is NaN');
    expect(trainer.checkpoint()).toEqual(before);
    const [second] = await train(trainer, 1, 2);
    expect(second).toMatchObject({ step: 2 });
    await expect(trainer.step(new Float32Array(7), key)).rejects.toThrow('expected 3072 numbers, got 7');
    await trainer.close();
  });

  test('keeps both networks as they were when it is stopped between them', async () => {
    const trainer = await start();
    const stop = new AbortController();
    const stopped = trainer.step(batch(0), foldIn(key, 0), { signal: stop.signal });
    stop.abort();
    await expect(stopped).rejects.toThrow('interrupted');
    expect(trainer.state.generator.step).toBe(0);
    const results = await train(trainer, 0, 2);
    const fresh = await start();
    expect(results).toEqual(await train(fresh, 0, 2));
    await trainer.close();
    await fresh.close();
  });

  test('measures the penalty as the squared length of the logit’s gradient', async () => {
    // Without augmentation and with a share of 1 the penalty is E‖∇D(x)‖², which central differences of the logit's mean give too.
    const small = createGan({ imageSize: 8, latentSize: 2, channels: 2, maxChannels: 4 });
    const settings = { batchSize: 2, r1Share: 1, augmentation: [], learningRate: 1e-9 };
    const trainer = await openGanTrainer(runtime, { gan: small, training: settings, from: { key } });
    const images = openStream(key).fillNormal(new Float32Array(2 * 192));
    const logit = async (changed: Float32Array) => (await trainer.step(changed, key)).realLogit * 2;
    const { penalty } = await trainer.step(images, key);
    const direction = openStream(foldIn(key, 'direction'));
    // ‖g‖² is the mean of (g·u)² over normal u; 200 draws leave a relative deviation of √(2/200) = 10 %.
    let sum = 0;
    for (let i = 0; i < 200; i++) {
      const u = direction.fillNormal(new Float32Array(images.length));
      const moved = (factor: number) => images.map((value, p) => value + factor * u[p]!);
      sum += (((await logit(moved(0.01))) - (await logit(moved(-0.01)))) / 0.02) ** 2;
    }
    expect(penalty! * 2).toBeGreaterThan((sum / 200) * 0.7);
    expect(penalty! * 2).toBeLessThan((sum / 200) * 1.4);
    await trainer.close();
  });

  test('names what is wrong with a checkpoint', async () => {
    const open = (checkpoint: Uint8Array) =>
      openGanTrainer(runtime, { gan, training, from: { checkpoint, file: 'a.safetensors' } });
    await expect(open(new Uint8Array(4))).rejects.toThrow('a.safetensors: not a safetensors file');
    const trainer = await start();
    const whole = trainer.checkpoint();
    await trainer.close();
    await expect(open(whole.subarray(0, whole.length - 9))).rejects.toThrow('a.safetensors: cut short');
    const larger = createGan({ ...gan.configuration, channels: 6 });
    const other = openGanTrainer(runtime, {
      gan: larger,
      training,
      from: { checkpoint: whole, file: 'a.safetensors' },
    });
    await expect(other).rejects.toThrow('a.safetensors, generator, weights: tensor');
  });
});

describe('a folder', () => {
  const model = { gan, weights: gan.generator.draw(key) };

  test('keeps the generator: the same latents give the same images', async () => {
    const path = join(folder, 'round');
    await writeGanFolder(path, model);
    const back = await readGanFolder(path);
    expect(back.gan.configuration).toEqual(gan.configuration);
    expect(back.weights).toEqual(model.weights);
    const draw = async ({ weights }: typeof model) => {
      const sampler = await openGanSampler(runtime, { gan, weights });
      const { images, latents } = await sampler.sample({ n: 40, key });
      const later = await sampler.sample({ n: 3, key, first: 37 });
      expect(later.latents).toEqual(latents.subarray(37 * 8));
      const again = await sampler.sample({ latents });
      expect(again.images).toEqual(images);
      await sampler.close();
      return images;
    };
    expect(await draw(back)).toEqual(await draw(model));
  });

  test('is replaced as a whole, and only where nothing else is in it', async () => {
    const path = join(folder, 'there');
    await writeGanFolder(path, model);
    await writeGanFolder(path, { gan, weights: gan.generator.draw(randomKey(8)) });
    expect((await readGanFolder(path)).weights).not.toEqual(model.weights);
    await writeFile(join(path, 'notes.txt'), 'mine');
    await expect(writeGanFolder(path, model)).rejects.toThrow('there: holds other files');
    expect((await readdir(path)).sort()).toEqual(['gan.json', 'generator.safetensors', 'notes.txt']);
  });

  test('that is broken is refused with the file’s name', async () => {
    const path = join(folder, 'broken');
    await expect(readGanFolder(path)).rejects.toThrow('gan.json: no such file or folder');
    await writeGanFolder(path, model);
    const file = join(path, 'gan.json');
    const text = await readFile(file, 'utf8');
    await writeFile(file, text.replace('"latentSize": 8', '"latentSize": 9'));
    await expect(readGanFolder(path)).rejects.toThrow('generator.safetensors: tensor "mapping.0.weight" expected');
    await writeFile(file, text.replace('"imageSize": 16', '"imageSize": 17'));
    await expect(readGanFolder(path)).rejects.toThrow('gan.json: "imageSize" expected a power of two');
    await writeFile(file, '{');
    await expect(readGanFolder(path)).rejects.toThrow('gan.json: not JSON');
  });
});
