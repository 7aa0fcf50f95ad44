import { z } from 'zod';
import {
  attackResultSchema,
  type TemplateAttackReport,
  templateAttackReportSchema,
} from '../../../ground/contracts/index.ts';
import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';
import { randomKey } from '../../../ground/math/index.ts';
import type { OpenedSets } from '../../../kit/face-sets/index.ts';
import type { Run } from '../../../kit/runs/index.ts';
import {
  allPairs,
  type Comparisons,
  countPairs,
  curveOf,
  orderComparisons,
  pointAtFmr,
  whyNotMeasurable,
} from '../../verification/index.ts';
import {
  ATTACKS,
  type AttackName,
  type AttackOptions,
  type AttackResult,
  attackScheme,
} from '../attacks/attack-scheme.ts';
import type { TemplateAttackConfiguration } from '../configuration.ts';
import { comparePlain, comparisonsBy } from '../evaluate.ts';
import type { TemplateStep } from '../events.ts';
import { deriveKey, SALT_BYTES } from '../keys.ts';
import { evaluationKey, protectAll } from '../protected-set.ts';
import type { Scheme } from '../scheme.ts';
import { findScheme } from '../schemes.ts';
import { attackFindings } from '../verdict.ts';
import { measuredOnce } from './kept/node.ts';
import { type Configuration, type Prepared, readPeople, type Settings } from './prepare.ts';

/** Secret of an evaluation: of its seed, so that a run can be repeated. It protects nothing. */
export function evaluationSecret(seed: number): Uint8Array {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setFloat64(0, seed);
  return deriveKey(bytes, { salt: new Uint8Array(SALT_BYTES), purpose: 'evaluation/secret' });
}

/** The lowest threshold of some scores that keeps a false match rate, or of the least rate that can be measured with them. */
function thresholdOf(scores: Comparisons, wanted: number): number {
  const curve = curveOf(orderComparisons(scores));
  if (curve === null)
    throw new BiolensError('input', 'mated and non-mated pairs are needed: two people, one of them with two images');
  const { impostor } = countPairs(scores);
  const rates = [wanted, 1e-3, 1e-2, 1e-1].filter(rate => rate >= wanted);
  const rate = rates.sort((a, b) => a - b).find(one => whyNotMeasurable(one, impostor) === null) ?? 1e-1;
  return pointAtFmr(curve, rate).threshold;
}

/** The threshold of a scheme where an impostor has the right key. */
export function stolenThreshold(
  scheme: Scheme,
  { unit, persons }: Prepared,
  { seed, workingFmr }: Configuration,
): number {
  const key = evaluationKey(evaluationSecret(seed), { scheme: scheme.name, set: 0, person: null });
  const { templates } = protectAll(scheme, unit, key);
  const scores = comparisonsBy(allPairs(unit.rows), persons, (i, j) => scheme.compare(templates[i]!, templates[j]!));
  return thresholdOf(scores, workingFmr);
}

/** Computes a value when it is first asked for. */
export function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Who attacks the people of a run, and with what: the same for every scheme, whose threshold is given last. */
export function attackerOf(
  { unit, persons, strangers }: Prepared,
  { configuration, signal }: Settings,
): (threshold: number) => AttackOptions {
  const { targets, budget, seed, workingFmr } = configuration;
  const plainThreshold = once(() => thresholdOf(comparePlain(unit, persons), workingFmr));
  const common = { unit, persons, strangers, targets, budget, signal };
  return threshold => ({
    ...common,
    secret: evaluationSecret(seed),
    key: randomKey(seed),
    plainThreshold: plainThreshold(),
    threshold,
  });
}

/** Runs attacks, each once whatever happens to the process, and says which one is next. */
export async function* attackAll(
  run: Run,
  scheme: Scheme,
  {
    options,
    done,
    total,
    wanted = ATTACKS,
  }: {
    /** Asked for where something is attacked that was not before. */
    readonly options: () => AttackOptions;
    readonly done: number;
    readonly total: number;
    readonly wanted?: readonly AttackName[] | undefined;
  },
): AsyncGenerator<TemplateStep, AttackResult[]> {
  const results: AttackResult[] = [];
  for (const attack of wanted) {
    yield { type: 'progress', stage: `attacking ${scheme.name}: ${attack}`, done, total };
    const found = await measuredOnce(run, `${scheme.name}/${attack}`, {
      schema: z.array(attackResultSchema),
      measure: () => Array.fromAsync(attackScheme(scheme, options(), [attack])),
    });
    results.push(...found);
  }
  return results;
}

/** The work of `templateAttackJob`. */
export async function* attack(
  run: Run,
  opened: OpenedSets,
  settings: Settings<TemplateAttackConfiguration>,
): AsyncGenerator<TemplateStep, TemplateAttackReport> {
  const { configuration, signal } = settings;
  const prepared = yield* readPeople(run, opened, settings);
  const { schemes: names, targets, budget, attacks: wanted } = configuration;
  const optionsAt = attackerOf(prepared, settings);
  const schemes: TemplateAttackReport['schemes'] = {};
  for (const [done, name] of names.entries()) {
    throwIfAborted(signal);
    const scheme = findScheme(name);
    const { threshold } = await measuredOnce(run, `${name}/threshold`, {
      schema: z.object({ threshold: z.number() }),
      measure: async () => ({ threshold: stolenThreshold(scheme, prepared, configuration) }),
    });
    const options = () => optionsAt(threshold);
    const attacks = yield* attackAll(run, scheme, { options, done, total: names.length, wanted });
    schemes[name] = { title: scheme.title, threshold, attacks };
  }
  return templateAttackReportSchema.parse({
    schema: 'biolens/template-attack@1',
    ...prepared.common,
    targets,
    budget,
    schemes,
    verdict: attackFindings(schemes),
  });
}
