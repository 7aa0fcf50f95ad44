import type { ReactNode } from 'react';
import type { Pair, Replication } from '../../src/ground/contracts/audit.ts';
import { Section } from '../components/section.tsx';
import { useItemView } from '../state/use-item-view.ts';
import { downloadText, toCsv } from '../text/csv.ts';
import { formatCount, formatNumber, formatRate, plural } from '../text/format.ts';
import { MostAlike } from './most-alike.tsx';
import { PairDialog } from './pair-dialog.tsx';
import { PairPrintout } from './pair-printout.tsx';
import { FIRST_QUERY, nextSort, selectPairs } from './pair-view.ts';
import { PairsTable } from './pairs-table.tsx';
import { PairsToolbar } from './pairs-toolbar.tsx';

export interface CopiesProps {
  readonly replication: Replication;
  /** The sets are folders of images, not embedding files. */
  readonly pictured: boolean;
  /** Name of the run, for the file that is exported. */
  readonly runId: string;
}

const keyOfPair = ({ generated }: Pair): string => generated;

/** The pairs most like copies: the first few large, then all of them in a table. */
export function Copies({ replication, pictured, runId }: CopiesProps): ReactNode {
  const { pairs } = replication;
  const view = useItemView(pairs, { name: 'pair', keyOf: keyOfPair, first: FIRST_QUERY, select: selectPairs });
  const { query, setQuery, shown, opened } = view;

  const exportRows = (): void => {
    const header = ['generated', 'training', 'similarity', 'p_value', 'q_value', 'copy'];
    const rows = shown.map(pair => [
      pair.generated,
      pair.training,
      pair.similarity,
      pair.pValue,
      pair.qValue,
      pair.copy,
    ]);
    downloadText(`${runId}-pairs.csv`, toCsv(header, rows));
  };

  return (
    <Section id="copies" title="Copies" lead={<CopiesLead replication={replication} />}>
      {pairs.length === 0 ? (
        <p className="note">There are no pairs: no generated item could be compared with the training set.</p>
      ) : (
        <>
          {pictured && <MostAlike pairs={pairs} onOpen={view.openItem} />}
          <h3>All pairs</h3>
          <PairsToolbar
            query={query}
            onChange={setQuery}
            shown={shown.length}
            all={pairs.length}
            onExport={exportRows}
          />
          {view.printing ? (
            <PairPrintout pairs={shown} />
          ) : (
            <PairsTable
              pairs={shown}
              threshold={replication.threshold}
              sort={view.asked.sort}
              onSort={column => setQuery({ ...query, sort: nextSort(view.asked.sort, column) })}
              onOpen={view.open}
            />
          )}
          {opened !== null && <PairDialog pairs={shown} index={opened} onMove={view.open} onClose={view.close} />}
        </>
      )}
    </Section>
  );
}

function CopiesLead({ replication }: { readonly replication: Replication }): ReactNode {
  const { pairs, threshold, falseMatchRate, falseDiscoveryRate } = replication;
  const copies = pairs.filter(pair => pair.copy).length;
  return (
    <>
      Every generated item beside the training item it resembles most. {plural(copies, 'pair')} of{' '}
      {formatCount(pairs.length)} {copies === 1 ? 'is' : 'are'} called {copies === 1 ? 'a copy' : 'copies'}, with at
      most {formatRate(falseDiscoveryRate)} of the calls expected to be wrong.{' '}
      {threshold === null
        ? 'No match threshold could be calibrated.'
        : `Unrelated pairs of faces reach a similarity of ${threshold.toFixed(3)} about once in ${formatNumber(1 / falseMatchRate)}.`}
    </>
  );
}
