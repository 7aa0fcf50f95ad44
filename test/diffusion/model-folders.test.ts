import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openGenerator } from '../../src/jobs/generators/generator/index.ts';
import {
  createModel,
  type DiffusionModel,
  readModelFolder,
  writeModelFolder,
} from '../../src/jobs/generators/index.ts';
import { readSafetensors, type TensorData, writeSafetensors } from '../../src/kit/tensor/index.ts';
import { openRuntime } from '../../src/kit/tensor/node.ts';

const cases = resolve(import.meta.dirname, '../../../shared/cases');
const plain = fileURLToPath(new URL('./fixtures/unet-plain', import.meta.url));
const NAME = 'diffusion_pytorch_model';

let folder: string;
let whole: DiffusionModel;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'biolens-folders-'));
  whole = await readModelFolder(plain);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** A copy of the small pipeline, changed. */
async function copyOf(name: string, change: (copy: string) => Promise<unknown>): Promise<string> {
  const copy = join(folder, name);
  await cp(plain, copy, { recursive: true });
  await change(copy);
  return copy;
}
async function edit(path: string, change: (json: Record<string, unknown>) => void): Promise<void> {
  const json = JSON.parse(await readFile(path, 'utf8'));
  change(json);
  await writeFile(path, JSON.stringify(json));
}
const tensorsOf = async (copy: string) =>
  readSafetensors(await readFile(join(copy, 'unet', `${NAME}.safetensors`))).tensors;

describe('a model of latents is refused', () => {
  test.skipIf(!existsSync(cases))(
    'the pipeline of the cases, and its U-Net alone (needs ../shared/cases)',
    async () => {
      const ldm = join(cases, 'ldm-folder/ldm');
      await expect(readModelFolder(ldm)).rejects.toThrow('a latent model ("LDMPipeline" with "vqvae")');
      await expect(readModelFolder(join(ldm, 'unet'))).rejects.toThrow('a latent model');
      const runtime = await openRuntime({ device: 'cpu', threads: 1 });
      await expect(openGenerator(runtime, ldm, { method: 'ddim', steps: 2 })).rejects.toThrow('a latent model');
      await runtime.close();
    },
  );

  test.each([
    [
      'a decoder under another name',
      { movq_x: ['diffusers', 'AutoencoderKL'] },
      'a latent model ("DDIMPipeline" with "movq_x")',
    ],
    [
      'another pipeline',
      { _class_name: 'RePaintPipeline' },
      '"_class_name" expected DDPMPipeline or DDIMPipeline, got "RePaintPipeline"',
    ],
    ['no name', { _class_name: ['DDIMPipeline'] }, '"_class_name" expected'],
  ])('%s', async (name, fields, message) => {
    const copy = await copyOf(`latent ${name}`, path =>
      edit(join(path, 'model_index.json'), json => Object.assign(json, fields)),
    );
    await expect(readModelFolder(copy)).rejects.toThrow(message);
  });

  test('a decoder that model_index.json does not name', async () => {
    const copy = await copyOf('latent unnamed', async path => {
      await mkdir(join(path, 'vae'));
      await writeFile(join(path, 'vae/config.json'), '{"_class_name": "AutoencoderKL"}');
      await rm(join(path, 'model_index.json'));
    });
    await expect(readModelFolder(copy)).rejects.toThrow('a latent model (with "vae")');
  });

  test('a U-Net of four channels makes no images', async () => {
    const copy = join(folder, 'four');
    await writeModelFolder(copy, createModel({ size: 8, channels: 4, blockChannels: [4], seed: 1 }));
    const runtime = await openRuntime({ device: 'cpu', threads: 1 });
    await expect(openGenerator(runtime, copy, { method: 'ddim', steps: 2 })).rejects.toThrow('of 4 channels');
    await runtime.close();
  });
});

