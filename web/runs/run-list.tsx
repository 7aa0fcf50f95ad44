import { type ReactNode, useEffect, useMemo, useState } from 'react';
import type { RunRow, RunList as Runs } from '../../src/ground/contracts/report.ts';
import type { Client } from '../client/client.ts';
import { compareAddress } from '../new-run/address.ts';
import { usePageTitle } from '../state/use-page-title.ts';
import { plural } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';
import { NotesDialog } from './notes-dialog.tsx';
import { FIRST_QUERY, selectRuns, whyNotComparable } from './run-query.ts';
import { RunTable } from './run-table.tsx';
import { RunsToolbar } from './runs-toolbar.tsx';

export interface RunListProps {
  readonly client: Client;
  readonly runs: Runs;
  /** Whether this studio starts runs, and writes what a user says of them. */
  readonly startable: boolean;
  readonly onChange: () => void;
}

/** Milliseconds after which results that have not been read yet are asked for again. */
const AGAIN_MS = 500;
const NONE: ReadonlySet<string> = new Set();

/** All runs of the studio's folder as a table of results. */
export function RunList({ client, runs, startable, onChange }: RunListProps): ReactNode {
  usePageTitle('Runs');
  const pending = runs.some(run => run.pending);
  useEffect(() => {
    if (!pending) return;
    const timer = setTimeout(onChange, AGAIN_MS);
    return () => clearTimeout(timer);
  }, [pending, onChange, runs]);
  return (
    <section className="section" aria-labelledby="runs-title">
      <div className="title-line">
        <h1 id="runs-title">Runs</h1>
        <div className="title-actions">
          {startable && (
            <>
              <a href="/bin">Bin</a>
              <a className="button primary" href="/new">
                New run
              </a>
            </>
          )}
        </div>
      </div>
      {runs.length === 0 ? (
        <p className="lead">
          There are no runs here yet.{' '}
          {!startable && (
            <>
              Begin one with <code>biolens audit --train A --generated B</code> and load this page again.
            </>
          )}
        </p>
      ) : (
        <Results client={client} runs={runs} writable={startable} pending={pending} onChange={onChange} />
      )}
    </section>
  );
}

interface ResultsProps {
  readonly client: Client;
  readonly runs: Runs;
  readonly writable: boolean;
  readonly pending: boolean;
  readonly onChange: () => void;
}

function Results({ client, runs, writable, pending, onChange }: ResultsProps): ReactNode {
  const [query, setQuery] = useState(FIRST_QUERY);
  const [chosen, setChosen] = useState(NONE);
  const [noted, setNoted] = useState<RunRow | null>(null);
  const [said, setSaid] = useState<string | null>(null);
  const [binned, setBinned] = useState<readonly string[]>([]);
  const shown = useMemo(() => selectRuns(runs, query), [runs, query]);
  // Runs that a filter hides are not acted upon.
  const selected = shown.filter(run => chosen.has(run.id));

  const choose = (id: string, on: boolean): void =>
    setChosen(now => new Set(on ? [...now, id] : [...now].filter(other => other !== id)));

  const act = async (what: () => Promise<string>): Promise<void> => {
    try {
      setSaid(await what());
    } catch (error) {
      setSaid(error instanceof Error ? error.message : String(error));
    }
    onChange();
  };
  const remove = (): Promise<void> =>
    act(async () => {
      const names: string[] = [];
      setBinned([]);
      try {
        for (const { id } of selected) names.push(await client.binRun(id));
      } finally {
        setBinned(names);
        setChosen(NONE);
      }
      return `${plural(names.length, 'run')} moved to the bin.`;
    });
  const undo = (): Promise<void> =>
    act(async () => {
      for (const name of binned) await client.restoreRun(name);
      setBinned([]);
      return `${plural(binned.length, 'run')} restored.`;
    });

  return (
    <>
      <RunsToolbar runs={runs} query={query} onChange={setQuery} shown={shown.length} />
      <SelectionBar selected={selected} writable={writable} onRemove={remove} onClear={() => setChosen(NONE)} />
      <p className="note runs-said" role="status">
        {said !== null && visibleText(said)}{' '}
        {binned.length > 0 && (
          <button type="button" className="link-button" onClick={() => void undo()}>
            Undo
          </button>
        )}
        {pending && 'Reading results…'}
      </p>
      <RunTable
        runs={shown}
        query={query}
        onSort={sort => setQuery({ ...query, sort })}
        chosen={chosen}
        onChoose={choose}
        onChooseAll={on => setChosen(on ? new Set(shown.map(({ id }) => id)) : NONE)}
        onTag={tag => setQuery({ ...query, tag })}
        onNotes={writable ? setNoted : null}
      />
      {noted !== null && (
        <NotesDialog
          run={noted}
          save={notes => client.saveNotes(noted.id, notes)}
          onClose={saved => {
            setNoted(null);
            if (saved) onChange();
          }}
        />
      )}
    </>
  );
}

interface SelectionBarProps {
  readonly selected: readonly RunRow[];
  readonly writable: boolean;
  readonly onRemove: () => Promise<void>;
  readonly onClear: () => void;
}

/** What can be done with the selected runs. */
function SelectionBar({ selected, writable, onRemove, onClear }: SelectionBarProps): ReactNode {
  if (selected.length === 0) return null;
  const why = whyNotComparable(selected);
  // The oldest comes first: later runs are compared with it.
  const ids = [...selected].sort((a, b) => a.startedAt.localeCompare(b.startedAt)).map(({ id }) => id);
  return (
    <section className="selection-bar" aria-label="Selected runs">
      <span>{plural(selected.length, 'run')} selected</span>
      {why === null ? (
        <a className="button primary" href={compareAddress(ids)}>
          Compare
        </a>
      ) : (
        <span className="note">{why}</span>
      )}
      {writable && (
        <button type="button" className="button" onClick={() => void onRemove()}>
          Delete
        </button>
      )}
      <button type="button" className="button" onClick={onClear}>
        Clear selection
      </button>
    </section>
  );
}
