import type { ReactNode } from 'react';
import type { TemplateAttackReport, TemplateReport } from '../../src/ground/contracts/templates.ts';
import { DataTable } from '../components/data-table.tsx';
import { Facts } from '../components/facts.tsx';
import { FileName } from '../components/file-name.tsx';
import { Findings } from '../components/findings.tsx';
import { MethodSection } from '../components/method-section.tsx';
import { metricColumn } from '../components/metric-column.tsx';
import type { OfRun } from '../components/of-run.ts';
import { OverviewSection } from '../components/overview-section.tsx';
import type { PageSection } from '../components/page-frame.tsx';
import { Section } from '../components/section.tsx';
import { usePageTitle } from '../state/use-page-title.ts';
import { formatCount, formatMeasured, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { AttackTable } from './attacks.tsx';
import { SchemeSection } from './scheme.tsx';

type Row = readonly [string, TemplateReport['schemes'][string]];

/** The parts of an evaluation, one for each scheme. */
export function templateSections({ schemes }: TemplateReport): readonly PageSection[] {
  return [
    { id: 'overview', title: 'Overview' },
    { id: 'costs', title: 'What protection costs' },
    { id: 'claims', title: 'Claims' },
    ...Object.entries(schemes).map(([name, { title }]) => ({ id: `scheme-${name}`, title: visibleText(title) })),
    { id: 'method', title: 'Method' },
  ];
}

const titleOf = (what: string, { schemes, people }: { readonly schemes: object; readonly people: number }): string =>
  `${what} by ${plural(Object.keys(schemes).length, 'scheme')} on ${plural(people, 'person', 'people')}`;

/** The report of an evaluation of template protection. */
export function TemplatePage({ report, run }: OfRun<TemplateReport>): ReactNode {
  const title = titleOf('Template protection', report);
  usePageTitle(title);
  const rows = Object.entries(report.schemes);
  return (
    <>
      <OverviewSection kind="Template protection" run={run} title={title}>
        <p className="lead">
          What face templates that can be revoked cost in recognition, and what a thief gets; embedder{' '}
          {visibleText(report.embedder)}.
        </p>
        <h2>Verdict</h2>
        <Findings findings={report.verdict} />
      </OverviewSection>
      <Costs rows={rows} />
      <Claims report={report} />
      {rows.map(([name, scheme]) => (
        <SchemeSection key={name} name={name} scheme={scheme} />
      ))}
      <Method report={report} run={run} />
    </>
  );
}

function Costs({ rows }: { readonly rows: readonly Row[] }): ReactNode {
  const eer = (id: 'unprotected' | 'secretKey' | 'stolenKey' | 'keyOnly', header: string) =>
    metricColumn({ id, header, kind: 'share', withoutN: true, metricOf: ([, scheme]: Row) => scheme[id].eer });
  return (
    <Section
      id="costs"
      title="What protection costs"
      lead="Equal error rates in four situations. With secret keys a key for each person helps to tell people apart, so the last column shows what keys alone do: a stranger’s face with the right key. What counts is the column of the stolen key."
    >
      <DataTable
        caption="Equal error rates"
        rows={rows}
        keyOf={([name]) => name}
        columns={[
          { id: 'scheme', header: 'Scheme', cell: ([, { title }]) => visibleText(title) },
          eer('unprotected', 'Unprotected'),
          eer('stolenKey', 'Key stolen'),
          eer('secretKey', 'Secret keys'),
          eer('keyOnly', 'Key alone'),
        ]}
      />
      <DataTable
        caption="Linkability, renewal, size and time"
        rows={rows}
        keyOf={([name]) => name}
        columns={[
          { id: 'scheme', header: 'Scheme', cell: ([, { title }]) => visibleText(title) },
          {
            id: 'dsys',
            header: 'D↔sys (95 % of chance)',
            numeric: true,
            cell: ([, { unlinkability }]) => `${unlinkability.dSys.toFixed(3)} (${unlinkability.null95.toFixed(3)})`,
          },
          metricColumn({
            id: 'renewed',
            header: 'Old template accepted after renewal',
            kind: 'share',
            metricOf: ([, { renewability }]: Row) => renewability.accepted,
          }),
          {
            id: 'bytes',
            header: 'Bytes',
            numeric: true,
            cell: ([, { cost }]) => `${formatCount(cost.templateBytes)} of ${formatCount(cost.embeddingBytes)}`,
          },
          { id: 'open', header: 'Key, ms', numeric: true, cell: ([, { cost }]) => formatMeasured(cost.openKeyMs) },
          {
            id: 'protect',
            header: 'Protect, ms',
            numeric: true,
            cell: ([, { cost }]) => formatMeasured(cost.protectMs),
          },
          {
            id: 'compare',
            header: 'Compare, ms',
            numeric: true,
            cell: ([, { cost }]) => formatMeasured(cost.compareMs),
          },
        ]}
      />
    </Section>
  );
}

type ClaimRow = { readonly name: string; readonly title: string; readonly claims: TemplateReport['modes'][string] };

function Claims({ report: { schemes, modes } }: { readonly report: TemplateReport }): ReactNode {
  const rows: ClaimRow[] = [
    ...Object.entries(schemes).map(([name, { title, claims }]) => ({ name, title, claims })),
    ...Object.entries(modes).map(([name, claims]) => ({ name, title: `under encryption: ${name}`, claims })),
  ];
  const adversaries = rows[0]?.claims.map(({ adversary }) => adversary) ?? [];
  const of = ({ claims }: ClaimRow, adversary: string) => claims.find(one => one.adversary === adversary);
  return (
    <Section
      id="claims"
      title="Claims"
      lead="Who is held off by which scheme, as measured here, and by which mode of matching under encryption, as its design has it. “Not claimed” is no weak “holds”: an attack that did not succeed within its budget proves nothing."
    >
      {adversaries.map(adversary => (
        <DataTable
          key={adversary}
          caption={`Against a ${visibleText(adversary)}`}
          rows={rows}
          keyOf={({ name }) => name}
          columns={[
            { id: 'scheme', header: 'Scheme or mode', cell: ({ title }) => visibleText(title) },
            {
              id: 'claim',
              header: 'Claim',
              cell: row => <strong>{of(row, adversary)?.claim ?? 'not claimed'}</strong>,
            },
            { id: 'because', header: 'Because', cell: row => visibleText(of(row, adversary)?.because ?? '') },
            { id: 'test', header: 'Test', cell: row => visibleText(of(row, adversary)?.test ?? '') },
          ]}
        />
      ))}
    </Section>
  );
}

function Method({ report, run }: OfRun<TemplateReport | TemplateAttackReport>): ReactNode {
  const { centring, failures, images, source } = report;
  return (
    <MethodSection
      run={run}
      skipped={report.skipped}
      lead="Intervals are at 95 % and resample people. Keys of an evaluation come from its seed, so that it can be repeated; they protect nothing. Linkability is that of Gomez-Barrero et al. (2018); chance deals out people, not scores."
    >
      <Facts
        items={[
          { term: 'Source', value: <FileName name={source} whole /> },
          { term: 'Failures to enrol', value: `${formatCount(failures)} of ${formatCount(images)} images` },
          { term: 'Centring', value: centring === null ? 'none' : <FileName name={centring.source} whole /> },
        ]}
      />
    </MethodSection>
  );
}

export const TEMPLATE_ATTACK_SECTIONS: readonly PageSection[] = [
  { id: 'overview', title: 'Overview' },
  { id: 'attacks', title: 'Attacks' },
  { id: 'method', title: 'Method' },
];

/** The report of attacks on protected templates. */
export function TemplateAttackPage({ report, run }: OfRun<TemplateAttackReport>): ReactNode {
  const title = titleOf('Attacks on templates', report);
  usePageTitle(title);
  return (
    <>
      <OverviewSection kind="Attacks" run={run} title={title}>
        <p className="lead">
          Up to {plural(report.targets, 'person', 'people')} attacked, {formatCount(report.budget)} questions or steps
          each.
        </p>
        <h2>Verdict</h2>
        <Findings findings={report.verdict} />
      </OverviewSection>
      <Section
        id="attacks"
        title="Attacks"
        lead="Recognised: an unprotected system takes what was found for the person, by another image of the person. Accepted: the protected system lets it in."
      >
        {Object.entries(report.schemes).map(([name, scheme]) => (
          <AttackTable key={name} title={scheme.title} attacks={scheme.attacks} />
        ))}
      </Section>
      <Method report={report} run={run} />
    </>
  );
}
