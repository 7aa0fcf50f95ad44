import { BiolensError, throwIfAborted } from '../../ground/errors.ts';
import { BUILT_IN, openClassifier, readModelCard } from '../../kit/faces/index.ts';
import { type Image, resizeImage } from '../../kit/images/index.ts';
import { suggest } from '../../kit/job/index.ts';
import type { DeviceChoice } from '../../kit/tensor/index.ts';
import { type Pictures, pictureAt } from './pictures.ts';

/** The class of each attribute; null where the classifier found no face. */
export type Said = Readonly<Record<string, string>> | null;

export interface Labeller {
  readonly name: string;
  /** Whether it has to find a face first, which takes most of its time. */
  readonly findsFaces: boolean;
  /** Attribute → classes, of those asked for. */
  readonly classes: Readonly<Record<string, readonly string[]>>;
  /** What the classifier says of the images of these indices. */
  readonly label: (
    pictures: Pick<Pictures, 'side' | 'pixels'>,
    indices: readonly number[],
    options: { readonly signal?: AbortSignal | undefined },
  ) => Promise<Said[]>;
  readonly close: () => Promise<void>;
}

/** Side up to which small images are enlarged for a classifier that has to find a face in them first. */
const FINDABLE_SIDE = 256;
/** Images that go to the classifier at once. */
export const LABELLED_AT_ONCE = 16;

async function needsFaces(spec: string): Promise<boolean> {
  return spec === BUILT_IN || (await readModelCard(spec, 'classifier')).card.alignment !== 'none';
}

function mostLikely(probabilities: readonly number[], classes: readonly string[]): string {
  return classes[probabilities.indexOf(Math.max(...probabilities))]!;
}

/**
 * Opens the classifier that labels images and samples alike.
 *
 * @throws {BiolensError} `input` for a classifier that is missing or wrong, or has not an attribute that is asked for
 */
export async function openLabeller(
  spec: string,
  { attributes, device }: { readonly attributes: readonly string[]; readonly device: DeviceChoice },
): Promise<Labeller> {
  const enlarges = await needsFaces(spec);
  const classifier = await openClassifier(spec, { device });
  const missing = attributes.find(attribute => !Object.hasOwn(classifier.attributes, attribute));
  if (missing !== undefined) {
    await classifier.close();
    const known = Object.keys(classifier.attributes);
    throw new BiolensError(
      'input',
      `the classifier ${classifier.name} says nothing of "${missing}", only of ${known.join(', ')}${suggest(missing, known)}`,
    );
  }
  const toClasses = (probabilities: Readonly<Record<string, readonly number[]>>): Said => {
    const classes = attributes.map(attribute => [
      attribute,
      mostLikely(probabilities[attribute]!, classifier.attributes[attribute]!),
    ]);
    return Object.fromEntries(classes);
  };
  const enlarge = (image: Image): Promise<Image> =>
    resizeImage(image, { width: FINDABLE_SIDE, height: FINDABLE_SIDE, kernel: 'lanczos' });
  return {
    name: classifier.name,
    findsFaces: enlarges,
    classes: Object.fromEntries(attributes.map(attribute => [attribute, classifier.attributes[attribute]!])),
    label: async (pictures, indices, { signal }) => {
      const said: Said[] = [];
      for (let start = 0; start < indices.length; start += LABELLED_AT_ONCE) {
        throwIfAborted(signal);
        const images = indices.slice(start, start + LABELLED_AT_ONCE).map(index => pictureAt(pictures, index));
        const large = enlarges && pictures.side < FINDABLE_SIDE ? await Promise.all(images.map(enlarge)) : images;
        const seen = await classifier.classify(large, { signal });
        said.push(...seen.map(one => (one === null ? null : toClasses(one.probabilities))));
      }
      return said;
    },
    close: () => classifier.close(),
  };
}