describe('a scheduler', () => {
  const withScheduler = (name: string, text: string) =>
    copyOf(name, path => writeFile(join(path, 'scheduler/scheduler_config.json'), text));

  test('of another family is refused by its name', async () => {
    for (const name of [
      'EDMDPMSolverMultistepScheduler',
      'ScoreSdeVeScheduler',
      'EulerDiscreteScheduler',
      'FlowMatchEulerDiscreteScheduler',
      'PNDMScheduler',
      'DPMSolverSinglestepScheduler',
      'constructor',
    ])
      await expect(
        readModelFolder(await withScheduler(`foreign ${name}`, JSON.stringify({ _class_name: name }))),
      ).rejects.toThrow(`scheduler_config.json: "_class_name" "${name}" is not a scheduler that biolens reads (DDIM`);
  });

  test.each([
    ['algorithm_type', 'sde-dpmsolver++'],
    ['algorithm_type', 'dpmsolver'],
    ['solver_order', 4],
    ['solver_type', 'bh3'],
    ['use_lu_lambdas', true],
    ['use_exponential_sigmas', true],
    ['use_beta_sigmas', true],
    ['use_flow_sigmas', true],
    ['final_sigmas_type', 'none'],
    ['rescale_betas_zero_snr', true],
    ['variance_type', 'learned'],
    ['predict_epsilon', false],
    ['beta_start', Number.NaN],
  ])('with %s %s is refused by the field', async (field, value) => {
    const text = `{"_class_name": "DPMSolverMultistepScheduler", "${field}": ${typeof value === 'string' ? `"${value}"` : value}}`;
    await expect(readModelFolder(await withScheduler(`field ${field} ${value}`, text))).rejects.toThrow(`"${field}"`);
  });

  test.skipIf(!existsSync(cases))(
    'of the cases: -Infinity is read, EDM is refused (needs ../shared/cases)',
    async () => {
      const copy = (name: string) =>
        copyOf(name, path =>
          cp(join(cases, name, 'scheduler_config.json'), join(path, 'scheduler/scheduler_config.json')),
        );
      const { noise } = await readModelFolder(await copy('dpm-minus-infinity'));
      expect(noise).toMatchObject({
        spacing: 'linspace',
        dpmSolver: { order: 2, type: 'midpoint', smallestLambda: null },
      });
      await expect(readModelFolder(await copy('foreign-scheduler-edm'))).rejects.toThrow(
        '"EDMDPMSolverMultistepScheduler"',
      );
    },
  );

  test('of DPM-Solver++ is written as it was read', async () => {
    const text =
      '{"_class_name": "DPMSolverMultistepScheduler", "solver_order": 3, "use_karras_sigmas": true, "thresholding": true, "lambda_min_clipped": -5.1}';
    const model = await readModelFolder(await withScheduler('dpm', text));
    expect(model.noise.dpmSolver).toMatchObject({ order: 3, karras: true, smallestLambda: -5.1 });
    await writeModelFolder(join(folder, 'dpm again'), model);
    expect((await readModelFolder(join(folder, 'dpm again'))).noise).toEqual(model.noise);
    const index = JSON.parse(await readFile(join(folder, 'dpm again/model_index.json'), 'utf8'));
    expect(index.scheduler).toEqual(['diffusers', 'DPMSolverMultistepScheduler']);
  });
});

