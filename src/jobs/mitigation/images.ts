import type { MitigationReport, MitigationSide } from '../../ground/contracts/index.ts';
import { imageInFolder, inRun, type NamedImage, type ReportImages } from '../../kit/job/index.ts';

/** A sample of a side, in the run's folder. */
const sampleOf = ({ samples }: MitigationSide, file: string): NamedImage => inRun(`${samples.folder}/${file}`);

/** Images of a mitigation's report: sheets, samples beside their nearest training images, and samples of the same noise. */
export const mitigationImages: ReportImages<MitigationReport> = {
  list: (report, most) => {
    const { before, after, pictures, rounds, comparison } = report;
    const sides = [before, after, ...comparison.map(({ side }) => side)];
    return [
      ...[pictures.sheets.before, pictures.sheets.after, ...rounds.map(({ sheet }) => sheet)].map(file =>
        inRun(file, true),
      ),
      ...(['before', 'after'] as const).flatMap(name =>
        pictures.nearest[name]
          .slice(0, most.samples)
          .flatMap(({ sample, training }): NamedImage[] => [
            sampleOf(report[name], sample),
            { set: 'training', file: training },
          ]),
      ),
      ...pictures.sameNoise.slice(0, most.samples).flatMap(file => sides.map(side => sampleOf(side, file))),
    ];
  },
  sourceOf: ({ sets }, set) => {
    const found = set === 'training' || set === 'heldout' ? sets[set] : null;
    return found?.kind === 'images' ? found.source : null;
  },
  open: async ({ path, report: { sets } }, { set, file }) => {
    if (set === 'run') return imageInFolder(path, file);
    const found = set === 'training' || set === 'heldout' ? sets[set] : null;
    return found?.kind === 'images' ? imageInFolder(found.source, file) : null;
  },
};
