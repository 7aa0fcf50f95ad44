import { join } from 'node:path';
import { type AuditReport, type PictureSet, type SetName, setNameSchema } from '../../ground/contracts/index.ts';
import { imageInFolder, type NamedImage, type ReportImages } from '../../kit/job/index.ts';
import { imageOf } from './face-name.ts';
import { SAMPLED } from './sampled.ts';

const isSet = (set: PictureSet): set is SetName => setNameSchema.safeParse(set).success;
const inTraining = (file: string): NamedImage => ({ set: 'training', file });

/** The image of a set that a report names; null where there is none. */
export async function openSetImage(
  { path, sets }: { readonly path: string; readonly sets: AuditReport['sets'] },
  { set, file }: NamedImage,
): Promise<string | Uint8Array | null> {
  const found = isSet(set) ? sets[set] : null;
  if (found?.kind !== 'images') return null;
  const name = imageOf(file);
  if (found.source === SAMPLED) return imageInFolder(join(path, SAMPLED), name);
  if (!/\.(zip|tar|parquet)$/i.test(found.source)) return imageInFolder(found.source, name);
  // Loaded here, since the declaration of the job is light.
  const { readFromArchive } = await import('../../kit/images/index.ts');
  return (await imageInFolder(found.source, name)) ?? readFromArchive(found.source, name);
}

/** Images of an audit's report: the pairs most alike, and the first clusters of duplicates. */
export const auditImages: ReportImages<AuditReport> = {
  list: ({ replication: { pairs, duplicates, generatedDuplicates } }, most) => [
    ...pairs
      .slice(0, most.pairs)
      .flatMap(({ generated, training }): NamedImage[] => [
        { set: 'generated', file: generated },
        inTraining(training),
      ]),
    ...duplicates.clusters
      .slice(0, most.clusters)
      .flatMap(({ files }) => files.slice(0, most.clusterFiles).map(inTraining)),
    ...(generatedDuplicates?.clusters ?? [])
      .slice(0, most.clusters)
      .flatMap(({ files }) =>
        files.slice(0, most.clusterFiles).map((file): NamedImage => ({ set: 'generated', file })),
      ),
  ],
  sourceOf: ({ sets }, set) => {
    const found = isSet(set) ? sets[set] : null;
    return found?.kind === 'images' && found.source !== SAMPLED ? found.source : null;
  },
  open: ({ path, report: { sets } }, image) => openSetImage({ path, sets }, image),
};
