import type { AuditReport } from '../../ground/contracts/index.ts';
import { imageInFolder, type NamedImage, type ReportImages } from '../../kit/job/index.ts';

const inTraining = (file: string): NamedImage => ({ set: 'training', file });

/** Images of an audit's report: the pairs most alike, and the first clusters of duplicates. */
export const auditImages: ReportImages<AuditReport> = {
  list: ({ replication: { pairs, duplicates } }, most) => [
    ...pairs
      .slice(0, most.pairs)
      .flatMap(({ generated, training }): NamedImage[] => [
        { set: 'generated', file: generated },
        inTraining(training),
      ]),
    ...duplicates.clusters
      .slice(0, most.clusters)
      .flatMap(({ files }) => files.slice(0, most.clusterFiles).map(inTraining)),
  ],
  open: async ({ report: { sets } }, { set, file }) => {
    const found = set === 'questions' || set === 'run' ? null : sets[set];
    return found?.kind === 'images' ? imageInFolder(found.source, file) : null;
  },
};
