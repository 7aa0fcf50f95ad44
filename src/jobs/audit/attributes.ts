import { BiolensError } from '../../ground/errors.ts';
import { suggest } from '../../kit/job/index.ts';
import { AGE_GROUPS, type AttributeLabels, ageGroupOf, GIVEN_LABELS, type LabelledSet, type Labels } from './bias.ts';

/** What a person and a classifier say of the items of one set, in the order of its rows. */
export interface SetAttributes {
  /** The table a person gave; null where there is none. */
  readonly given: { readonly attributes: readonly string[]; readonly source: string } | null;
  /** Whether the classifier saw this set; it cannot see embeddings made elsewhere. */
  readonly classified: boolean;
  readonly items: readonly {
    /** Values of the table for this item. */
    readonly given: Readonly<Record<string, string | null>>;
    /** What the classifier says. */
    readonly predicted: Readonly<Record<string, string>>;
  }[];
}

export interface AttributeOptions {
  /** Name of the classifier and its classes; null where none ran. */
  readonly classifier: { readonly name: string; readonly classes: Readonly<Record<string, readonly string[]>> } | null;
  /** Attributes asked for; by default all that both sets have. */
  readonly wanted?: readonly string[] | undefined;
  readonly target: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** A column with more values than this is an identity, a date or a measurement, not a class. */
const MAX_CLASSES = 20;
/** Items there must be for each class of a column that nobody asked for. */
const ITEMS_PER_CLASS = 5;
/** A column of ages in years becomes this attribute. */
const AGE = 'age';
export const AGE_GROUP = 'ageGroup';

/** The table's values of one attribute: as written, or the groups of a column of ages. */
function givenLabels(attribute: string, set: SetAttributes): Labels | null {
  if (set.given === null) return null;
  if (set.given.attributes.includes(attribute)) return set.items.map(item => item.given[attribute] ?? null);
  if (attribute !== AGE_GROUP || !set.given.attributes.includes(AGE)) return null;
  const { source } = set.given;
  return set.items.map(item => {
    const text = item.given[AGE] ?? null;
    if (text === null) return null;
    const years = Number(text);
    if (!(years >= 0 && years < 150))
      throw new BiolensError('input', `${source}: "${AGE}" expected years, got "${text}"`);
    return ageGroupOf(years);
  });
}

function valuesOf(labels: Labels): string[] {
  return [...new Set(labels.filter(label => label !== null))].sort();
}

/** Brings the table's spelling to that of the classes, whatever the case; the first label that is none of them otherwise. */
function spellAs(
  classes: readonly string[],
  labels: Labels,
): { readonly labels: Labels } | { readonly stranger: string } {
  const byName = new Map(classes.map(name => [name.toLowerCase(), name]));
  const stranger = labels.find(label => label !== null && !byName.has(label.toLowerCase())) ?? null;
  if (stranger !== null) return { stranger };
  return { labels: labels.map(label => (label === null ? null : (byName.get(label.toLowerCase()) ?? null))) };
}

function predictedLabels(attribute: string, set: SetAttributes): Labels {
  return set.items.map(item => item.predicted[attribute] ?? null);
}

function isClassColumn(labels: Labels): boolean {
  const classes = valuesOf(labels).length;
  return classes >= 2 && classes <= MAX_CLASSES && classes * ITEMS_PER_CLASS <= labels.length;
}

/** Attributes that both sets have, by a table or the classifier. */
function commonAttributes(training: SetAttributes, generated: SetAttributes, options: AttributeOptions): string[] {
  const classified = Object.keys(options.classifier?.classes ?? {});
  const columns = [...new Set([...(training.given?.attributes ?? []), ...(generated.given?.attributes ?? [])])];
  const named = columns.filter(name => name !== AGE);
  const ages = columns.includes(AGE) ? [AGE_GROUP] : [];
  return [...new Set([...named, ...ages, ...classified])].filter(attribute =>
    [training, generated].every(set => {
      if (set.classified && classified.includes(attribute)) return true;
      const labels = givenLabels(attribute, set);
      return labels !== null && (attribute === AGE_GROUP || isClassColumn(labels));
    }),
  );
}

/**
 * Labels of every attribute for both sets, ready for `measureBias`: a person's labels where there are some, else the
 * classifier's. Where one set has a person's labels and the other has not, the classifier's answers for the first are kept too, to measure
 * its errors by.
 *
 * @throws BiolensError `input` for a label that is none of the classifier's classes; `usage` for an attribute that a set has
 * no labels of
 */
export function resolveAttributes(
  training: SetAttributes,
  generated: SetAttributes,
  options: AttributeOptions,
): Map<string, AttributeLabels> {
  const { classifier, wanted, target } = options;
  const common = commonAttributes(training, generated, options);
  const missing = wanted?.find(attribute => !common.includes(attribute));
  if (missing !== undefined)
    throw new BiolensError(
      'usage',
      `attribute "${missing}" expected labels or a classifier for both sets, there are ${common.join(', ') || 'none'}${suggest(missing, common)}`,
    );
  const resolved = new Map<string, AttributeLabels>();
  for (const attribute of wanted ?? common) {
    const own = classifier?.classes[attribute];
    const given = [training, generated].map(set => givenLabels(attribute, set));
    const classes = own ?? (attribute === AGE_GROUP ? AGE_GROUPS : valuesOf(given.flatMap(labels => labels ?? [])));
    const labelled = [training, generated].map((set, i): LabelledSet => {
      const predicted = own === undefined || !set.classified ? undefined : predictedLabels(attribute, set);
      const labels = given[i] ?? null;
      if (labels !== null) {
        const spelled = spellAs(classes, labels);
        if ('labels' in spelled) return { source: GIVEN_LABELS, labels: spelled.labels, predicted };
        // A table with classes of its own can be compared with nothing; unless it was asked for, the classifier speaks for both.
        if (wanted !== undefined || predicted === undefined)
          throw new BiolensError(
            'input',
            `${set.given?.source}: ${attribute} "${spelled.stranger}" is not one of the classes ${classes.join(', ')}`,
          );
      }
      return { source: classifier?.name ?? GIVEN_LABELS, labels: predicted ?? [] };
    });
    resolved.set(attribute, {
      classes,
      training: labelled[0]!,
      generated: labelled[1]!,
      target: target[attribute],
    });
  }
  const unknown = Object.keys(target).find(attribute => !resolved.has(attribute));
  if (unknown !== undefined)
    throw new BiolensError(
      'usage',
      `target of ${unknown}: there is no such attribute, there are ${[...resolved.keys()].join(', ') || 'none'}${suggest(unknown, [...resolved.keys()])}`,
    );
  return resolved;
}
