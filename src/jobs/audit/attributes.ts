import { BiolensError } from '../../ground/errors.ts';
import { oneSpelling } from '../../kit/images/index.ts';
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
    if (text === null || text.toLowerCase() === 'unknown') return null;
    const years = Number(text);
    if (!(years >= 0 && years < 150))
      throw new BiolensError('input', `${source}: "${AGE}" expected years, got "${text}"`);
    return ageGroupOf(years);
  });
}

/** `Gender` and `gender` are one attribute; `age_group` may be another than `ageGroup`, with classes of its own. */
const foldName = (name: string): string => name.toLowerCase();

/** The same set with its columns called as `known` attributes are, where they differ in spelling alone. */
function renameColumns(set: SetAttributes, known: readonly string[]): SetAttributes {
  if (set.given === null) return set;
  const byFolded = new Map(known.map(name => [foldName(name), name]));
  const taken = new Set(set.given.attributes);
  const renamed = new Map<string, string>();
  for (const name of set.given.attributes) {
    const wanted = byFolded.get(foldName(name)) ?? name;
    if (wanted === name || taken.has(wanted)) continue;
    renamed.set(name, wanted);
    taken.add(wanted);
  }
  if (renamed.size === 0) return set;
  const named = (name: string): string => renamed.get(name) ?? name;
  return {
    ...set,
    given: { ...set.given, attributes: set.given.attributes.map(named) },
    items: set.items.map(item => ({
      ...item,
      given: Object.fromEntries(Object.entries(item.given).map(([name, value]) => [named(name), value])),
    })),
  };
}

/** A name as given, spelled as the one of these that it differs from in case alone. */
function spelledAs(name: string, known: readonly string[]): string {
  if (known.includes(name)) return name;
  return known.find(one => foldName(one) === foldName(name)) ?? name;
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

/** Shares by the classes as they are spelled. */
function targetSpelled(
  target: Readonly<Record<string, number>> | undefined,
  classes: readonly string[],
): Readonly<Record<string, number>> | undefined {
  if (target === undefined) return undefined;
  const spelled = Object.entries(target).map(([name, share]) => {
    const own = classes.includes(name) ? name : classes.find(one => one.toLowerCase() === name.toLowerCase());
    return [own ?? name, share] as const;
  });
  // Two spellings of one class are left to be told as a class that is not there.
  return new Set(spelled.map(([name]) => name)).size === spelled.length ? Object.fromEntries(spelled) : target;
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
  trainingSet: SetAttributes,
  generatedSet: SetAttributes,
  options: AttributeOptions,
): Map<string, AttributeLabels> {
  const { classifier } = options;
  const known = [...Object.keys(classifier?.classes ?? {}), AGE_GROUP, AGE];
  const training = renameColumns(trainingSet, known);
  const generated = renameColumns(generatedSet, [...known, ...(training.given?.attributes ?? [])]);
  const common = commonAttributes(training, generated, options);
  const wanted = options.wanted?.map(name => spelledAs(name, common));
  const target = Object.fromEntries(
    Object.entries(options.target).map(([name, shares]) => [spelledAs(name, wanted ?? common), shares]),
  );
  const missing = wanted?.find(attribute => !common.includes(attribute));
  if (missing !== undefined)
    throw new BiolensError(
      'usage',
      `attribute "${missing}" expected labels or a classifier for both sets, there are ${common.join(', ') || 'none'}${suggest(missing, common)}`,
    );
  const resolved = new Map<string, AttributeLabels>();
  for (const attribute of wanted ?? common) {
    const own = classifier?.classes[attribute];
    const written = [training, generated].map(set => givenLabels(attribute, set));
    // What differs in case alone is one class, in both sets.
    const spell = oneSpelling(written.flatMap(labels => labels ?? []));
    const given = written.map(labels => labels?.map(spell) ?? null);
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
      target: targetSpelled(target[attribute], classes),
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
