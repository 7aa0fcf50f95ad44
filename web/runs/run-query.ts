import type { RunList, RunRow } from '../../src/ground/contracts/report.ts';
import { comparing, type Sort, type SortValue, turnSort } from '../components/sort.ts';

export type RunColumn = 'title' | 'result' | 'verdict' | 'status' | 'seconds' | 'startedAt';

/** What the list of runs is narrowed to; empty for all. */
export interface RunQuery {
  readonly text: string;
  readonly kind: string;
  readonly tag: string;
  /** A digest: runs that read the same data or model. */
  readonly digest: string;
  readonly sort: Sort<RunColumn>;
}

export const FIRST_QUERY: RunQuery = {
  text: '',
  kind: '',
  tag: '',
  digest: '',
  sort: { column: 'startedAt', descending: true },
};

export const isFiltered = ({ text, kind, tag, digest }: RunQuery): boolean =>
  [text, kind, tag, digest].some(part => part !== '');

/** Worst last, so that a descending sort shows it first. */
const LEVELS = ['good', 'unknown', 'warning', 'bad'] as const;

function sortValue(run: RunRow, column: RunColumn): SortValue {
  switch (column) {
    case 'title':
      return run.title;
    case 'result':
      return run.headline?.metric.value ?? null;
    case 'verdict':
      return run.headline === null ? null : LEVELS.indexOf(run.headline.level);
    case 'status':
      return run.status;
    case 'seconds':
      return run.seconds;
    case 'startedAt':
      return run.startedAt;
  }
}

/** The runs that a query asks for, in its order. */
export function selectRuns(runs: RunList, query: RunQuery): RunRow[] {
  const wanted = query.text.trim().toLowerCase();
  const { column, descending } = query.sort;
  return runs
    .filter(
      run =>
        (query.kind === '' || run.kind === query.kind) &&
        (query.tag === '' || run.tags.includes(query.tag)) &&
        (query.digest === '' || run.data.some(({ digest }) => digest === query.digest)) &&
        (wanted === '' ||
          [run.title, run.id, run.notes, ...run.tags].some(text => text.toLowerCase().includes(wanted))),
    )
    .sort(comparing(run => sortValue(run, column), descending));
}

export const nextSort = (sort: Sort<RunColumn>, column: RunColumn): Sort<RunColumn> =>
  turnSort(sort, column, { descendingFirst: column !== 'title' && column !== 'status' });

/** The ends that a list sorted by each column can begin with, the larger values first. */
const ENDS: Readonly<Record<RunColumn, readonly [string, string, string]>> = {
  startedAt: ['Began', 'newest first', 'oldest first'],
  title: ['Run', 'Z to A', 'A to Z'],
  result: ['Result', 'highest first', 'lowest first'],
  verdict: ['Verdict', 'worst first', 'best first'],
  status: ['Status', 'Z to A', 'A to Z'],
  seconds: ['Duration', 'longest first', 'shortest first'],
};

/** Names an order among {@link SORT_CHOICES}. */
export const sortId = ({ column, descending }: Sort<RunColumn>): string => `${column}-${descending ? 'down' : 'up'}`;

/** Every order of the list, for where there are no headings to press. */
export const SORT_CHOICES = (Object.keys(ENDS) as RunColumn[]).flatMap(column => {
  const [name, ...ends] = ENDS[column];
  return ends.map((end, i) => {
    const sort = { column, descending: i === 0 };
    return { id: sortId(sort), title: `${name}, ${end}`, sort };
  });
});

/** Data and models that more than one run read, by their digests, with what they are called. */
export function sharedData(runs: RunList): readonly { readonly digest: string; readonly title: string }[] {
  const uses = Map.groupBy(
    runs.flatMap(({ data }) => data),
    ({ digest }) => digest,
  );
  return [...uses]
    .filter(([, used]) => used.length > 1)
    .map(([digest, used]) => {
      const [first] = used;
      const name = first === undefined || first.name === first.role ? '' : ` ${first.name}`;
      return { digest, title: `${first?.role ?? 'data'}${name}, ${used.length} runs (${digest.slice(0, 6)})` };
    });
}

/** How many runs one comparison takes. */
const MOST_COMPARED = 8;

/** Why the selected runs cannot be compared; null where they can. */
export function whyNotComparable(selected: readonly RunRow[]): string | null {
  if (selected.length < 2) return 'Select two runs or more to compare them.';
  if (selected.length > MOST_COMPARED) return `At most ${MOST_COMPARED} runs can be compared.`;
  if (new Set(selected.map(({ kind }) => kind)).size > 1) return 'Runs of one kind can be compared.';
  if (selected.some(({ status }) => status !== 'done')) return 'Runs that are done can be compared.';
  return null;
}
