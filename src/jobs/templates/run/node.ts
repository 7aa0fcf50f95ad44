import { z } from 'zod';
import {
  attackResultSchema,
  schemeEvaluationSchema,
  type TemplateAttackReport,
  type TemplateReport,
  templateAttackReportSchema,
  templateReportSchema,
} from '../../../ground/contracts/index.ts';
import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';
import { type Matrix, randomKey, row } from '../../../ground/math/index.ts';
import {
  collectSet,
  filesOf,
  type OpenedSets,
  openSets,
  type ReadSet,
  readSets,
  recordFiles,
} from '../../../kit/face-sets/index.ts';
import type { JobPlan, OpenContext, OpenedJob } from '../../../kit/job/index.ts';
import type { Run } from '../../../kit/runs/index.ts';
import {
  allPairs,
  curveOf,
  meanFace,
  numberPersons,
  orderComparisons,
  type Persons,
  pointAtFmr,
  unitRows,
  whyNotMeasurable,
} from '../../verification/index.ts';
import {
  ATTACKS,
  type AttackName,
  type AttackOptions,
  type AttackResult,
  attackScheme,
} from '../attacks/attack-scheme.ts';
import { claimsOf } from '../claims.ts';
import type { TemplateAttackConfiguration, TemplateConfiguration } from '../configuration.ts';
import { MODE_CLAIMS } from '../encrypted/claims.ts';
import { comparisonsBy, evaluateScheme, type SchemeEvaluation } from '../evaluate.ts';
import type { TemplateStep } from '../events.ts';
import { deriveKey, SALT_BYTES } from '../keys.ts';
import { evaluationKey, protectAll } from '../protected-set.ts';
import { cosine, type Scheme } from '../scheme.ts';
import { findScheme } from '../schemes.ts';
import { attackFindings, writeTemplateVerdict } from '../verdict.ts';
import { measuredOnce } from './kept/node.ts';

type Configuration = TemplateConfiguration | TemplateAttackConfiguration;

/** Measured in November 2026 on two cores of an Intel Xeon: a scheme on 397 embeddings of 128 numbers took about 15 s of one core. */
const SECONDS = { image: 0.04, pair: 1.5e-4, target: 0.5 } as const;
const BYTES_PER_PAIR = 400;

/** Secret of an evaluation: of its seed, so that a run can be repeated. It protects nothing. */
function evaluationSecret(seed: number): Uint8Array {
  const bytes = new Uint8Array(32);
  new DataView(bytes.buffer).setFloat64(0, seed);
  return deriveKey(bytes, { salt: new Uint8Array(SALT_BYTES), purpose: 'evaluation/secret' });
}

async function open(configuration: Configuration, signal: AbortSignal | undefined): Promise<OpenedSets> {
  const { images, embeddings, labels, identity, centre } = configuration;
  if ((images === undefined) === (embeddings === undefined))
    throw new BiolensError('usage', 'expected a folder of images or --embeddings, one of the two');
  if (centre !== undefined && (centre === images || centre === embeddings))
    throw new BiolensError('usage', '--centre expected other people than those who are compared');
  return await openSets(
    [
      { set: 'people', source: (images ?? embeddings)!, labels, identity, named: true },
      ...(centre === undefined ? [] : [{ set: 'centre', source: centre, named: false }]),
    ],
    { ...configuration, signal },
  );
}

function planOf(configuration: Configuration, { sets }: OpenedSets): JobPlan {
  const images = sets.reduce((sum, { files }) => sum + (files?.length ?? 0), 0);
  const n = sets[0]?.items.length ?? 0;
  const pairs = (n * (n - 1)) / 2;
  const schemes = configuration.schemes.length;
  return {
    reads: sets.map(({ set, source, items, files }) => ({
      what: set,
      path: source,
      amount: `${items.length} ${files === null ? 'embeddings' : 'images'}`,
    })),
    writes: [],
    seconds: images * SECONDS.image + schemes * (pairs * SECONDS.pair + configuration.targets * SECONDS.target),
    basis: 'as measured on one core of an Intel Xeon, less where readings are kept',
    memoryBytes: pairs * BYTES_PER_PAIR,
  };
}

interface Prepared {
  readonly set: ReadSet;
  readonly unit: Matrix;
  readonly persons: Persons;
  readonly strangers: Matrix | null;
  readonly common: Omit<TemplateReport, 'schema' | 'schemes' | 'modes' | 'verdict'>;
}

