import type { ReactNode } from 'react';
import type { MitigationReport } from '../../src/ground/contracts/mitigation.ts';
import { type Fact, Facts } from '../components/facts.tsx';
import { FileName } from '../components/file-name.tsx';
import { MethodSection } from '../components/method-section.tsx';
import type { OfRun } from '../components/of-run.ts';
import { SettingsTable } from '../components/settings-table.tsx';
import { formatCount, formatDuration, formatNumber, formatRate, formatShare } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { capitalised, wordsOf } from '../text/words.ts';

/** What was run, on what, with which targets and settings. */
export function Method({ report, run }: OfRun<MitigationReport>): ReactNode {
  return (
    <MethodSection
      run={run}
      lead="Samples of the model are weighted by rewards, and the model is trained on them with its own denoising loss; what is rewarded becomes more frequent. Intervals are at 95 % unless they say otherwise."
    >
      <h3>Model and sets</h3>
      <Facts items={modelFacts(report)} />
      <h3>Targets</h3>
      <Facts items={targetFacts(report)} />
      <h3>Time</h3>
      <Facts
        items={(['total', 'sampling', 'measuring', 'tuning'] as const).map(part => ({
          term: part === 'total' ? 'All of the work' : capitalised(part),
          value: formatDuration(report.timing[part] * 1000),
        }))}
      />
      <SettingsTable settings={report.settings} />
    </MethodSection>
  );
}

function modelFacts({ model, sets, after }: MitigationReport): Fact[] {
  const { embedder } = after.replication;
  return [
    { term: 'Model given', value: <FileName name={model.source} whole /> },
    { term: 'Fine-tuned model, in the run’s folder', value: <FileName name={model.result} whole /> },
    { term: 'Size', value: `${formatCount(model.parameters)} numbers, images of ${model.width} × ${model.height}` },
    { term: 'Training images', value: <FileName name={sets.training.source} whole /> },
    ...(sets.heldout === null
      ? []
      : [{ term: 'Held-out images', value: <FileName name={sets.heldout.source} whole /> }]),
    { term: 'Embedding', value: `${visibleText(embedder.name)}, ${formatCount(embedder.width)} numbers` },
  ];
}

function targetFacts({ targets }: MitigationReport): Fact[] {
  const { replication, bias, tolerance, quality } = targets;
  return [
    {
      term: 'Copies',
      value: replication === null ? 'were no goal' : `at most ${formatRate(replication.copied)} of the samples`,
    },
    ...Object.entries(bias).map(([attribute, shares]) => ({
      term: `Distribution of ${wordsOf(attribute)}`,
      value: Object.entries(shares)
        .map(([name, share]) => `${visibleText(name)} ${formatShare(share)}`)
        .join(', '),
    })),
    {
      term: 'Tolerance',
      value: `both ends of a share’s interval within ${formatNumber(tolerance * 100)} points of its target`,
    },
    {
      term: 'Quality floor',
      value: quality === null ? 'not guarded' : `Fréchet distance at most ${formatNumber(quality)} times that before`,
    },
  ];
}
