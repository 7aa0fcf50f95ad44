import type { ReactNode } from 'react';
import type { RunRecord } from '../../src/ground/contracts/run.ts';
import { formatBytes, formatCount, formatDuration, formatTime } from '../text/format.ts';
import { visibleLines, visibleText } from '../text/visible-text.ts';
import { type Fact, Facts } from './facts.tsx';
import { Folded } from './folded.tsx';

/** Which run this is, made by what, where and from what: enough to repeat it. */
export function Provenance({ run }: { readonly run: RunRecord }): ReactNode {
  const digests = Object.entries(run.provenance.digests);
  return (
    <>
      <h3>Run</h3>
      <Facts items={runFacts(run)} />
      {digests.length > 0 && (
        <Folded summary="Digests (SHA-256)">
          <Facts
            items={digests.map(([role, digest]) => ({
              term: visibleText(role),
              value: <code className="digest">{visibleText(digest)}</code>,
            }))}
          />
        </Folded>
      )}
      <ConfigurationText run={run} />
    </>
  );
}

/** What the run was told to do, as it is recorded. */
export function ConfigurationText({ run }: { readonly run: RunRecord }): ReactNode {
  return (
    <Folded summary="Configuration">
      <pre className="configuration">{visibleLines(JSON.stringify(run.configuration, null, 2))}</pre>
    </Folded>
  );
}

/** The first characters name a commit; a plus at the end says that the working copy had changes. */
const shortCommit = (commit: string): string => visibleText(commit.slice(0, 12) + (commit.endsWith('+') ? '+' : ''));

function runFacts({ id, provenance }: RunRecord): Fact[] {
  const { host, startedAt, endedAt } = provenance;
  return [
    { term: 'Run', value: <code>{visibleText(id)}</code> },
    {
      term: 'biolens',
      value: (
        <>
          {visibleText(provenance.biolens)}
          {provenance.commit !== null && (
            <>
              , commit <code title={visibleText(provenance.commit)}>{shortCommit(provenance.commit)}</code>
            </>
          )}
        </>
      ),
    },
    { term: 'Seed', value: String(provenance.seed) },
    {
      term: 'Time',
      value:
        endedAt === null
          ? `began ${formatTime(startedAt)}, not ended`
          : `${formatTime(startedAt)}, took ${formatDuration(Date.parse(endedAt) - Date.parse(startedAt))}`,
    },
    {
      term: 'Host',
      value: `${visibleText(host.platform)}, ${visibleText(host.cpu)}, ${formatCount(host.cores)} cores, ${formatBytes(host.memoryBytes)}`,
    },
    {
      term: 'Software',
      // Jobs without networks have no engine.
      value:
        host.runtime === 'none'
          ? `Node ${visibleText(host.node)}`
          : `Node ${visibleText(host.node)}, ${visibleText(host.runtime)} on ${visibleText(host.device)}`,
    },
  ];
}
