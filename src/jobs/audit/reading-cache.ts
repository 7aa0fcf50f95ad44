import { openReadingCache, type ReadingCache } from '../../kit/cache/index.ts';
import { packageVersion, type Run } from '../../kit/runs/index.ts';
import type { AuditConfiguration } from './configuration.ts';
import type { FaceReader } from './face-reader.ts';

/**
 * Readings of images that audits beside this run have kept, by the content of the files. Null where nothing is kept: the user wants none,
 * or all faces of an image are read, of which there may be any number.
 *
 * @param classifier as it was opened: `auto` is decided by then
 */
export async function openCacheOf(
  run: Run,
  {
    configuration,
    reader,
    classifier,
  }: { readonly configuration: AuditConfiguration; readonly reader: FaceReader; readonly classifier: string },
): Promise<ReadingCache | null> {
  const { cache, faces, embedder, noFace, device } = configuration;
  if (!cache || faces === 'all') return null;
  const { digests } = run.record.provenance;
  const models = Object.entries(digests).filter(
    ([role]) => role.startsWith('embedder') || role.startsWith('classifier'),
  );
  return await openReadingCache(run.runsDir, {
    reader: {
      biolens: packageVersion(),
      embedder,
      classifier,
      noFace,
      device,
      ...Object.fromEntries(models.map(([role, digest]) => [`${role} digest`, digest])),
    },
    width: reader.width,
    attributes: Object.fromEntries(
      Object.entries(reader.classifier?.classes ?? {}).map(([name, classes]) => [name, [...classes]]),
    ),
  });
}
