import { type ReactNode, useMemo } from 'react';
import type { LintReport } from '../../src/ground/contracts/bench-report.ts';
import { DataTable } from '../components/data-table.tsx';
import { FileName } from '../components/file-name.tsx';
import { Folded } from '../components/folded.tsx';
import { Noted } from '../components/noted.tsx';
import { SearchableList } from '../components/searchable-list.tsx';
import { Section } from '../components/section.tsx';
import { formatCount, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';

const SHOWN = 40;
const LONGEST_DETAIL = 400;
const LEVELS = { error: 'Error', warning: 'Caution', info: 'Note' } as const;

/** Defects of the benchmark itself. */
export function Lint({ lint }: { readonly lint: LintReport | null }): ReactNode {
  return (
    <Section
      id="defects"
      title="Defects of the benchmark"
      lead="What the linter found in the questions. Questions with an error or a caution are left out of the numbers called “without defects”."
    >
      {lint === null ? <p className="note">The benchmark was not linted.</p> : <Findings lint={lint} />}
    </Section>
  );
}

function Findings({ lint }: { readonly lint: LintReport }): ReactNode {
  const found = lint.rules.filter(rule => rule.findings > 0);
  return (
    <>
      <p className="note">
        {plural(lint.questions, 'question')} and {lint.pictures === 0 ? 'no images' : plural(lint.pictures, 'image')}{' '}
        looked at by {plural(lint.rules.length, 'rule')}; {formatCount(lint.rules.length - found.length)} of them found
        nothing.
      </p>
      {found.length > 0 && (
        <DataTable
          caption="Rules that found something"
          captionHidden
          layout="measures"
          rows={found}
          keyOf={rule => rule.rule}
          columns={[
            {
              id: 'rule',
              header: 'Rule',
              cell: ({ rule, severity }) => <Noted note={LEVELS[severity]}>{visibleText(rule)}</Noted>,
            },
            { id: 'findings', header: 'Findings', numeric: true, cell: rule => formatCount(rule.findings) },
            {
              id: 'meaning',
              header: 'What it says',
              cell: rule => <span className="meaning">{visibleText(rule.explanation)}</span>,
            },
          ]}
        />
      )}
      {lint.findings.length > 0 && (
        <Folded summary={`All ${plural(lint.findings.length, 'finding')}`}>
          <FindingList findings={lint.findings} />
        </Folded>
      )}
    </>
  );
}

type Finding = LintReport['findings'][number];

const textOf = ({ question, rule, detail }: Finding): string => `${question}\n${rule}\n${detail}`;

function FindingList({ findings }: { readonly findings: readonly Finding[] }): ReactNode {
  const items = useMemo(() => findings.map((finding, index) => ({ ...finding, index })), [findings]);
  return (
    <SearchableList
      label="Filter the findings"
      field="Question, rule or detail"
      items={items}
      textOf={textOf}
      step={SHOWN}
      noun="findings"
    >
      {rows => (
        <DataTable
          caption="Findings"
          captionHidden
          rows={rows}
          keyOf={({ index }) => String(index)}
          columns={[
            { id: 'question', header: 'Question', cell: ({ question }) => <FileName name={question} whole /> },
            { id: 'rule', header: 'Rule', cell: ({ rule }) => visibleText(rule) },
            { id: 'detail', header: 'Detail', cell: ({ detail }) => visibleText(detail.slice(0, LONGEST_DETAIL)) },
          ]}
        />
      )}
    </SearchableList>
  );
}
