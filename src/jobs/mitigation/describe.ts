import type { Metric, MitigationReport, MitigationRound } from '../../ground/contracts/index.ts';
import { describeSides } from '../../kit/text/sides.ts';
import { describeVerdict } from '../../kit/text/verdict.ts';
import { formatShare } from '../../kit/text/wrap.ts';

const STOPS: Readonly<Record<MitigationReport['stoppedBy'], string>> = {
  targets: 'all targets hold',
  quality: 'the samples became worse than allowed',
  rounds: 'the rounds ended',
};

function formatValue({ value, reason }: Metric): string {
  return value === null ? `not known: ${reason}` : value.toPrecision(3);
}

function describeAll({ before, after, comparison }: MitigationReport): string {
  const sides = [
    { title: 'before', side: before },
    { title: 'after', side: after },
    ...comparison.map(({ method, side }) => ({ title: method, side })),
  ];
  return describeSides(sides, {
    last: { FID: ({ quality }) => formatValue(quality.fid), KID: ({ quality }) => formatValue(quality.kid) },
  });
}

/** A round in a line. */
export function describeRound({ index, shares, replication, quality, reward }: MitigationRound): string {
  const distributions = Object.entries(shares).map(([attribute, { reported, corrected }]) => {
    const classes = Object.entries(corrected ?? reported).map(
      ([name, { value }]) => `${name} ${value === null ? '?' : (100 * value).toFixed(0)}`,
    );
    return `${attribute} ${classes.join(', ')} %`;
  });
  const fid = quality.fid.value === null ? [] : [`FID ${quality.fid.value.toPrecision(3)}`];
  const parts = [
    ...distributions,
    `copies ${formatShare(replication.copied)}`,
    ...fid,
    `reward ${reward.mean.toPrecision(3)}`,
  ];
  return `round ${index}: ${parts.join('; ')}`;
}

/** The result of a mitigation for a terminal of 80 columns: verdict, then before and after. */
export function describeMitigation(report: MitigationReport): string {
  const rounds = report.rounds.length - 1;
  return `${describeVerdict(report.verdict)}\n${describeAll(report)}\nStopped after ${rounds} round${rounds === 1 ? '' : 's'} of fine-tuning because ${STOPS[report.stoppedBy]}; kept round ${report.chosen}.\n`;
}
