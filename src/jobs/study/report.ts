import { type StudyReport, type StudyResult, studyReportSchema } from '../../ground/contracts/index.ts';
import { BiolensError } from '../../ground/errors.ts';
import { foldIn, randomKey } from '../../ground/math/index.ts';
import { nameOf } from './items.ts';
import { compareKinds, describeAttribute, type FolderAttribute, measureGenerator, valuesOf } from './measure.ts';
import { writeStudyVerdict } from './verdict.ts';
import { orderOf, type StudyContext } from './work.ts';

function attributesOf({ prepared, pictures, progress }: StudyContext): FolderAttribute[] {
  const { configuration, labeller } = prepared;
  const said = pictures.files.map(file => progress.labelled.get(file) ?? null);
  return configuration.attributes.map(name => ({
    name,
    classes: labeller.classes[name]!,
    classifier: labeller.name,
    labels: pictures.labels.map(labels => labels[name] ?? null),
    predicted: valuesOf(said, name),
    target: configuration.target[name],
  }));
}

/** Puts together what a finished study found. */
export function buildStudyReport(context: StudyContext): StudyReport {
  const { prepared, pictures, progress } = context;
  const { configuration, sizes, refused } = prepared;
  const { kinds, imageSize, budget, batchSize, seed } = configuration;
  const key = foldIn(randomKey(seed), 'measure');
  const order = orderOf(context);
  const attributes = attributesOf(context);
  const find = <T>(items: ReadonlyMap<string, T>, name: string): T => {
    const item = items.get(name);
    if (item === undefined) throw new BiolensError('usage', `the study has not come to ${name} yet`);
    return item;
  };
  const results: StudyResult[] = sizes.flatMap(size =>
    kinds.map(kind => {
      const stem = nameOf({ kind, size });
      const { parameters, steps, seconds } = find(progress.trained, stem);
      const { said, sheet } = find(progress.sampled, stem);
      const biases = attributes.map(attribute => [
        attribute.name,
        measureGenerator(attribute, {
          subset: order.slice(0, size),
          samples: valuesOf(said, attribute.name),
          key: foldIn(foldIn(key, stem), attribute.name),
        }),
      ]);
      return {
        kind,
        size,
        training:
          steps === null
            ? { parameters, steps, batchSize: null, epochs: null, seconds }
            : { parameters, steps, batchSize, epochs: (steps * batchSize) / size, seconds },
        samples: said.length,
        unclassified: said.filter(one => one === null).length,
        sheet,
        attributes: Object.fromEntries(biases),
      };
    }),
  );
  return studyReportSchema.parse({
    schema: 'biolens/study@1',
    images: { source: configuration.images, n: pictures.files.length },
    imageSize,
    sizes,
    kinds,
    budget,
    attributes: Object.fromEntries(
      attributes.map(attribute => [
        attribute.name,
        describeAttribute(attribute, results[0]!.attributes[attribute.name]!),
      ]),
    ),
    results,
    comparisons: attributes.flatMap(attribute => compareAll(context, attribute, results)),
    verdict: writeStudyVerdict(results, { attributes: configuration.attributes, kinds }),
    refused,
    skipped: pictures.skipped,
  });
}

/** Every two kinds at each size. */
function compareAll(
  { prepared, progress }: StudyContext,
  attribute: FolderAttribute,
  results: readonly StudyResult[],
): StudyReport['comparisons'] {
  const key = foldIn(foldIn(randomKey(prepared.configuration.seed), 'compare'), attribute.name);
  const sides = results.map(result => ({
    size: result.size,
    kind: result.kind,
    bias: result.attributes[attribute.name]!,
    samples: valuesOf(progress.sampled.get(nameOf(result))?.said ?? [], attribute.name),
  }));
  return sides.flatMap((first, i) =>
    sides
      .slice(i + 1)
      .filter(second => second.size === first.size)
      .map(second =>
        compareKinds(attribute, { size: first.size, sides: [first, second], key: foldIn(key, first.size) }),
      ),
  );
}
