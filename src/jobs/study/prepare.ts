import type { StudyReport } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import { suggest } from '../../kit/job/index.ts';
import { targetOf } from '../audit/index.ts';
import type { StudyConfiguration } from './configuration.ts';
import { type Labeller, openLabeller } from './labeller.ts';
import { checkLabels } from './measure.ts';
import { type LabelledFolder, openLabelledFolder } from './pictures.ts';

/** Everything that can be wrong before the first image is decoded, opened and checked. */
export interface Prepared {
  readonly configuration: StudyConfiguration;
  readonly folder: LabelledFolder;
  readonly labeller: Labeller;
  /** Those that the folder has images enough for, ascending. */
  readonly sizes: readonly number[];
  readonly refused: StudyReport['refused'];
}

/**
 * Parts the sizes that a folder has images enough for from the others.
 *
 * @throws {BiolensError} `usage` when there is none
 */
export function chooseSizes(
  wanted: readonly number[],
  { n, source }: { readonly n: number; readonly source: string },
): Pick<Prepared, 'sizes' | 'refused'> {
  const ascending = [...new Set(wanted)].sort((a, b) => a - b);
  const refused = ascending.filter(size => size > n).map(size => ({ size, reason: `${source} has ${n} images` }));
  const sizes = ascending.filter(size => size <= n);
  if (sizes.length === 0)
    throw new BiolensError(
      'usage',
      `"sizes" expected one of at most ${n}, the images of ${source}, got ${ascending[0]}`,
    );
  return { sizes, refused };
}

/** @throws {BiolensError} `usage` or `input` naming the option or file that is wrong */
export async function prepareStudy(
  configuration: StudyConfiguration,
  { signal }: { readonly signal: AbortSignal | undefined },
): Promise<Prepared> {
  const { images, attributes, classifier, device, target } = configuration;
  const foreign = Object.keys(target).find(name => !attributes.includes(name));
  if (foreign !== undefined)
    throw new BiolensError(
      'usage',
      `target: "${foreign}" is not one of the attributes ${attributes.join(', ')}${suggest(foreign, attributes)}`,
    );
  const folder = await openLabelledFolder(images, { labels: configuration.labels, attributes, signal });
  const chosen = chooseSizes(configuration.sizes, { n: folder.files.length, source: images });
  const labeller = await openLabeller(classifier, { attributes, device });
  try {
    for (const name of attributes) {
      const labels = folder.files.map(({ file }) => folder.labels.byFile.get(file)?.[name] ?? null);
      const classes = labeller.classes[name]!;
      targetOf(name, { classes, target: target[name] });
      checkLabels({ name, classes, classifier: labeller.name, labels }, { source: folder.labels.source });
    }
    return { configuration, folder, labeller, ...chosen };
  } catch (error) {
    await labeller.close();
    throw error;
  }
}
