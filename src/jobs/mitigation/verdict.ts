import type { Finding, GoalState, MitigationReport } from '../../ground/contracts/index.ts';

type Told = Pick<MitigationReport, 'before' | 'after' | 'rounds' | 'stoppedBy'>;

const SUBJECTS: Readonly<Record<GoalState['goal'], string>> = {
  replication: 'copies',
  bias: 'bias',
  quality: 'quality',
};

function headlineOf(state: GoalState, before: GoalState | undefined): string {
  const was = before?.holds ?? false;
  if (state.goal === 'quality')
    return state.holds ? 'The pictures are about as good as before.' : 'The pictures are worse than allowed.';
  const what = state.goal === 'replication' ? 'copying' : `the mix of ${state.attribute}`;
  if (state.holds)
    return was ? `As before, ${what} is within its target.` : `Mended: ${what} is within its target now.`;
  return was ? `Harmed: ${what} was within its target before.` : `Not mended: ${what} still misses its target.`;
}

/** What a mitigation came to, a finding a goal, told from the fresh samples of the model before and after. */
export function writeVerdict({ before, after, rounds, stoppedBy }: Told): Finding[] {
  const findings = after.goals.map((state): Finding => {
    const { goal, attribute, holds, because } = state;
    const earlier = before.goals.find(other => other.goal === goal && other.attribute === attribute);
    const was = goal === 'quality' || earlier === undefined ? '' : `; before: ${earlier.because}`;
    return {
      subject: attribute === '' ? SUBJECTS[goal] : `${SUBJECTS[goal]} of ${attribute}`,
      level: holds ? 'good' : 'bad',
      headline: headlineOf(state, earlier),
      certainty: `On ${after.samples.n} fresh samples of each model: ${because}${was}.`,
    };
  });
  if (stoppedBy !== 'rounds' || findings.every(({ level }) => level === 'good')) return findings;
  return [
    ...findings,
    {
      subject: 'rounds',
      level: 'warning',
      headline: 'The rounds ended before the targets held.',
      certainty: `${rounds.length - 1} rounds of tuning; more rounds or more steps a round may reach them.`,
    },
  ];
}
