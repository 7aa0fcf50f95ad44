import type { BenchScore } from '../../../ground/contracts/bench-score.ts';
import { clusteredShare, type Observation } from './clustered-share.ts';
import type { Clusters } from './clusters.ts';
import type { Judgement } from './judge.ts';

/**
 * How steady the choice is when the options are turned (circular evaluation: Liu et al., MMBench, ECCV 2024, §4.2). Only questions
 * with a reply in every rotation count; with several repeats or settings, every full round of rotations does. Null where there is none.
 */
export function scoreRotations(judgements: readonly Judgement[], clusters: Clusters): BenchScore['rotation'] {
  const rounds = new Map<string, Judgement[]>();
  for (const judgement of judgements) {
    if (judgement.outcome === 'error') continue;
    const { question, setting, repeat } = judgement.answer;
    const key = JSON.stringify([question, setting, repeat]);
    const round = rounds.get(key) ?? [];
    round[judgement.answer.rotation] = judgement;
    rounds.set(key, round);
  }
  const consistent: Observation[] = [];
  const allCorrect: Observation[] = [];
  for (const round of rounds.values()) {
    const question = Object.values(round)[0]?.question;
    const replies = Object.values(round);
    if (question === undefined || replies.length < question.options.length) continue;
    const cluster = clusters.of.get(question.id) ?? -1;
    const [first] = replies;
    const same = replies.every(reply => reply.chosen !== null && reply.chosen === first?.chosen);
    consistent.push({ value: same ? 1 : 0, cluster });
    allCorrect.push({ value: replies.every(reply => reply.outcome === 'correct') ? 1 : 0, cluster });
  }
  if (consistent.length === 0) return null;
  return { consistent: clusteredShare(consistent), allCorrect: clusteredShare(allCorrect) };
}
