import { BiolensError } from '../../ground/errors.ts';
import { countConfusion, GIVEN_LABELS, type LabelledSet, type Labels } from '../audit/index.ts';
import type { PictureSet } from './picture-set.ts';
import type { ResolvedTarget } from './targets.ts';

/** Labelled images of a class below which nothing is said about how a classifier sees it. */
const MIN_LABELLED = 5;

/** Images with what a person says of them; of a folder before it is read, or of those that could be read. */
type LabelledImages = Pick<PictureSet, 'source' | 'files' | 'given'>;

/** What a person says of each image of a set, in the spelling of the classes; null where the set's table has no such column. */
function givenLabels({ given, files, source }: LabelledImages, { attribute, classes }: ResolvedTarget): Labels | null {
  const column = given?.attributes.find(name => spell(name) === spell(attribute));
  if (given === null || column === undefined) return null;
  const byName = new Map(classes.map(name => [name.toLowerCase(), name]));
  return files.map(file => {
    const label = given.byFile.get(file)?.[column] ?? null;
    if (label === null) return null;
    const known = byName.get(label.toLowerCase());
    if (known === undefined)
      throw new BiolensError(
        'input',
        `${source}: ${column} "${label}" of ${file} is not one of the classes ${classes.join(', ')}`,
      );
    return known;
  });
}

/** `skin_tone`, `skinTone` and `Skin tone` name one attribute. */
function spell(name: string): string {
  return name.toLowerCase().replace(/[^\p{L}\p{N}]/gu, '');
}

/** What is known of the training images and the classifier for one target. */
export interface TargetLabels {
  /** A person's labels where there are some, else the classifier's. */
  readonly training: LabelledSet;
  /** `[predicted][true]` counts on labelled images, held-out ones if there are enough; null where there are too few. */
  readonly confusion: readonly (readonly number[])[] | null;
}

function predictedLabels({ predicted }: PictureSet, { attribute }: ResolvedTarget): Labels {
  return predicted.map(attributes => attributes[attribute] ?? null);
}

/** A confusion matrix of as many classes; null otherwise. */
function fitting(confusion: TargetLabels['confusion'] | undefined, classes: number): TargetLabels['confusion'] {
  return confusion?.length === classes && confusion.every(line => line.length === classes) ? confusion : null;
}

/** @throws BiolensError `input` for a wanted class that no training image shows */
function checkClasses(labels: Labels, { attribute, classes, shares }: ResolvedTarget, source: string): void {
  const missing = classes.find((name, i) => shares[i]! > 0 && !labels.includes(name));
  if (missing !== undefined)
    throw new BiolensError(
      'input',
      `target of ${attribute}: no image of ${source} shows "${missing}", and a model cannot be moved toward what it never saw`,
    );
}

/**
 * Finds what the tables alone tell of targets that cannot be met, before an image is read.
 *
 * @throws BiolensError `input` for a label that is none of the classes, or a wanted class that no training image shows
 */
export function checkTables(
  targets: readonly ResolvedTarget[],
  { training, heldout }: { readonly training: LabelledImages; readonly heldout: LabelledImages | null },
): void {
  for (const target of targets) {
    const labels = givenLabels(training, target);
    if (labels !== null) checkClasses(labels, target, training.source);
    if (heldout !== null) givenLabels(heldout, target);
  }
}

/**
 * Labels of the training images, and the errors of the classifier: on held-out images, which it may not have been made from; on training ones where
 * those have no labels; as its card tells where neither has.
 *
 * @param options.lenient lets a wanted class be missing
 * @throws BiolensError `input` for a wanted class that no training image shows: a model cannot be moved toward what it never saw
 */
export function labelTarget(
  target: ResolvedTarget,
  sets: {
    readonly training: PictureSet;
    readonly heldout: PictureSet | null;
    readonly classifier: string;
    /** What the classifier's card tells of its errors. */
    readonly cardConfusion?: readonly (readonly number[])[] | undefined;
  },
  { lenient = false }: { readonly lenient?: boolean } = {},
): TargetLabels {
  const { training, heldout } = sets;
  const { classes } = target;
  const given = givenLabels(training, target);
  const predicted = predictedLabels(training, target);
  const labels = given ?? predicted;
  if (!lenient) checkClasses(labels, target, training.source);
  const confusions = [heldout, training].flatMap(set => {
    const truth = set && givenLabels(set, target);
    return set === null || truth === null ? [] : [countConfusion(classes, predictedLabels(set, target), truth)];
  });
  const enough = (confusion: readonly (readonly number[])[]): boolean =>
    classes.every((_, j) => confusion.reduce((sum, line) => sum + line[j]!, 0) >= MIN_LABELLED);
  return {
    training:
      given === null
        ? { source: sets.classifier, labels: predicted }
        : { source: GIVEN_LABELS, labels: given, predicted },
    confusion: confusions.find(enough) ?? fitting(sets.cardConfusion, classes.length),
  };
}

function noClasses(source: string, classes: readonly string[]): BiolensError {
  return new BiolensError(
    'input',
    `${source}: no column of labels says which of ${classes.join(', ')} each image is, and the model is conditioned on that`,
  );
}

/**
 * Finds before an image is read that no column can say what a model was conditioned on. An image without a label may turn out to be one
 * that cannot be read, so {@link classesOfTraining} judges those.
 *
 * @throws BiolensError `input`
 */
export function checkConditions({ given, files, source }: LabelledImages, classes: readonly string[] | null): void {
  if (classes === null) return;
  const fits = given?.attributes.some(column => {
    const labels = files.flatMap(file => given.byFile.get(file)?.[column] ?? []);
    return labels.length > 0 && labels.every(label => classes.includes(label));
  });
  if (!fits) throw noClasses(source, classes);
}

/**
 * Classes that a model was conditioned on, of the training images: the column of their labels whose values are all among them.
 *
 * @returns `[training]` classes by index; null for a model without classes
 * @throws BiolensError `input` when no column fits, or an image has no label
 */
export function classesOfTraining(training: LabelledImages, classes: readonly string[] | null): number[] | null {
  if (classes === null) return null;
  const { given, files, source } = training;
  for (const column of given?.attributes ?? []) {
    const found = files.map(file => classes.indexOf(given?.byFile.get(file)?.[column] ?? ''));
    if (!found.includes(-1)) return found;
  }
  throw noClasses(source, classes);
}
