import { type FrozenPage, frozenPageSchema, thawPage } from '../../src/ground/contracts/report.ts';
import type { Client } from './client.ts';

const refuse = async (): Promise<never> => {
  throw new Error('This is a report of one run in a file: it can start and change nothing.');
};

/** Reads the page from the text of its script element. The frozen page holds one run, whatever its name. */
export function createFrozenClient(text: string): Client {
  const parse = (): FrozenPage => {
    const parsed = frozenPageSchema.safeParse(JSON.parse(text));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new Error(`This report holds data that this page cannot read: ${issue?.path.join('.')} ${issue?.message}.`);
  };
  return {
    kind: 'frozen',
    listRuns: async () => [],
    loadPage: async () => thawPage(parse()),
    pictureUrl: (page, { set, file }) => page.images[`${set}/${file}`] ?? null,
    watchRun: () => () => {},
    listJobs: async () => null,
    planJob: refuse,
    startJob: refuse,
    resumeRun: refuse,
    stopRun: refuse,
    compareRuns: refuse,
    imageUrl: () => null,
    saveNotes: refuse,
    binRun: refuse,
    listBin: async () => [],
    restoreRun: refuse,
    listFolder: refuse,
    followWork: () => () => {},
  };
}
