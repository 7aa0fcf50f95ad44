import type { ReactNode } from 'react';
import type { BenchReport } from '../../src/ground/contracts/bench-report.ts';
import { Facts } from '../components/facts.tsx';
import { FileName } from '../components/file-name.tsx';
import type { OfRun } from '../components/of-run.ts';
import { ConfigurationText } from '../components/provenance.tsx';
import { Section } from '../components/section.tsx';
import { formatCount, formatDuration, formatTime } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';

/** From what and with which settings the numbers were made. */
export function Method({ report, run }: OfRun<BenchReport>): ReactNode {
  const { benchmark } = report;
  const { provenance } = run;
  const { startedAt, endedAt, host } = provenance;
  return (
    <Section
      id="method"
      title="Method and provenance"
      lead="Intervals are at 95 % unless they say otherwise; the method of each is in its tooltip and in report.json."
    >
      <Facts
        items={[
          { term: 'Benchmark', value: <FileName name={benchmark.source} whole /> },
          { term: 'Format', value: `${benchmark.format}, ${formatCount(benchmark.questions)} questions` },
          { term: 'Digest of the questions', value: <code className="digest">{visibleText(benchmark.digest)}</code> },
          { term: 'Run', value: <FileName name={run.id} whole /> },
          { term: 'Began', value: formatTime(startedAt) },
          {
            term: 'Took',
            value: endedAt === null ? 'not over' : formatDuration(Date.parse(endedAt) - Date.parse(startedAt)),
          },
          {
            term: 'Version',
            value: visibleText(`${provenance.biolens}${provenance.commit === null ? '' : ` (${provenance.commit})`}`),
          },
          { term: 'Seed', value: String(provenance.seed) },
          { term: 'Machine', value: visibleText(`${host.cpu}, ${formatCount(host.cores)} cores, ${host.platform}`) },
          ...Object.entries(provenance.digests).map(([role, digest]) => ({
            term: visibleText(`SHA-256 of ${role}`),
            value: <code className="digest">{visibleText(digest)}</code>,
          })),
        ]}
      />
      <ConfigurationText run={run} />
    </Section>
  );
}