async function prepare(run: Run, { sets, embedder }: OpenedSets): Promise<Prepared> {
  const [people, others] = sets;
  const whole = await collectSet(run, people!);
  const aside = whole.items.filter(({ identity }) => identity === null).length;
  if (aside > 0)
    throw new BiolensError('input', `${whole.source}: nothing says whose ${aside} of its faces are`, {
      details: { file: whole.source },
    });
  const centreSet = others === undefined ? null : await collectSet(run, others);
  const centre = centreSet === null ? null : meanFace(centreSet.matrix);
  const persons = numberPersons(whole.items.map(({ identity }) => identity!));
  return {
    set: whole,
    unit: unitRows(whole.matrix, centre),
    persons,
    strangers: centreSet === null ? null : unitRows(centreSet.matrix, centre),
    common: {
      source: whole.source,
      embedder: embedder?.name ?? 'given embeddings',
      people: persons.names.length,
      images: people!.items.length,
      failures: whole.skipped.length,
      centring: centreSet === null ? null : { source: centreSet.source, n: centreSet.matrix.rows },
      skipped: [...whole.skipped],
    },
  };
}

async function* read(
  run: Run,
  opened: OpenedSets,
  { configuration, signal }: { readonly configuration: Configuration; readonly signal: AbortSignal | undefined },
): AsyncGenerator<TemplateStep, Prepared> {
  const { embedder } = opened;
  await recordFiles(run, filesOf(opened.sets, embedder === null ? null : configuration.embedder));
  if (embedder !== null)
    for await (const { done, total } of readSets(run, opened.sets, { embedder, settings: configuration, signal }))
      yield { type: 'progress', stage: 'reading faces', done, total };
  return await prepare(run, opened);
}

/** The lowest threshold of some scores that keeps a false match rate, or of the least rate that can be measured with them. */
function thresholdOf(scores: Parameters<typeof orderComparisons>[0], wanted: number): number {
  const curve = curveOf(orderComparisons(scores));
  const impostors = scores.mated.reduce((sum, mark) => sum + (mark === 0 ? 1 : 0), 0);
  if (curve === null)
    throw new BiolensError('input', 'mated and non-mated pairs are needed: two people, one of them with two images');
  const rates = [wanted, 1e-3, 1e-2, 1e-1].filter(rate => rate >= wanted);
  const rate = rates.sort((a, b) => a - b).find(one => whyNotMeasurable(one, impostors) === null) ?? 1e-1;
  return pointAtFmr(curve, rate).threshold;
}

function attackOptions(
  { unit, persons, strangers }: Prepared,
  {
    configuration,
    threshold,
    signal,
  }: { readonly configuration: Configuration; readonly threshold: number; readonly signal: AbortSignal | undefined },
): AttackOptions {
  const { targets, budget, seed, workingFmr } = configuration;
  const plain = comparisonsBy(allPairs(unit.rows), persons, (i, j) => cosine(row(unit, i), row(unit, j)));
  return {
    unit,
    persons,
    strangers,
    targets,
    budget,
    secret: evaluationSecret(seed),
    key: randomKey(seed),
    plainThreshold: thresholdOf(plain, workingFmr),
    threshold,
    signal,
  };
}

/** The threshold of a scheme where an impostor has the right key. */
function stolenThreshold(scheme: Scheme, { unit, persons }: Prepared, { seed, workingFmr }: Configuration): number {
  const key = evaluationKey(evaluationSecret(seed), { scheme: scheme.name, set: 0, person: null });
  const { templates } = protectAll(scheme, unit, key);
  const scores = comparisonsBy(allPairs(unit.rows), persons, (i, j) => scheme.compare(templates[i]!, templates[j]!));
  return thresholdOf(scores, workingFmr);
}

