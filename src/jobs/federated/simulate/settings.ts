import { FEDERATED_MODELS, TEXT_MODELS } from '../../../ground/contracts/index.ts';
import { BiolensError } from '../../../ground/errors.ts';
import { checkCombination } from '../rules/combinations.ts';
import { mostPoisoned } from '../rules/robust.ts';
import { type CohortParameters, failureOf, parametersOf, planCohort } from '../secure/parameters.ts';
import { MODELS, type ModelName } from '../tasks/models.ts';
import { TEXT_MODEL_SHAPES, type TextModelName } from '../tasks/text/models.ts';
import type { Settled, SimulationConfiguration } from './configuration.ts';

/** Lost clients that a round stands where none are lost on purpose. */
const DEFAULT_DROPOUT = 0.1;
/** Smaller sums tell too much, and noise needs another client's part. */
export const FEWEST = 3;

/** Clients of a round: exactly, or on average where each comes by chance. */
export const invitedOf = ({ clients, fraction }: Pick<SimulationConfiguration, 'clients' | 'fraction'>): number =>
  Math.max(1, Math.round(fraction * clients));

export const dropoutOf = ({ drop }: Pick<SimulationConfiguration, 'drop'>): number =>
  drop > 0 ? drop : DEFAULT_DROPOUT;

/** Networks of a task, the usual one first. */
const MODELS_OF: Readonly<Record<SimulationConfiguration['task'], readonly Settled['model'][]>> = {
  mnist: FEDERATED_MODELS,
  characters: TEXT_MODELS.filter(name => name.startsWith('char')),
  words: TEXT_MODELS.filter(name => name.startsWith('word')),
};

const rateOf = (model: Settled['model']): number =>
  model in MODELS ? MODELS[model as ModelName].learningRate : TEXT_MODEL_SHAPES[model as TextModelName].learningRate;

/** What secure aggregation is in a cohort of n. */
export function cohortParameters(
  { drop, corrupt, neighbours }: Pick<SimulationConfiguration, 'drop' | 'corrupt' | 'neighbours'>,
  n: number,
): CohortParameters {
  const assumed = { dropout: dropoutOf({ drop }), corrupt };
  if (neighbours === undefined) return planCohort(n, assumed);
  const found = parametersOf({ ...assumed, neighbours }, n);
  if (failureOf(found) >= 0.5)
    throw new BiolensError(
      'usage',
      `"neighbours" ${neighbours}: of ${n} clients ${found.mayDrop} may be lost and ${Math.floor(corrupt * n)} work with the server, and most rounds would end without a sum`,
    );
  return found;
}

/**
 * Fills in what follows from other settings, and refuses what cannot work.
 *
 * @throws {BiolensError} `usage` naming the setting and why
 */
export function settle(configuration: SimulationConfiguration): Settled {
  const { task, noise, rule, secure, algorithm, server, aggregators, poisoned, attackers, clients } = configuration;
  const isPrivate = noise > 0;
  const weighting = configuration.weighting ?? (isPrivate || rule !== 'mean' ? 'equal' : 'examples');
  checkCombination({ hidden: secure, rule, algorithm, weighting, isPrivate });
  const refuse = (field: string, why: string): never => {
    throw new BiolensError('usage', `"${field}": ${why}`);
  };
  const model = configuration.model ?? MODELS_OF[task][0]!;
  if (!MODELS_OF[task].includes(model))
    refuse('model', `${model} is no network for ${task}; expected ${MODELS_OF[task].join(' or ')}`);
  const partition = configuration.partition ?? (task === 'mnist' ? 'iid' : 'roles');
  if (task === 'mnist' ? partition === 'roles' : partition === 'shards')
    refuse('partition', `${partition} is not for ${task}; expected iid or ${task === 'mnist' ? 'shards' : 'roles'}`);
  if (configuration.vocabulary !== undefined && task !== 'words') refuse('vocabulary', 'belongs to words');
  if (task === 'words' && isPrivate && configuration.vocabulary === undefined)
    refuse(
      'noise',
      'the list of words would be made from the texts of the clients, so no ε would bound what is released; give one with --vocabulary',
    );
  if (aggregators === 'two' && !secure)
    refuse('aggregators', 'two of them are a form of secure aggregation; add --secure');
  if (rule !== 'mean' && weighting === 'examples')
    refuse('weighting', 'robust rules count all clients alike: a client’s word on its examples would be a way around');
  const invited = invitedOf(configuration);
  const most = mostPoisoned(rule, invited - Math.floor(configuration.drop * invited));
  if (most !== null && poisoned > most)
    refuse('poisoned', `${rule} of so many clients in a round stands ${most} poisoned ones, asked for ${poisoned}`);
  if (attackers > clients) refuse('attackers', `expected at most the ${clients} clients there are, got ${attackers}`);
  if ((secure || isPrivate) && invited < FEWEST)
    refuse('fraction', `a round of ${invited} clients hides none of them; expected ${FEWEST} or more`);
  if (configuration.clipQuantile !== undefined && !isPrivate)
    refuse('clipQuantile', 'clipping is part of privacy; add --noise');
  if (configuration.budget !== undefined && !isPrivate) refuse('budget', 'nothing bounds ε without noise; add --noise');
  if (secure && aggregators === 'one') cohortParameters(configuration, invited);
  const isAdaptive = server !== 'none' && server !== 'momentum';
  return {
    ...configuration,
    model,
    partition,
    weighting,
    learningRate: configuration.learningRate ?? rateOf(model),
    serverLearningRate: configuration.serverLearningRate ?? (isAdaptive ? 0.01 : 1),
  };
}

/** Whole numbers that clients count by: examples over their greatest common divisor, or over a unit that leaves 255 levels. */
export function weightsOf(examples: readonly number[], weighting: Settled['weighting']): number[] {
  if (weighting === 'equal') return examples.map(() => 1);
  const divisor = examples.reduce((a, b) => {
    let [x, y] = [a, b];
    while (y > 0) [x, y] = [y, x % y];
    return x;
  }, 0);
  const most = Math.max(...examples) / Math.max(1, divisor);
  const unit = most <= 255 ? divisor : Math.max(...examples) / 255;
  return examples.map(count => Math.max(1, Math.round(count / unit)));
}
