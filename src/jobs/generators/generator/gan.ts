import { BiolensError } from '../../../ground/errors.ts';
import { foldIn, openStream } from '../../../ground/math/index.ts';
import type { Runtime } from '../../../kit/tensor/index.ts';
import { GAN_FILES, type GanModel } from '../gan/folder.ts';
import {
  createGan,
  ganTrainingSchema,
  isGanFolder,
  openGanSampler,
  openGanTrainer,
  readGanFolder,
  writeGanFolder,
} from '../gan/index.ts';
import type { GeneratorFamily, GeneratorSampler } from './kind.ts';

async function openSampler(runtime: Runtime, model: GanModel): Promise<GeneratorSampler> {
  const sampler = await openGanSampler(runtime, model);
  return {
    kind: 'gan',
    size: model.gan.configuration.imageSize,
    channels: 3,
    classes: null,
    attribute: null,
    method: 'gan',
    steps: 1,
    draw: async ({ key, first, n }, { signal, onStep }) => {
      const { images } = await sampler.sample({ key, first, n }, { signal });
      onStep?.(n, n);
      return images;
    },
    close: () => sampler.close(),
  };
}

export const GAN: GeneratorFamily = {
  kind: 'gan',
  files: GAN_FILES,
  objection: ({ size, classes, batchSize }) => {
    if (classes !== null) return '"classes" are for diffusion models; the GAN is not conditioned';
    if (!ganTrainingSchema.shape.batchSize.safeParse(batchSize).success)
      return `"batchSize" expected 2 to 1024 images for a GAN, got ${batchSize}`;
    return Number.isInteger(Math.log2(size)) && size >= 8 && size <= 256
      ? null
      : `"size" expected a power of two from 8 to 256 for a GAN, got ${size}`;
  },
  parameters: ({ size: imageSize, channels }) => {
    const { generator, discriminator } = createGan({ imageSize, channels });
    return generator.size + discriminator.size;
  },
  trainingBytes: () => null,
  openTrainer: async (runtime, { settings, key, checkpoint }) => {
    const { size: imageSize, channels, batchSize, learningRate } = settings;
    const gan = createGan({ imageSize, channels });
    const trainer = await openGanTrainer(runtime, {
      gan,
      training: { batchSize, learningRate },
      from:
        checkpoint === null
          ? { key: foldIn(key, openStream(foldIn(key, 'weights')).uint32()) }
          : { checkpoint: checkpoint.bytes, file: checkpoint.file },
    });
    const average = (): GanModel => {
      const { average: weights } = trainer.state.generator;
      if (weights === null) throw new BiolensError('external', 'the GAN keeps no average of its generator');
      return { gan, weights };
    };
    return {
      parameters: gan.generator.size + gan.discriminator.size,
      description: `GAN of ${channels} channels at the full size`,
      get step() {
        return trainer.state.generator.step;
      },
      train: async ({ images }, { signal }) => {
        const ofStep = foldIn(foldIn(key, 'step'), trainer.state.generator.step);
        const { generatorLoss, discriminatorLoss } = await trainer.step(images, ofStep, { signal });
        return { generator: generatorLoss, discriminator: discriminatorLoss };
      },
      checkpoint: trainer.checkpoint,
      openSampler: () => openSampler(runtime, average()),
      save: folder => writeGanFolder(folder, average()),
      close: trainer.close,
    };
  },
  recognises: isGanFolder,
  openSampler: async (runtime, folder) => openSampler(runtime, await readGanFolder(folder)),
};
