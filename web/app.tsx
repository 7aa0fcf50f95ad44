import { type ReactNode, useCallback, useEffect, useState } from 'react';
import type { RunComparison } from '../src/ground/contracts/comparison.ts';
import type { FormJob } from '../src/ground/contracts/job.ts';
import type { BinnedRuns, ReportPage, RunList as Runs } from '../src/ground/contracts/report.ts';
import type { RunRecord } from '../src/ground/contracts/run.ts';
import type { Client } from './client/client.ts';
import { ComparePage } from './compare/compare-page.tsx';
import { PageFrame } from './components/page-frame.tsx';
import { JoinPage } from './federated/join/join-page.tsx';
import { formAddress, type Place, placeOf } from './new-run/address.ts';
import { JobList } from './new-run/job-list.tsx';
import { NewRunPage } from './new-run/new-run-page.tsx';
import { ReportFrame } from './report-frame.tsx';
import { BinPage } from './runs/bin-page.tsx';
import { LiveReport } from './runs/live-report.tsx';
import { RunList } from './runs/run-list.tsx';
import { RunNotice } from './runs/run-notice.tsx';
import { RunProgress } from './runs/run-progress.tsx';

type Loaded =
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly message: string }
  | { readonly state: 'runs'; readonly runs: Runs; readonly startable: boolean }
  | { readonly state: 'page'; readonly page: ReportPage; readonly startable: boolean }
  | { readonly state: 'compare'; readonly comparison: RunComparison }
  | { readonly state: 'bin'; readonly runs: BinnedRuns }
  | { readonly state: 'join' }
  | { readonly state: 'jobs'; readonly jobs: readonly FormJob[] }
  | { readonly state: 'form'; readonly job: FormJob; readonly from: RunRecord | null };

/** @throws Error with one line for the reader */
async function loadPlace(client: Client, place: Place): Promise<Loaded> {
  switch (place.at) {
    case 'runs': {
      const [runs, jobs] = await Promise.all([client.listRuns(), client.listJobs()]);
      return { state: 'runs', runs, startable: jobs !== null };
    }
    case 'run': {
      const [page, jobs] = await Promise.all([client.loadPage(place.id), client.listJobs()]);
      const startable = jobs?.some(({ kind }) => kind === page.run.kind) ?? false;
      return { state: 'page', page, startable };
    }
    case 'compare':
      return { state: 'compare', comparison: await client.compareRuns(place.ids) };
    case 'bin':
      return { state: 'bin', runs: await client.listBin() };
    case 'join':
      return { state: 'join' };
    case 'jobs':
      return { state: 'jobs', jobs: await jobsOf(client) };
    case 'form': {
      const job = (await jobsOf(client)).find(({ kind }) => kind === place.kind);
      if (job === undefined) throw new Error(`There is no job “${place.kind}” here.`);
      const from = place.from === null ? null : (await client.loadPage(place.from)).run;
      return { state: 'form', job, from };
    }
  }
}

async function jobsOf(client: Client): Promise<readonly FormJob[]> {
  const jobs = await client.listJobs();
  if (jobs === null) throw new Error('This studio only shows runs; it starts none.');
  return jobs;
}

export interface AppProps {
  readonly client: Client;
  /** The run to show; null for what else the address asks for. */
  readonly runId: string | null;
}

/** Loads what the address asks for and shows it. */
export function App({ client, runId }: AppProps): ReactNode {
  const [loaded, setLoaded] = useState<Loaded>({ state: 'loading' });

  const load = useCallback(async () => {
    try {
      setLoaded(await loadPlace(client, placeOf(runId, location)));
    } catch (error) {
      setLoaded({ state: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  }, [client, runId]);

  useEffect(() => {
    void load();
  }, [load]);

  const home = client.kind === 'studio' && placeOf(runId, location).at !== 'runs' && <a href="/">All runs</a>;
  switch (loaded.state) {
    case 'loading':
      return (
        <PageFrame sections={[]} trail={home}>
          <p className="note" role="status">
            Loading…
          </p>
        </PageFrame>
      );
    case 'failed':
      return (
        <PageFrame sections={[]} trail={home}>
          <h1>This page cannot be shown</h1>
          <p className="lead" role="alert">
            {loaded.message}
          </p>
        </PageFrame>
      );
    case 'runs':
      return (
        <PageFrame sections={[]}>
          <RunList client={client} runs={loaded.runs} startable={loaded.startable} onChange={load} />
        </PageFrame>
      );
    case 'compare':
      return (
        <PageFrame sections={[]} trail={home}>
          <ComparePage client={client} comparison={loaded.comparison} />
        </PageFrame>
      );
    case 'bin':
      return (
        <PageFrame sections={[]} trail={home}>
          <BinPage client={client} runs={loaded.runs} onChange={load} />
        </PageFrame>
      );
    case 'join':
      return <JoinPage trail={home} />;
    case 'jobs':
      return (
        <PageFrame sections={[]} trail={home}>
          <JobList jobs={loaded.jobs} />
        </PageFrame>
      );
    case 'form':
      return (
        <PageFrame sections={[]} trail={home}>
          <NewRunPage client={client} job={loaded.job} from={loaded.from} />
        </PageFrame>
      );
    case 'page':
      return <RunPlace {...loaded} client={client} home={home} onChange={load} />;
  }
}

interface RunPlaceProps {
  readonly client: Client;
  readonly page: ReportPage;
  readonly startable: boolean;
  readonly home: ReactNode;
  readonly onChange: () => void;
}

/** A run: its report, or how far it is. */
function RunPlace({ client, page, startable, home, onChange }: RunPlaceProps): ReactNode {
  const { run, report } = page;
  const again = startable && run.status !== 'running' && <a href={formAddress(run.kind, run.id)}>Run again</a>;
  const trail = (
    <>
      {home}
      {again}
    </>
  );
  if (report === null)
    return (
      <PageFrame sections={[]} trail={trail}>
        <RunProgress key={run.status} client={client} page={page} startable={startable} onChange={onChange} />
      </PageFrame>
    );
  if (run.status === 'running')
    return <LiveReport client={client} page={page} startable={startable} trail={trail} onChange={onChange} />;
  return (
    <>
      {startable && <RunNotice client={client} id={run.id} />}
      <ReportFrame client={client} page={page} report={report} trail={trail} />
    </>
  );
}
