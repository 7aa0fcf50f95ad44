import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { BenchReport, Metric, TaskCode } from '../../../src/ground/contracts/index.ts';
import { benchRun } from '../../../src/jobs/bench/index.ts';
import { clusteredShare } from '../../../src/jobs/bench/score/clustered-share.ts';
import { collectBuild, readProvenance } from '../build/check-built.ts';
import { temporaryFolder } from '../official-folder.ts';

const data = resolve(import.meta.dirname, '../../../../shared/data');
export const congress = resolve(data, 'congress');
export const orl = resolve(data, 'orl');
export const haveCongress = existsSync(resolve(congress, 'labels.csv'));
export const haveOrl = existsSync(resolve(orl, 's1'));

/** In the middle of the years in which the portraits were taken. */
const YEAR = 2010;

/** The portraits with the age that their people had about then; a folder as a user would bring it. */
export async function writePortraits(to: string): Promise<void> {
  await mkdir(to);
  await cp(join(congress, 'images'), join(to, 'images'), { recursive: true });
  const [, ...rows] = readFileSync(join(congress, 'labels.csv'), 'utf8').trim().split('\n');
  const lines = rows.map(row => {
    const [file, gender, born] = row.split(',');
    return `images/${file},${gender},${born},${YEAR}`;
  });
  await writeFile(join(to, 'labels.csv'), `file,gender,birth_year,photo_year\n${lines.join('\n')}\n`);
}

export interface SpecialistResult {
  readonly report: BenchReport;
  /** Share of right answers by the template of the question. */
  readonly byTemplate: Readonly<Record<string, Metric>>;
}

/** Makes questions of a folder as `biolens bench build` does, and puts them to the specialist as `biolens bench run` does. */
export async function askSpecialist(
  from: string,
  { task, count }: { readonly task: TaskCode; readonly count: number },
): Promise<SpecialistResult> {
  await using folder = await temporaryFolder();
  const to = join(folder.path, 'built');
  await collectBuild({ from, to, tasks: [task], perTask: count, seed: 1 });
  let report: BenchReport | null = null;
  for await (const event of benchRun({ from: to, lint: false }, { runsDir: join(folder.path, 'runs') }))
    if (event.type === 'result') report = event.report;
  if (report === null) throw new Error('no report');
  const templates = new Map(readProvenance(to).map(({ question, template }) => [question, template]));
  const groups = Map.groupBy(report.items, ({ question }) => templates.get(question) ?? '');
  const byTemplate = Object.fromEntries(
    [...groups].map(([template, items]) => [
      template,
      clusteredShare(items.map(({ strict }, cluster) => ({ value: strict.outcome === 'correct' ? 1 : 0, cluster }))),
    ]),
  );
  return { report, byTemplate };
}