describe('weights', () => {
  test('of a variant are taken, and it is said', async () => {
    const copy = await copyOf('fp16', async path => {
      const halves = Object.fromEntries(
        Object.entries(await tensorsOf(path)).map(([name, { shape }]): [string, TensorData] => [
          name,
          { dtype: 'float16', shape, data: new Uint16Array(shape.reduce((a, b) => a * b, 1)).fill(0x3c00) },
        ]),
      );
      await writeFile(join(path, `unet/${NAME}.fp16.safetensors`), writeSafetensors(halves));
      await rm(join(path, `unet/${NAME}.safetensors`));
    });
    const { weights, warnings } = await readModelFolder(copy);
    expect(weights.every(weight => weight === 1)).toBe(true);
    expect(warnings).toEqual([`weights are read from the variant ${NAME}.fp16.safetensors`]);
  });

  test('of two unknown variants are not chosen between', async () => {
    const copy = await copyOf('variants', async path => {
      await cp(join(path, `unet/${NAME}.safetensors`), join(path, `unet/${NAME}.a.safetensors`));
      await rename(join(path, `unet/${NAME}.safetensors`), join(path, `unet/${NAME}.b.safetensors`));
    });
    await expect(readModelFolder(copy)).rejects.toThrow(`several variants of the weights`);
  });

  /** The weights in two files with an index. */
  const sharded = (name: string, change: (map: Record<string, string>) => void = () => undefined) =>
    copyOf(name, async path => {
      const entries = Object.entries(await tensorsOf(path));
      const files = [entries.slice(0, 7), entries.slice(7)];
      const map: Record<string, string> = {};
      for (const [i, part] of files.entries()) {
        const file = `${NAME}-0000${i + 1}-of-00002.safetensors`;
        await writeFile(join(path, 'unet', file), writeSafetensors(Object.fromEntries(part)));
        for (const [tensor] of part) map[tensor] = file;
      }
      await rm(join(path, `unet/${NAME}.safetensors`));
      change(map);
      await writeFile(
        join(path, `unet/${NAME}.safetensors.index.json`),
        JSON.stringify({ metadata: { total_size: 1 }, weight_map: map }),
      );
    });

  test('in shards are those of the one file', async () => {
    expect((await readModelFolder(await sharded('shards'))).weights).toEqual(whole.weights);
  });

  test.each(['../scheduler/scheduler_config.json', '/etc/passwd', '..', 'a\\b', 'link.safetensors'])(
    'a shard called %s is refused',
    async name => {
      const copy = await sharded(`shards ${name.replaceAll('/', '+')}`, map => (map.x = name));
      await writeFile(join(folder, 'outside.safetensors'), 'x');
      await symlink(join(folder, 'outside.safetensors'), join(copy, 'unet/link.safetensors'));
      await expect(readModelFolder(copy)).rejects.toThrow('which is not in its folder');
    },
  );

  test('shards of a snapshot of the hub lie in its store', async () => {
    const copy = await sharded('hub/snapshots/abc');
    await mkdir(join(folder, 'hub/blobs'));
    for (const i of [1, 2]) {
      const file = join(copy, `unet/${NAME}-0000${i}-of-00002.safetensors`);
      await rename(file, join(folder, `hub/blobs/${i}`));
      await symlink(`../../../blobs/${i}`, file);
    }
    expect((await readModelFolder(copy)).weights).toEqual(whole.weights);
  });

  test('that hold no number are refused by the tensor', async () => {
    const copy = await copyOf('nan', async path => {
      const tensors = await tensorsOf(path);
      (tensors['conv_in.bias']!.data as Float32Array)[0] = Number.NaN;
      await writeFile(join(path, `unet/${NAME}.safetensors`), writeSafetensors(tensors));
    });
    await expect(readModelFolder(copy)).rejects.toThrow('tensor "conv_in.bias" holds NaN');
  });
});

