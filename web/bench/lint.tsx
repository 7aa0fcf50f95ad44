import { type ReactNode, useDeferredValue, useId, useMemo, useState } from 'react';
import type { LintReport } from '../../src/ground/contracts/bench-report.ts';
import { DataTable } from '../components/data-table.tsx';
import { FileName } from '../components/file-name.tsx';
import { Section } from '../components/section.tsx';
import { ShowMore } from '../components/show-more.tsx';
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
        {plural(lint.questions, 'question')} and{' '}
        {lint.pictures === 0 ? 'no pictures' : plural(lint.pictures, 'picture')} looked at by{' '}
        {plural(lint.rules.length, 'rule')}; {formatCount(lint.rules.length - found.length)} of them found nothing.
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
              cell: ({ rule, severity }) => (
                <>
                  {visibleText(rule)}
                  <span className="row-note">{LEVELS[severity]}</span>
                </>
              ),
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
        <details className="alternative">
          <summary>All {plural(lint.findings.length, 'finding')}</summary>
          <FindingList findings={lint.findings} />
        </details>
      )}
    </>
  );
}

function FindingList({ findings }: { readonly findings: LintReport['findings'] }): ReactNode {
  const id = useId();
  const [text, setText] = useState('');
  const asked = useDeferredValue(text);
  const shown = useMemo(() => {
    const wanted = asked.trim().toLowerCase();
    return findings
      .map((finding, index) => ({ ...finding, index }))
      .filter(({ question, rule, detail }) => `${question}\n${rule}\n${detail}`.toLowerCase().includes(wanted));
  }, [findings, asked]);
  return (
    <>
      <search className="toolbar" aria-label="Filter the findings">
        <label className="field grow" htmlFor={id}>
          <span>Question, rule or detail</span>
          <input
            id={id}
            type="search"
            value={text}
            spellCheck={false}
            autoComplete="off"
            onChange={event => setText(event.currentTarget.value)}
          />
        </label>
        <output className="note" aria-live="polite">
          {formatCount(shown.length)} of {formatCount(findings.length)}
        </output>
      </search>
      <ShowMore key={asked} items={shown} step={SHOWN} noun="findings">
        {rows => (
          <DataTable
            caption="Findings"
            captionHidden
            rows={rows}
            keyOf={finding => String(finding.index)}
            columns={[
              { id: 'question', header: 'Question', cell: finding => <FileName name={finding.question} whole /> },
              { id: 'rule', header: 'Rule', cell: finding => visibleText(finding.rule) },
              {
                id: 'detail',
                header: 'Detail',
                cell: finding => visibleText(finding.detail.slice(0, LONGEST_DETAIL)),
              },
            ]}
          />
        )}
      </ShowMore>
    </>
  );
}
