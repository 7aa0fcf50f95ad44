import type { RunComparison, RunRecord } from '../../ground/contracts/index.ts';

const MOST_SETTINGS = 2000;
/** Characters of a value that are shown. */
const LONGEST = 4000;

/** A value as JSON; one that is nested too deeply for that is not shown. */
function written(value: unknown): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '…';
  }
}

/** Leaves of a configuration by their dotted paths, as JSON text; a list is one leaf. */
function leavesOf(configuration: Readonly<Record<string, unknown>>): Map<string, string> {
  const found = new Map<string, string>();
  const walk = (value: unknown, path: readonly string[]): void => {
    if (found.size >= MOST_SETTINGS) return;
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && path.length < 12) {
      for (const [name, inner] of Object.entries(value)) walk(inner, [...path, name]);
    } else if (value !== undefined) found.set(path.join('.'), written(value));
  };
  walk(configuration, []);
  return found;
}

/** Settings in which the runs differ. */
export function differingSettings(records: readonly RunRecord[]): RunComparison['configuration'] {
  const all = records.map(({ configuration }) => leavesOf(configuration));
  const paths = [...new Set(all.flatMap(leaves => [...leaves.keys()]))];
  return paths
    .map(path => ({ path, values: all.map(leaves => leaves.get(path) ?? null) }))
    .filter(({ values }) => new Set(values).size > 1)
    .map(({ path, values }) => ({ path, values: values.map(value => value?.slice(0, LONGEST) ?? null) }));
}

/** Digests of what the runs read, by role. */
export function digestsOf(records: readonly RunRecord[]): RunComparison['digests'] {
  const roles = [...new Set(records.flatMap(({ provenance }) => Object.keys(provenance.digests)))];
  return roles.map(role => ({ role, values: records.map(({ provenance }) => provenance.digests[role] ?? null) }));
}

/** What must be known before a difference between runs is read as one between what they measured. */
export function cautionsOn(records: readonly RunRecord[], digests: RunComparison['digests']): string[] {
  const different = digests.filter(({ values }) => new Set(values.filter(value => value !== null)).size > 1);
  const unknown = digests.filter(({ values }) => values.includes(null));
  const versions = new Set(records.map(({ provenance }) => `${provenance.biolens} ${provenance.commit ?? ''}`.trim()));
  return [
    ...(digests.length === 0
      ? ['No digest of data or models was recorded: whether the runs read the same is not known.']
      : []),
    ...(different.length > 1
      ? [
          `The runs read different data in more than one role (${different.map(({ role }) => role).join(', ')}): which of them made a difference cannot be told.`,
        ]
      : []),
    ...(unknown.length > 0
      ? [`Not every run recorded a digest of ${unknown.map(({ role }) => role).join(', ')}.`]
      : []),
    ...(versions.size > 1 ? [`The runs were made by different versions of biolens: ${[...versions].join(', ')}.`] : []),
  ];
}
