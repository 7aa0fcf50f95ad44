import { resolve } from 'node:path';
import { BiolensError } from '../../ground/errors.ts';
import { BUILT_IN, readModelCard } from '../../kit/faces/index.ts';
import { type FaceReader, openFaceReader } from '../audit/index.ts';
import { type DiffusionModel, readModelFolder } from '../generators/index.ts';
import { type MitigationConfiguration, mitigationConfigurationSchema } from './configuration.ts';
import { openRewardModel, type RewardModel } from './rewards/reward-model.ts';
import { type ResolvedTarget, resolveTargets } from './targets.ts';

/** Everything that can be wrong before the first picture is read, opened and checked. */
export interface Prepared extends AsyncDisposable {
  readonly configuration: MitigationConfiguration;
  readonly model: DiffusionModel;
  readonly reader: FaceReader;
  readonly targets: readonly ResolvedTarget[];
  readonly models: readonly RewardModel[];
  /** Attribute → `[predicted][true]` counts that the classifier's card tells of pictures it was not made from. */
  readonly cardConfusions: Readonly<Record<string, readonly (readonly number[])[]>>;
}

async function readCardConfusions(classifier: string): Promise<Prepared['cardConfusions']> {
  if (classifier === 'none' || classifier === BUILT_IN) return {};
  const { evaluation } = (await readModelCard(classifier, 'classifier')).card;
  return Object.fromEntries(
    Object.entries(evaluation?.attributes ?? {}).map(([name, { confusion }]) => [name, confusion]),
  );
}

/**
 * Checks a configuration and makes its paths absolute.
 *
 * @throws BiolensError `usage` naming the first field that is wrong
 */
export function parseConfiguration(input: unknown): MitigationConfiguration {
  const parsed = mitigationConfigurationSchema.safeParse(input);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    throw new BiolensError('usage', `"${issue?.path.join('.')}" ${issue?.message}`, { cause: parsed.error });
  }
  const { data } = parsed;
  if (!data.replication && Object.keys(data.bias).length === 0 && data.rewards.length === 0)
    throw new BiolensError('usage', 'expected a goal: replication, bias of an attribute, or a reward model');
  const absolute = (path: string | undefined) => (path === undefined ? undefined : resolve(path));
  return {
    ...data,
    model: resolve(data.model),
    training: resolve(data.training),
    ...Object.fromEntries(
      (['heldout', 'trainingLabels', 'heldoutLabels', 'output'] as const).flatMap(name =>
        data[name] === undefined ? [] : [[name, absolute(data[name])]],
      ),
    ),
  };
}

/**
 * Opens the model, the networks and the reward models of a mitigation, and checks its targets.
 *
 * @throws BiolensError `usage` or `input` naming the field or file
 */
export async function prepare(configuration: MitigationConfiguration): Promise<Prepared> {
  const opened: (() => Promise<unknown>)[] = [];
  const dispose = async (): Promise<void> => {
    for (const close of opened.splice(0).reverse()) await close();
  };
  try {
    const { embedder, noFace, device, bias } = configuration;
    const model = await readModelFolder(configuration.model);
    if (model.config.inChannels !== 3)
      throw new BiolensError(
        'input',
        `${configuration.model}: makes pictures of ${model.config.inChannels} channels, expected 3 (red, green, blue)`,
      );
    const classifier = Object.keys(bias).length === 0 ? 'none' : configuration.classifier;
    const reader = await openFaceReader({ embedder, classifier, noFace, device });
    opened.push(async () => reader[Symbol.asyncDispose]());
    const targets = resolveTargets(bias, reader.classifier?.classes ?? {});
    const models: RewardModel[] = [];
    for (const spec of configuration.rewards) {
      const opening = await openRewardModel(spec, { device });
      opened.push(() => opening.close());
      models.push(opening);
    }
    const cardConfusions = await readCardConfusions(classifier);
    return { configuration, model, reader, targets, models, cardConfusions, [Symbol.asyncDispose]: dispose };
  } catch (error) {
    await dispose();
    throw error;
  }
}
