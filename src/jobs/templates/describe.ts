import type { Metric, TemplateAttackReport, TemplateReport } from '../../ground/contracts/index.ts';
import { formatTable } from '../../kit/text/table.ts';
import { describeVerdict } from '../../kit/text/verdict.ts';

const percent = ({ value }: Metric): string => (value === null ? '–' : `${(100 * value).toFixed(1)} %`);
const right = (title: string) => ({ title, align: 'right' as const });

/** An evaluation for a terminal of 80 columns: one row a scheme. */
export function describeTemplates({ schemes, verdict }: TemplateReport): string {
  const rows = Object.entries(schemes).map(
    ([name, { unprotected, secretKey, stolenKey, keyOnly, unlinkability, attacks, cost }]) => [
      name,
      percent(unprotected.eer),
      percent(secretKey.eer),
      percent(stolenKey.eer),
      percent(keyOnly.eer),
      `${unlinkability.dSys.toFixed(3)}/${unlinkability.null95.toFixed(3)}`,
      attacks.find(({ attack }) => attack === 'inversion')?.similarity.value?.toFixed(2) ?? '–',
      String(cost.templateBytes),
    ],
  );
  return [
    describeVerdict(verdict),
    '\nEqual error rates, linkability against chance, cosine of the inverted template:\n',
    formatTable(
      [
        { title: 'scheme', maxWidth: 19 },
        right('plain'),
        right('secret'),
        right('stolen'),
        right('key only'),
        right('Dsys/95 %'),
        right('invert'),
        right('bytes'),
      ],
      rows,
    ),
  ].join('');
}

/** Attacks for a terminal of 80 columns. */
export function describeAttacks({ schemes, verdict }: TemplateAttackReport): string {
  const rows = Object.entries(schemes).flatMap(([name, { attacks }]) =>
    attacks.map(({ attack, variant, similarity, recognised, accepted, queries, dSys }) => [
      name,
      variant === null ? attack : `${attack}, ${variant.replace(' templates', '')}`,
      similarity.value?.toFixed(2) ?? '–',
      percent(recognised),
      percent(accepted),
      queries === null ? '–' : queries.toFixed(0),
      dSys === null ? '–' : dSys.toFixed(3),
    ]),
  );
  return [
    describeVerdict(verdict),
    '\n',
    formatTable(
      [
        { title: 'scheme', maxWidth: 19 },
        { title: 'attack', maxWidth: 20 },
        right('cosine'),
        right('known'),
        right('accepted'),
        right('queries'),
        right('Dsys'),
      ],
      rows,
    ),
  ].join('');
}
