import { type Metric, missingMetric } from '../../../ground/contracts/metric.ts';
import { attackResultSchema } from '../../../ground/contracts/templates.ts';
import { foldIn, type Matrix, openStream, type RandomKey, row } from '../../../ground/math/index.ts';
import type { Persons } from '../../verification/index.ts';
import { pause } from '../pause.ts';
import { evaluationKey, itemsOf } from '../protected-set.ts';
import { cosine, type KeyedScheme, type Scheme, type Template } from '../scheme.ts';
import { linkageDensities, systemLinkability } from '../unlinkability.ts';
import { climbDecisions, climbScores } from './climb.ts';
import { invert } from './inversion.ts';

/** Attacks, in the order in which they are run. */
export const ATTACKS = attackResultSchema.shape.attack.options;
export type AttackName = (typeof ATTACKS)[number];

/** What an attack reached. */
export interface AttackResult {
  readonly attack: AttackName;
  /** Such as `4 templates`; null where an attack has no variants. */
  readonly variant: string | null;
  /** Cosine between what was found and the face behind the template, mean over the targets. */
  readonly similarity: Metric;
  /** Share of the targets whose person an unprotected system recognises in what was found, by another image of the person. */
  readonly recognised: Metric;
  /** Share of the targets whose protected system accepts it. */
  readonly accepted: Metric;
  /** Questions a target, mean; null for an attack that asks nobody. */
  readonly queries: number | null;
  /** D↔sys of what an attack links; null where it links nothing. */
  readonly dSys: number | null;
  /** What the attacker has to have. */
  readonly needs: string;
}

export interface AttackOptions {
  readonly unit: Matrix;
  readonly persons: Persons;
  /** Embeddings of strangers, prepared like `unit`; null where there are none. */
  readonly strangers: Matrix | null;
  /** People who are attacked at most. */
  readonly targets: number;
  /** Questions, or steps of a search, a target. */
  readonly budget: number;
  readonly secret: Uint8Array;
  readonly key: RandomKey;
  /** Threshold of the unprotected system, as a cosine. */
  readonly plainThreshold: number;
  /** Threshold of the protected system. */
  readonly threshold: number;
  readonly signal?: AbortSignal | undefined;
}

/** A person under attack: an image that is enrolled, and another one by which it is told whether the person is recognised. */
interface Target {
  readonly person: number;
  readonly images: readonly number[];
  readonly enrolled: ArrayLike<number>;
  readonly other: ArrayLike<number>;
  readonly keyed: KeyedScheme;
  readonly template: Template;
}

function targetsOf(scheme: Scheme, { unit, persons, targets, secret }: AttackOptions): Target[] {
  return itemsOf(persons)
    .map((items, person) => ({ items, person }))
    .filter(({ items }) => items.length > 1)
    .slice(0, targets)
    .map(({ items, person }) => {
      const keyed = scheme.open(evaluationKey(secret, { scheme: scheme.name, set: 200, person }), unit.cols);
      const enrolled = row(unit, items[0]!);
      return { person, images: items, enrolled, other: row(unit, items[1]!), keyed, template: keyed.protect(enrolled) };
    });
}

function meanOf(values: readonly number[]): Metric {
  if (values.length === 0) return missingMetric('nobody has two images');
  return { value: values.reduce((sum, value) => sum + value, 0) / values.length, n: values.length, interval: null };
}

const shareOf = (marks: readonly boolean[]): Metric => meanOf(marks.map(Number));

/** What was found of each target, told in numbers. */
function judge(
  scheme: Scheme,
  found: readonly { readonly target: Target; readonly unit: ArrayLike<number> | null; readonly queries?: number }[],
  { plainThreshold, threshold }: AttackOptions,
): Pick<AttackResult, 'similarity' | 'recognised' | 'accepted' | 'queries'> {
  const asked = found.flatMap(({ queries }) => (queries === undefined ? [] : [queries]));
  return {
    similarity: meanOf(found.map(({ target, unit }) => (unit === null ? 0 : cosine(unit, target.enrolled)))),
    recognised: shareOf(found.map(({ target, unit }) => unit !== null && cosine(unit, target.other) >= plainThreshold)),
    accepted: shareOf(
      found.map(
        ({ target, unit }) => unit !== null && scheme.compare(target.keyed.protect(unit), target.template) >= threshold,
      ),
    ),
    queries: asked.length === 0 ? null : asked.reduce((sum, value) => sum + value, 0) / asked.length,
  };
}

const K_LEAKED = [2, 4, 8] as const;
/** Linked pairs from which a linkability is told. */
const LEAST_LINKED = 20;