/** Runs attacks, each once whatever happens to the process, and says which one is next. */
async function* attackAll(
  run: Run,
  scheme: Scheme,
  {
    options,
    done,
    total,
    wanted = ATTACKS,
  }: {
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

async function* evaluate(
  run: Run,
  opened: OpenedSets,
  {
    configuration,
    signal,
  }: { readonly configuration: TemplateConfiguration; readonly signal: AbortSignal | undefined },
): AsyncGenerator<TemplateStep, TemplateReport> {
  const prepared = yield* read(run, opened, { configuration, signal });
  const { unit, persons, common } = prepared;
  const { schemes: names, seed, keys, workingFmr } = configuration;
  const schemes: TemplateReport['schemes'] = {};
  for (const [done, name] of names.entries()) {
    yield { type: 'progress', stage: `evaluating ${name}`, done, total: names.length };
    throwIfAborted(signal);
    const scheme = findScheme(name);
    const evaluation = await measuredOnce(run, `${name}/evaluation`, {
      schema: measuredSchema,
      measure: async () =>
        withoutInfinity(
          await evaluateScheme(scheme, {
            unit,
            persons,
            secret: evaluationSecret(seed),
            keys,
            key: randomKey(seed),
            workingFmr,
            signal,
          }),
        ),
    });
    const options = once(() =>
      attackOptions(prepared, {
        configuration,
        threshold: evaluation.threshold ?? stolenThreshold(scheme, prepared, configuration),
        signal,
      }),
    );
    const attacks = yield* attackAll(run, scheme, { options, done, total: names.length });
    schemes[name] = schemeEvaluationSchema.parse({
      title: scheme.title,
      source: scheme.source,
      patent: scheme.patent ?? null,
      ...evaluation,
      attacks,
      claims: claimsOf(evaluation, attacks),
    });
  }
  return templateReportSchema.parse({
    schema: 'biolens/templates@1',
    ...common,
    schemes,
    modes: MODE_CLAIMS,
    verdict: writeTemplateVerdict(schemes),
  });
}

/** What is measured of a scheme before it is attacked. */
const measuredSchema = schemeEvaluationSchema.omit({
  title: true,
  source: true,
  patent: true,
  attacks: true,
  claims: true,
});

/** Computes a value when it is first asked for. */
function once<T>(make: () => T): () => T {
  let made: { readonly value: T } | null = null;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}

/** Curves end at a threshold of ∞, which JSON has not. */
function withoutInfinity(evaluation: SchemeEvaluation) {
  const tidy = ({ curve, ...rest }: typeof evaluation.unprotected) => ({
    ...rest,
    curve: curve.map(point => ({ ...point, threshold: Number.isFinite(point.threshold) ? point.threshold : null })),
  });
  const { unprotected, secretKey, stolenKey, keyOnly } = evaluation;
  return {
    ...evaluation,
    unprotected: tidy(unprotected),
    secretKey: tidy(secretKey),
    stolenKey: tidy(stolenKey),
    keyOnly: tidy(keyOnly),
  };
}

async function* attack(
  run: Run,
  opened: OpenedSets,
  {
    configuration,
    signal,
  }: { readonly configuration: TemplateAttackConfiguration; readonly signal: AbortSignal | undefined },
): AsyncGenerator<TemplateStep, TemplateAttackReport> {
  const prepared = yield* read(run, opened, { configuration, signal });
  const { schemes: names, targets, budget, attacks: wanted } = configuration;
  const schemes: TemplateAttackReport['schemes'] = {};
  for (const [done, name] of names.entries()) {
    throwIfAborted(signal);
    const scheme = findScheme(name);
    const { threshold } = await measuredOnce(run, `${name}/threshold`, {
      schema: z.object({ threshold: z.number() }),
      measure: async () => ({ threshold: stolenThreshold(scheme, prepared, configuration) }),
    });
    const options = once(() => attackOptions(prepared, { configuration, threshold, signal }));
    const results = yield* attackAll(run, scheme, { options, done, total: names.length, wanted });
    schemes[name] = {
      title: scheme.title,
      threshold,
      attacks: results,
    };
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

/** Opens the sets and networks of an evaluation; see `templateJob`. */
export async function* openEvaluation(
  configuration: TemplateConfiguration,
  { signal }: OpenContext,
): AsyncGenerator<TemplateStep, OpenedJob<TemplateConfiguration, TemplateStep, TemplateReport>> {
  const opened = await open(configuration, signal);
  return {
    configuration,
    plan: planOf(configuration, opened),
    work: run => evaluate(run, opened, { configuration, signal }),
    [Symbol.asyncDispose]: opened.close,
  };
}

/** Opens the sets and networks of attacks; see `templateAttackJob`. */
export async function* openAttacks(
  configuration: TemplateAttackConfiguration,
  { signal }: OpenContext,
): AsyncGenerator<TemplateStep, OpenedJob<TemplateAttackConfiguration, TemplateStep, TemplateAttackReport>> {
  const opened = await open(configuration, signal);
  return {
    configuration,
    plan: planOf(configuration, opened),
    work: run => attack(run, opened, { configuration, signal }),
    [Symbol.asyncDispose]: opened.close,
  };
}
