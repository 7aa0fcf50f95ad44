import type { ReactNode } from 'react';
import type { Question } from '../../src/ground/contracts/bench.ts';
import type { BenchItem, Reading } from '../../src/ground/contracts/bench-report.ts';
import { Facts } from '../components/facts.tsx';
import { formatCount, formatMeasured, plural } from '../text/format.ts';
import { visibleLines, visibleText } from '../text/visible-text.ts';
import { OutcomeMark } from './outcome.tsx';
import { PARSER_TITLES } from './outcomes.tsx';
import { shownOptions } from './question-view.ts';

/** One reply as it came, in which order the options were shown, and what each parser made of it. */
export function ReplyView({ item, question }: { readonly item: BenchItem; readonly question: Question }): ReactNode {
  const { raw, cut, error, rotation, repeat, latencyMs, toolCalls } = item;
  const facts = [
    rotation === 0 ? null : `Options rotated by ${formatCount(rotation)}`,
    repeat === 0 ? null : `Repeat ${formatCount(repeat)}`,
    latencyMs === null ? null : `${formatMeasured(latencyMs / 1000)}\u00a0s`,
    toolCalls === 0 ? null : plural(toolCalls, 'tool call'),
  ].filter(fact => fact !== null);
  return (
    <article className="reply" aria-label={rotation === 0 ? 'Reply' : `Reply to options turned by ${rotation}`}>
      {facts.length > 0 && <p className="note">{facts.join(' · ')}</p>}
      {rotation > 0 && (
        <p className="note turned">
          {shownOptions(question, rotation).map(({ label, own }) => (
            <span key={label}>
              {label} showed {own}
            </span>
          ))}
        </p>
      )}
      {raw === null ? (
        <p className="reply-text">No reply came: {visibleText(error ?? 'no reason was recorded')}</p>
      ) : (
        <pre className="reply-text" dir="auto">
          {raw === '' ? '(an empty reply)' : visibleLines(raw)}
        </pre>
      )}
      {cut > 0 && <p className="note">{plural(cut, 'more character')}, which the run’s items hold, are not shown.</p>}
      <Facts
        look="readings"
        items={(['strict', 'official'] as const).map(parser => ({
          term: PARSER_TITLES[parser],
          value: <ReadingView reading={item[parser]} />,
        }))}
      />
    </article>
  );
}

function ReadingView({ reading: { outcome, chosen, shown, how } }: { readonly reading: Reading }): ReactNode {
  const letter = chosen === null ? null : shown === null || shown === chosen ? chosen : `${shown}, which is ${chosen}`;
  return (
    <>
      <OutcomeMark outcome={outcome} />
      {letter !== null && <span> {letter}</span>}
      <span className="row-note">{visibleText(how)}</span>
    </>
  );
}