/** Runs the attacks on one scheme that are asked for, and tells of each as it is done. */
export async function* attackScheme(
  scheme: Scheme,
  options: AttackOptions,
  attacks: readonly AttackName[] = ATTACKS,
): AsyncGenerator<AttackResult> {
  const { unit, strangers, budget, secret, signal } = options;
  const key = foldIn(options.key, scheme.name);
  const width = unit.cols;
  const targets = targetsOf(scheme, options);
  const search = (name: string, person: number) => ({
    width,
    budget,
    stream: openStream(foldIn(foldIn(key, name), person)),
  });
  const inverted = new Map<Target, Float64Array>();
  const invertTarget = (target: Target): Float64Array => {
    const known = inverted.get(target) ?? invert(scheme, [target], search('inversion', target.person));
    inverted.set(target, known);
    return known;
  };
  const others = strangers === null ? [] : Array.from({ length: strangers.rows }, (_, i) => row(strangers, i));
  const base = { variant: null, dSys: null } as const;
  /** What each target comes to, with a pause between them. */
  const each = async <T>(of: (target: Target) => T): Promise<T[]> => {
    const found: T[] = [];
    for (const target of targets) {
      await pause(signal);
      found.push(of(target));
    }
    return found;
  };
  const run: Readonly<Record<AttackName, () => Promise<AttackResult[]>>> = {
    inversion: async () => [
      {
        ...base,
        attack: 'inversion',
        needs: 'the template and its key',
        ...judge(scheme, await each(target => ({ target, unit: invertTarget(target) })), options),
      },
    ],
    'leaked-templates': () =>
      Promise.all(
        K_LEAKED.map(async count => ({
          ...base,
          attack: 'leaked-templates' as const,
          variant: `${count} templates`,
          needs: `${count} templates of one face, and their keys`,
          ...judge(
            scheme,
            await each(target => {
              const more = Array.from({ length: count - 1 }, (_, k) => {
                const keyed = scheme.open(
                  evaluationKey(secret, { scheme: scheme.name, set: 300 + k, person: target.person }),
                  width,
                );
                return { keyed, template: keyed.protect(target.enrolled) };
              });
              return { target, unit: invert(scheme, [target, ...more], search(`leaked ${count}`, target.person)) };
            }),
            options,
          ),
        })),
      ),
    linking: async () => [await linkInverted(scheme, { options, search, each })],
    'hill-climbing': async () => [
      {
        ...base,
        attack: 'hill-climbing',
        needs: 'scores of the service, no key',
        ...judge(
          scheme,
          await each(target => {
            const { found, queries } = climbScores(
              probe => scheme.compare(target.keyed.protect(probe), target.template),
              search('scores', target.person),
            );
            return { target, unit: found, queries };
          }),
          options,
        ),
      },
    ],
    decisions: async () => [
      {
        ...base,
        attack: 'decisions',
        needs: 'accept or reject of the service, no key',
        ...judge(
          scheme,
          await each(target => {
            const { found, queries } = climbDecisions(
              probe => scheme.compare(target.keyed.protect(probe), target.template) >= options.threshold,
              others,
              search('decisions', target.person),
            );
            return { target, unit: found, queries };
          }),
          options,
        ),
      },
    ],
    dictionary: async () => [
      {
        ...base,
        attack: 'dictionary',
        needs: 'faces of strangers; the service protects them with the right key',
        similarity: missingMetric('strangers are tried as they are'),
        recognised: missingMetric('strangers are tried as they are'),
        queries: others.length === 0 ? null : others.length,
        accepted:
          others.length === 0
            ? missingMetric('there are no strangers: give --centre')
            : shareOf(
                targets.map(({ keyed, template }) =>
                  others.some(stranger => scheme.compare(keyed.protect(stranger), template) >= options.threshold),
                ),
              ),
      },
    ],
    'nearest-portrait': async () => [
      {
        ...base,
        attack: 'nearest-portrait',
        needs: 'the template, its key, and portraits of strangers',
        ...(others.length === 0
          ? {
              similarity: missingMetric('there are no strangers: give --centre'),
              recognised: missingMetric('there are no strangers: give --centre'),
              accepted: missingMetric('there are no strangers: give --centre'),
              queries: null,
            }
          : judge(
              scheme,
              await each(target => {
                const found = invertTarget(target);
                const nearest = others.reduce((best, one) => (cosine(one, found) > cosine(best, found) ? one : best));
                return { target, unit: nearest };
              }),
              options,
            )),
      },
    ],
  };
  for (const name of attacks) yield* await run[name]();
}

/** Whether templates under different, known keys can be linked once they are inverted: of all images, or of two where it takes a search. */
async function linkInverted(
  scheme: Scheme,
  {
    options: { unit, secret },
    search,
    each,
  }: {
    readonly options: AttackOptions;
    readonly search: (name: string, person: number) => Parameters<typeof invert>[2];
    readonly each: <T>(of: (target: Target) => T) => Promise<T[]>;
  },
): Promise<AttackResult> {
  const invertAll = (set: number): Promise<Float64Array[][]> =>
    each(({ person, images }) => {
      const keyed = scheme.open(evaluationKey(secret, { scheme: scheme.name, set, person }), unit.cols);
      const chosen = keyed.estimate === undefined ? images.slice(0, 2) : images;
      return chosen.map(item =>
        invert(scheme, [{ keyed, template: keyed.protect(row(unit, item)) }], search(`link ${set}`, person)),
      );
    });
  const [first, second] = [await invertAll(400), await invertAll(401)];
  const mated: number[] = [];
  const nonMated: number[] = [];
  first.forEach((own, p) => {
    second.forEach((others, q) => {
      own.forEach((one, a) => {
        others.forEach((two, b) => {
          // Two databases hold different images of a person.
          if (p !== q) nonMated.push(cosine(one, two));
          else if (a !== b) mated.push(cosine(one, two));
        });
      });
    });
  });
  return {
    attack: 'linking',
    variant: null,
    needs: 'two databases and their keys',
    similarity: meanOf(mated),
    recognised: missingMetric('templates are linked, not faces'),
    accepted: missingMetric('templates are linked, not faces'),
    queries: null,
    dSys:
      Math.min(mated.length, nonMated.length) < LEAST_LINKED
        ? null
        : systemLinkability(linkageDensities(mated, nonMated)),
  };
}
