import { BiolensError } from '../../ground/errors.ts';
import { type FaceReader, openFaceReader } from '../audit/index.ts';
import { checkModelOutput, type DiffusionModel, readModelFolder } from '../generators/index.ts';
import { readCardConfusions } from './card-confusions.ts';
import type { MitigationConfiguration } from './configuration.ts';
import { checkConditions, checkTables } from './labels.ts';
import { openPictureFolder, type PictureFolder } from './picture-set.ts';
import { openRewardModel, type RewardModel } from './rewards/reward-model.ts';
import { type ResolvedTarget, resolveTargets } from './targets.ts';

/** Everything that can be wrong before the first image is read, opened and checked. */
export interface Prepared extends AsyncDisposable {
  readonly configuration: MitigationConfiguration;
  readonly model: DiffusionModel;
  readonly folders: { readonly training: PictureFolder; readonly heldout: PictureFolder | null };
  readonly reader: FaceReader;
  readonly targets: readonly ResolvedTarget[];
  readonly models: readonly RewardModel[];
  /** Attribute → `[predicted][true]` counts that the classifier's card tells of images it was not made from. */
  readonly cardConfusions: Readonly<Record<string, readonly (readonly number[])[]>>;
}

/** Reads a model, and checks that it can be sampled and fine-tuned. */
async function readModel(folder: string): Promise<DiffusionModel> {
  const model = await readModelFolder(folder);
  const { inChannels, outChannels } = model.config;
  if (inChannels !== 3)
    throw new BiolensError('input', `${folder}: makes images of ${inChannels} channels, expected 3 (red, green, blue)`);
  if (outChannels !== inChannels)
    throw new BiolensError('input', `${folder}: the model learned its variances too, which cannot be fine-tuned here`);
  return model;
}

async function openFolders(
  { training, heldout, trainingLabels, heldoutLabels }: MitigationConfiguration,
  signal: AbortSignal | undefined,
): Promise<Prepared['folders']> {
  return {
    training: await openPictureFolder('training', training, { labels: trainingLabels, signal }),
    heldout:
      heldout === undefined ? null : await openPictureFolder('heldout', heldout, { labels: heldoutLabels, signal }),
  };
}

/**
 * Opens the model, the folders, the networks and the reward models of a mitigation, and checks its targets.
 *
 * @throws BiolensError `usage` or `input` naming the field or file
 */
export async function prepare(
  configuration: MitigationConfiguration,
  { signal }: { readonly signal: AbortSignal | undefined },
): Promise<Prepared> {
  const { embedder, noFace, device, bias, replication, rewards, output } = configuration;
  if (!replication && Object.keys(bias).length === 0 && rewards.length === 0)
    throw new BiolensError('usage', 'expected a goal: replication, bias of an attribute, or a reward model');
  if (output !== undefined) await checkModelOutput(output);
  const opened: (() => Promise<unknown>)[] = [];
  const dispose = async (): Promise<void> => {
    for (const close of opened.splice(0).reverse()) await close();
  };
  try {
    const model = await readModel(configuration.model);
    const folders = await openFolders(configuration, signal);
    checkConditions(folders.training, model.classes);
    const classifier = Object.keys(bias).length === 0 ? 'none' : configuration.classifier;
    const reader = await openFaceReader({ embedder, classifier, noFace, device });
    opened.push(async () => reader[Symbol.asyncDispose]());
    const targets = resolveTargets(bias, reader.classifier?.classes ?? {});
    checkTables(targets, folders);
    const models: RewardModel[] = [];
    for (const spec of rewards) {
      const opening = await openRewardModel(spec, { device });
      opened.push(() => opening.close());
      models.push(opening);
    }
    const cardConfusions = await readCardConfusions(classifier);
    return { configuration, model, folders, reader, targets, models, cardConfusions, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
