import type { IdentificationReport, VerificationReport } from '../../ground/contracts/index.ts';
import { formatTable } from '../../kit/text/table.ts';
import { describeVerdict } from '../../kit/text/verdict.ts';
import { formatShare, wrap } from '../../kit/text/wrap.ts';

/** What could not be measured is said once, not in every row. */
function rateRows(title: (rate: string) => string, rates: VerificationReport['tmr']): string[][] {
  return Object.entries(rates).flatMap(([rate, metric]) =>
    metric.value === null ? [] : [[title(rate), formatShare(metric)]],
  );
}

function unmeasured(rates: VerificationReport['tmr'], what: string): string {
  const first = Object.entries(rates).find(([, { value }]) => value === null);
  return first === undefined ? '' : `${wrap(`${what} ${first[0]} and below: ${first[1].reason}.`, 80, '')}\n`;
}

/** A verification for a terminal of 80 columns. */
export function describeVerification(report: VerificationReport): string {
  const { eer, tmr, identification, folds, centring, groups, frozen } = report;
  const rows = [
    ['equal error rate', formatShare(eer)],
    ...(centring === null ? [] : [['  without centring', formatShare(centring.eerWithout)]]),
    ...rateRows(rate => `true match rate at FMR ${rate}`, tmr),
    ...(folds === null ? [] : [['accuracy over folds', formatShare(folds.accuracy)]]),
    ...(identification === null ? [] : rateRows(rank => `rank ${rank}`, identification.ranks)),
  ];
  const applied = (frozen?.points ?? []).map(({ target, threshold, fmr, fnmr }) => [
    `${target === null ? 'equal errors' : `FMR ${target}`} (${threshold.toPrecision(4)})`,
    formatShare(fmr),
    formatShare(fnmr),
  ]);
  const byGroup = (groups?.groups ?? []).map(({ group, people, small, fmr, fnmr }) => [
    `${group}${small ? ' (few)' : ''}`,
    String(people),
    formatShare(fmr),
    formatShare(fnmr),
  ]);
  return [
    describeVerdict(report.verdict),
    '\n',
    formatTable([{ title: report.protocol, maxWidth: 40 }, { title: '' }], rows),
    unmeasured(tmr, 'True match rate at FMR'),
    byGroup.length === 0
      ? ''
      : `\n${formatTable([{ title: groups?.attribute ?? '', maxWidth: 24 }, { title: 'people' }, { title: 'FMR' }, { title: 'FNMR' }], byGroup)}`,
    applied.length === 0
      ? ''
      : `\n${formatTable([{ title: 'frozen threshold', maxWidth: 30 }, { title: 'FMR' }, { title: 'FNMR' }], applied)}`,
  ].join('');
}

/** An identification for a terminal of 80 columns. */
export function describeIdentification(report: IdentificationReport): string {
  const rows = [
    ...rateRows(rank => `among the first ${rank}`, report.ranks),
    ...rateRows(fpir => `found first at FPIR ${fpir}`, report.dir),
  ];
  return [
    describeVerdict(report.verdict),
    '\n',
    formatTable([{ title: 'searches for people who are enrolled' }, { title: '' }], rows),
    unmeasured(report.dir, 'FPIR'),
  ].join('');
}
