/** What an address of the studio asks for. */
export type Place =
  | { readonly at: 'runs' }
  | { readonly at: 'run'; readonly id: string }
  | { readonly at: 'jobs' }
  | { readonly at: 'compare'; readonly ids: readonly string[] }
  | { readonly at: 'bin' }
  /** Taking part in a federation. */
  | { readonly at: 'join' }
  /** The form of a job, filled in as a run was where `from` names one. */
  | { readonly at: 'form'; readonly kind: string; readonly from: string | null };

/** @param runId the run that the address names, if it names one */
export function placeOf(runId: string | null, { pathname, search }: Pick<Location, 'pathname' | 'search'>): Place {
  if (runId !== null) return { at: 'run', id: runId };
  if (pathname === '/new') return { at: 'jobs' };
  if (pathname === '/bin') return { at: 'bin' };
  if (pathname === JOIN_ADDRESS) return { at: 'join' };
  if (pathname === '/compare') {
    const ids = new URLSearchParams(search).get('runs') ?? '';
    return { at: 'compare', ids: ids.split(',').filter(id => id !== '') };
  }
  const [, kind] = /^\/new\/([^/]+)$/.exec(pathname) ?? [];
  if (kind === undefined) return { at: 'runs' };
  return { at: 'form', kind: decoded(kind), from: new URLSearchParams(search).get('from') };
}

/** Taking part in a federation with a folder of this machine. */
export const JOIN_ADDRESS = '/federate/join';

/** A part of an address as it was meant; one that is broken as it stands. */
export function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** Runs side by side; the first is what the others are compared with. */
export const compareAddress = (ids: readonly string[]): string =>
  `/compare?runs=${ids.map(encodeURIComponent).join(',')}`;

export const runAddress = (id: string): string => `/runs/${encodeURIComponent(id)}`;

/** The form of a job, filled in as a run was. */
export const formAddress = (kind: string, from?: string): string =>
  `/new/${encodeURIComponent(kind)}${from === undefined ? '' : `?from=${encodeURIComponent(from)}`}`;
