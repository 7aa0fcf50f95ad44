import { schemeEvaluationSchema, type TemplateReport, templateReportSchema } from '../../../ground/contracts/index.ts';
import { throwIfAborted } from '../../../ground/errors.ts';
import { randomKey } from '../../../ground/math/index.ts';
import type { OpenedSets } from '../../../kit/face-sets/index.ts';
import type { Run } from '../../../kit/runs/index.ts';
import { claimsOf } from '../claims.ts';
import type { TemplateConfiguration } from '../configuration.ts';
import { MODE_CLAIMS } from '../encrypted/claims.ts';
import { evaluateScheme, measureUnprotected, type SchemeEvaluation } from '../evaluate.ts';
import type { TemplateStep } from '../events.ts';
import { findScheme } from '../schemes.ts';
import { writeTemplateVerdict } from '../verdict.ts';
import { attackAll, attackerOf, evaluationSecret, once, stolenThreshold } from './attack.ts';
import { measuredOnce } from './kept/node.ts';
import { readPeople, type Settings } from './prepare.ts';

/** What is measured of a scheme before it is attacked. */
const measuredSchema = schemeEvaluationSchema.omit({
  title: true,
  source: true,
  patent: true,
  attacks: true,
  claims: true,
});

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

/** The work of `templateJob`. */
export async function* evaluate(
  run: Run,
  opened: OpenedSets,
  settings: Settings<TemplateConfiguration>,
): AsyncGenerator<TemplateStep, TemplateReport> {
  const { configuration, signal } = settings;
  const prepared = yield* readPeople(run, opened, settings);
  const { unit, persons, common } = prepared;
  const { schemes: names, seed, keys, workingFmr } = configuration;
  const key = randomKey(seed);
  const unprotected = once(() => measureUnprotected(unit, persons, key));
  const optionsAt = attackerOf(prepared, settings);
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
            ...{ unit, persons, secret: evaluationSecret(seed), keys, key, workingFmr, signal },
            unprotected: unprotected(),
          }),
        ),
    });
    const threshold = once(() => evaluation.threshold ?? stolenThreshold(scheme, prepared, configuration));
    const options = () => optionsAt(threshold());
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
