import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The folder of the one run in a folder of runs. */
export const onlyRun = (runsDir: string): string =>
  join(runsDir, readdirSync(runsDir).find(name => !name.startsWith('.'))!);

export const readItems = (path: string): readonly Readonly<Record<string, unknown>>[] =>
  readFileSync(join(path, 'items.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map(line => JSON.parse(line));

const TIMES = /seconds|^timing$|Ms$|latency|duration|perSecond|times?$/i;

/** A report without its times. */
export function reportOf(path: string): unknown {
  const text = readFileSync(join(path, 'report.json'), 'utf8');
  return JSON.parse(text, (name, value) => (TIMES.test(name) ? undefined : value));
}