describe('checkpoints of accelerate', () => {
  test('unet_ema is taken where there is one, and it is said; the scheduler is that of the folder above', async () => {
    const copy = await copyOf('run', async path => {
      await cp(join(path, 'unet'), join(path, 'checkpoint-500/unet'), { recursive: true });
      await cp(join(path, 'unet'), join(path, 'checkpoint-500/unet_ema'), { recursive: true });
      const file = join(path, `checkpoint-500/unet/${NAME}.safetensors`);
      const tensors = readSafetensors(await readFile(file)).tensors;
      for (const { data } of Object.values(tensors)) (data as Float32Array).fill(0);
      await writeFile(file, writeSafetensors(tensors));
    });
    const model = await readModelFolder(join(copy, 'checkpoint-500'));
    expect(model.weights).toEqual(whole.weights);
    expect(model.noise).toEqual(whole.noise);
    expect(model.warnings).toEqual(['unet_ema, the moving average of the weights, is taken, not unet']);
    await rm(join(copy, 'unet'), { recursive: true });
    await expect(readModelFolder(copy)).rejects.toThrow('it holds checkpoint-500: name one of them');
  });

  test.skipIf(!existsSync(cases))(
    'fields of the average and unknown ones do not stand in the way (needs ../shared/cases)',
    async () => {
      const ema = JSON.parse(await readFile(join(cases, 'ema-folder/config.json'), 'utf8'));
      const extra = { decay: ema.decay, power: ema.power, update_after_step: 0, use_ema_warmup: true };
      const copy = await copyOf('ema', path =>
        edit(join(path, 'unet/config.json'), json =>
          Object.assign(json, extra, { note: 'mine', skip_time_act: false }),
        ),
      );
      const model = await readModelFolder(copy);
      expect(model.weights).toEqual(whole.weights);
      expect(model.warnings).toEqual([
        'config.json: "note", "skip_time_act": not of UNet2DModel and left alone, as diffusers does',
      ]);
    },
  );

  test('without a scheduler the noise that is assumed is said', async () => {
    const copy = await copyOf('bare', path => rm(join(path, 'scheduler'), { recursive: true }));
    expect((await readModelFolder(copy)).warnings).toEqual([
      "no scheduler_config.json: the noise is taken to be diffusers' default (linear, predicts noise)",
    ]);
  });
});

describe('absurd sizes are refused before anything is allocated', () => {
  test.each([
    ['layers_per_block', 1e9],
    ['layers_per_block', 2 ** 31],
    ['block_out_channels', [8, 2 ** 31]],
    ['block_out_channels', [8, 8e9]],
    ['sample_size', 2 ** 30],
    ['sample_size', [1e6, 1e6]],
    ['in_channels', 1e9],
    ['out_channels', 1e9],
    ['time_embedding_dim', 2 ** 40],
    ['num_class_embeds', 1e12],
    ['norm_num_groups', 0],
    ['attention_head_dim', -1],
    ['down_block_types', new Array(5000).fill('DownBlock2D')],
  ])('%s %s', async (field, value) => {
    const copy = await copyOf(`absurd ${field} ${String(value).slice(0, 30)}`, path =>
      edit(join(path, 'unet/config.json'), json => Object.assign(json, { [field]: value })),
    );
    await expect(readModelFolder(copy)).rejects.toThrow(`config.json: "${field}`);
  });

  const large = (name: string, sizes: Readonly<Record<string, unknown>>) =>
    copyOf(name, path => edit(join(path, 'unet/config.json'), json => Object.assign(json, sizes)));

  test('sizes that are each allowed and absurd together', async () => {
    const copy = await large('together', { block_out_channels: [8192, 8192], layers_per_block: 16, sample_size: 1024 });
    await expect(readModelFolder(copy)).rejects.toThrow('"sample_size" expected fewer pixels');
  });

  test('a large network with the weights of a small one allocates nothing', async () => {
    const copy = await large('large', {
      block_out_channels: [8192, 8192],
      layers_per_block: 16,
      attention_head_dim: 8192,
    });
    const before = process.memoryUsage().arrayBuffers;
    await expect(readModelFolder(copy)).rejects.toThrow(/safetensors: tensor "[\w.]+" (is missing|expected float32)/);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50e6);
  });

  test.skipIf(!existsSync(cases))('the configuration of the cases (needs ../shared/cases)', async () => {
    const copy = await copyOf('663', path =>
      cp(join(cases, 'hostile/diffusers-663.bin'), join(path, 'unet/config.json')),
    );
    await expect(readModelFolder(copy)).rejects.toThrow('"block_out_channels.1"');
  });

  test.skipIf(process.platform === 'win32')('a pipe in place of a file does not hang (not on Windows)', async () => {
    const copy = await copyOf('pipe', async path => {
      await rm(join(path, 'unet/config.json'));
      execFileSync('mkfifo', [join(path, 'unet/config.json')]);
    });
    await expect(readModelFolder(copy)).rejects.toThrow('config.json: not a regular file');
  });
});
