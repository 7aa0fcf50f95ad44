import type { SelectionReport } from '../../ground/contracts/index.ts';
import { imageInFolder, inRun, type NamedImage, type ReportImages } from '../../kit/job/index.ts';
import { openSetImage } from '../audit/declaration/index.ts';

/** Images of a selection's report: those that were kept, and the samples before that are most alike to a training image. */
export const selectionImages: ReportImages<SelectionReport> = {
  list: ({ before, after, selection }, most) => [
    ...selection.files.slice(0, most.samples).map(file => inRun(`${after?.folder ?? 'artifacts/kept'}/${file}`)),
    ...before.replication.pairs
      .slice(0, most.samples)
      .flatMap(({ generated, training }): NamedImage[] => [
        inRun(`${before.folder}/${generated}`),
        { set: 'training', file: training },
      ]),
  ],
  sourceOf: ({ sets }, set) => (set === 'training' && sets.training.kind === 'images' ? sets.training.source : null),
  open: async ({ path, report: { sets } }, image) =>
    image.set === 'run' ? imageInFolder(path, image.file) : openSetImage({ path, sets }, image),
};
