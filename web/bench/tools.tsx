import type { ReactNode } from 'react';
import type { ToolUse } from '../../src/ground/contracts/bench-score.ts';
import { type Measure, MeasureTable } from '../components/measure-table.tsx';
import { Section } from '../components/section.tsx';
import { formatCount, formatPEquals, plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { formatPointRange, formatPoints } from './points.ts';

/** What a model did with the face tools that it may call, and what that changed. */
export function Tools({ tools }: { readonly tools: ToolUse }): ReactNode {
  const { calls, failed, byTool } = tools;
  const names = Object.entries(byTool).sort((a, b) => b[1] - a[1]);
  return (
    <Section
      id="tools"
      title="Tools"
      lead="In this setting the model may call face networks on the images of its question."
    >
      <p className="sentence">
        <Change changed={tools.changed} />
      </p>
      <MeasureTable caption="Use of tools" measures={measuresOf(tools)} />
      <p className="note">
        {plural(calls, 'call')}
        {names.length > 0 && `: ${names.map(([name, n]) => `${visibleText(name)} ${formatCount(n)}`).join(', ')}`};{' '}
        {failed === 0 ? 'none' : formatCount(failed)} refused, such as for an image that there is not.
      </p>
    </Section>
  );
}

function Change({ changed }: Pick<ToolUse, 'changed'>): ReactNode {
  const value = changed?.difference.value ?? null;
  if (changed === null || value === null)
    return 'What the tools changed is not known: the questions were not asked without them.';
  const range = formatPointRange(changed.difference);
  return (
    <>
      Against the same questions without tools it is <strong>{formatPoints(Math.abs(value))}</strong>{' '}
      {value >= 0 ? 'better' : 'worse'}
      {range !== null && ` (${range})`}, {formatPEquals(changed.p)}: {plural(changed.gained, 'question')} went better,{' '}
      {formatCount(changed.lost)} worse.
    </>
  );
}

function measuresOf({ called, rightWithCalls, rightWithoutCalls }: ToolUse): readonly Measure[] {
  return [
    {
      id: 'called',
      name: 'Replies with a call',
      value: called,
      kind: 'share',
      meaning: 'Replies for which it called a tool at least once.',
      good: 'Neither high nor low is good in itself.',
    },
    {
      id: 'with-calls',
      name: 'Right with a call',
      value: rightWithCalls,
      kind: 'share',
      meaning: 'Replies with a call that are right.',
      good: 'Which questions it called for was its own choice.',
    },
    {
      id: 'without-calls',
      name: 'Right without a call',
      value: rightWithoutCalls,
      kind: 'share',
      meaning: 'Replies without a call that are right.',
      good: 'Not the same questions: compare with care.',
    },
  ];
}
