/** What an address of the studio asks for. */
export type Place =
  | { readonly at: 'runs' }
  | { readonly at: 'run'; readonly id: string }
  | { readonly at: 'jobs' }
  /** The form of a job, filled in as a run was where `from` names one. */
  | { readonly at: 'form'; readonly kind: string; readonly from: string | null };

/** @param runId the run that the address names, if it names one */
export function placeOf(runId: string | null, { pathname, search }: Pick<Location, 'pathname' | 'search'>): Place {
  if (runId !== null) return { at: 'run', id: runId };
  if (pathname === '/new') return { at: 'jobs' };
  const [, kind] = /^\/new\/([^/]+)$/.exec(pathname) ?? [];
  if (kind === undefined) return { at: 'runs' };
  return { at: 'form', kind: decodeURIComponent(kind), from: new URLSearchParams(search).get('from') };
}

export const runAddress = (id: string): string => `/runs/${encodeURIComponent(id)}`;

/** The form of a job, filled in as a run was. */
export const formAddress = (kind: string, from?: string): string =>
  `/new/${encodeURIComponent(kind)}${from === undefined ? '' : `?from=${encodeURIComponent(from)}`}`;
