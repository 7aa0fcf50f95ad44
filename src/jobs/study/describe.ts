import type { StudyReport } from '../../ground/contracts/index.ts';
import { formatTable } from '../../kit/text/table.ts';
import { describeVerdict } from '../../kit/text/verdict.ts';
import { formatShare, wrap } from '../../kit/text/wrap.ts';

/** With more classes than this, a line shows the most common one alone. */
const MOST_CLASSES = 2;

/** The classes whose shares are shown: of two the first says all, of more those most common in the folder. */
function shownClasses({ classes, whole }: StudyReport['attributes'][string]): string[] {
  const byShare = [...classes].sort((a, b) => (whole[b]?.value ?? 0) - (whole[a]?.value ?? 0));
  return classes.length <= MOST_CLASSES ? byShare.slice(0, 1) : byShare.slice(0, MOST_CLASSES);
}

function describeAttribute(report: StudyReport, name: string): string {
  const attribute = report.attributes[name]!;
  const shown = shownClasses(attribute);
  return shown
    .map(className => {
      const rows = report.sizes.map(size => {
        const found = report.results.filter(result => result.size === size);
        const subset = found[0]?.attributes[name]?.training[className];
        return [
          `${size}`,
          formatShare(subset),
          ...report.kinds.map(kind => {
            const bias = found.find(result => result.kind === kind)?.attributes[name];
            return formatShare((bias?.corrected?.generated ?? bias?.generated)?.[className]);
          }),
        ];
      });
      const columns = [
        { title: `${name} ${className}`, maxWidth: 20 },
        { title: 'training' },
        ...report.kinds.map(kind => ({ title: kind })),
      ];
      return `\n${formatTable(columns, rows)}`;
    })
    .join('');
}

/** The result of a study for a terminal of 80 columns: verdict, then the shares of the most common classes. */
export function describeStudy(report: StudyReport): string {
  const shares = Object.keys(report.attributes).map(name => describeAttribute(report, name));
  const refused = report.refused.map(
    ({ size, reason }) => `${wrap(`Size ${size} was left out: ${reason}.`, 80, '')}\n`,
  );
  return `${describeVerdict(report.verdict)}${shares.join('')}${refused.length > 0 ? `\n${refused.join('')}` : ''}`;
}
