import type { ToolUse } from '../../../ground/contracts/bench-score.ts';
import { clusteredShare, type Observation } from './clustered-share.ts';
import type { Clusters } from './clusters.ts';
import type { Judgement } from './judge.ts';

/**
 * How often a model called tools, and how right its replies were with and without calls; null where none was offered. What the tools
 * changed cannot be told from one setting alone: `changed` is null here, and `scoreSettings` fills it in.
 */
export function scoreTools(judgements: readonly Judgement[], clusters: Clusters): ToolUse | null {
  const replies = judgements.filter(({ answer, outcome }) => answer.setting === 'tools' && outcome !== 'error');
  if (replies.length === 0) return null;
  const callsOf = ({ answer }: Judgement) => answer.toolCalls ?? [];
  const calls = replies.flatMap(callsOf);
  const byTool: Record<string, number> = {};
  for (const { name } of calls) byTool[name] = (byTool[name] ?? 0) + 1;
  const observe = (all: readonly Judgement[], of: (judgement: Judgement) => boolean): Observation[] =>
    all.map(judgement => ({
      value: of(judgement) ? 1 : 0,
      cluster: clusters.of.get(judgement.question.id) ?? -1,
    }));
  const right = ({ outcome }: Judgement): boolean => outcome === 'correct';
  const called = (judgement: Judgement): boolean => callsOf(judgement).length > 0;
  return {
    called: clusteredShare(observe(replies, called)),
    calls: calls.length,
    failed: calls.filter(({ error }) => error !== undefined).length,
    byTool,
    rightWithCalls: clusteredShare(observe(replies.filter(called), right)),
    rightWithoutCalls: clusteredShare(
      observe(
        replies.filter(reply => !called(reply)),
        right,
      ),
    ),
    changed: null,
  };
}
