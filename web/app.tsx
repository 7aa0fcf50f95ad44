import { type ReactNode, useCallback, useEffect, useState } from 'react';
import type { ReportPage, RunList as Runs } from '../src/ground/contracts/report.ts';
import type { Client } from './client/client.ts';
import { PageFrame } from './components/page-frame.tsx';
import { ReportFrame } from './report-frame.tsx';
import { RunList } from './runs/run-list.tsx';
import { RunProgress } from './runs/run-progress.tsx';

type Loaded =
  | { readonly state: 'loading' }
  | { readonly state: 'failed'; readonly message: string }
  | { readonly state: 'runs'; readonly runs: Runs }
  | { readonly state: 'page'; readonly page: ReportPage };

export interface AppProps {
  readonly client: Client;
  /** The run to show; null for the list of runs. */
  readonly runId: string | null;
}

/** Loads what the address asks for and shows it. */
export function App({ client, runId }: AppProps): ReactNode {
  const [loaded, setLoaded] = useState<Loaded>({ state: 'loading' });

  const load = useCallback(async () => {
    try {
      if (runId === null) setLoaded({ state: 'runs', runs: await client.listRuns() });
      else setLoaded({ state: 'page', page: await client.loadPage(runId) });
    } catch (error) {
      setLoaded({ state: 'failed', message: error instanceof Error ? error.message : String(error) });
    }
  }, [client, runId]);

  useEffect(() => {
    void load();
  }, [load]);

  const trail = client.kind === 'studio' && runId !== null && <a href="/">All runs</a>;
  switch (loaded.state) {
    case 'loading':
      return (
        <PageFrame sections={[]} trail={trail}>
          <p className="note" role="status">
            Loading…
          </p>
        </PageFrame>
      );
    case 'failed':
      return (
        <PageFrame sections={[]} trail={trail}>
          <h1>This page cannot be shown</h1>
          <p className="lead" role="alert">
            {loaded.message}
          </p>
        </PageFrame>
      );
    case 'runs':
      return (
        <PageFrame sections={[]}>
          <RunList runs={loaded.runs} />
        </PageFrame>
      );
    case 'page':
      return loaded.page.report === null ? (
        <PageFrame sections={[]} trail={trail}>
          <RunProgress client={client} page={loaded.page} onEnd={load} />
        </PageFrame>
      ) : (
        <ReportFrame client={client} page={loaded.page} report={loaded.page.report} trail={trail} />
      );
  }
}
