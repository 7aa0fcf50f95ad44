import type { TaskCode } from '../../ground/contracts/bench-codes.ts';

/** How many questions the published statistics table gives one task of one source data set, by the images they show. */
export interface PublishedCount {
  readonly dataset: string;
  readonly task: TaskCode;
  readonly multiple: number;
  readonly single: number;
  readonly zero: number;
}

const row = (dataset: string, task: TaskCode, multiple: number, single: number, zero = 0): PublishedCount => ({
  dataset,
  task,
  multiple,
  single,
  zero,
});

/** The statistics table of FaceXBench (Narayan, VS, Patel, arXiv 2501.10360): 5,000 questions from 26 sets. */
export const PUBLISHED_COUNTS: readonly PublishedCount[] = [
  row('FairFace', 'age', 200, 100),
  row('UTKFace', 'age', 150, 50),
  row('FairFace', 'gender', 200, 100),
  row('UTKFace', 'gender', 150, 50),
  row('FairFace', 'race', 200, 100),
  row('UTKFace', 'race', 150, 50),
  row('LFW', 'hr_fr', 60, 0),
  row('AgeDB', 'hr_fr', 100, 0),
  row('CFP-FF', 'hr_fr', 60, 0),
  row('CFP-FP', 'hr_fr', 60, 0),
  row('CALFW', 'hr_fr', 60, 0),
  row('CPLFW', 'hr_fr', 60, 0),
  row('TinyFace', 'lr_fr', 100, 0),
  row('IMDB', 'celebrity_identification', 150, 150),
  row('WMCA', 'fas', 100, 150),
  row('MSU-MFSD', 'fas', 50, 0),
  row('CASIA-MFSD', 'fas', 50, 0),
  row('ReplayAttack', 'fas', 50, 0),
  row('CelebDF', 'deepfakes', 150, 0),
  row('FF++', 'deepfakes', 150, 0),
  row('CelebA', 'attributes', 200, 200),
  row('RAF-DB', 'expression', 100, 100),
  row('AffectNet', 'expression', 100, 100),
  row('AFLW2000', 'headpose', 50, 150),
  row('BIWI', 'headpose', 50, 150),
  row('JHUCrowd++', 'crowd_counting', 0, 200),
  row('ShanghaiTech', 'crowd_counting', 0, 100),
  row('CelebAMask-HQ', 'segmentation', 0, 200),
  row('LaPa', 'segmentation', 0, 200),
  row('FaceXAPI', 'tools_retrieval', 0, 0, 100),
];

/** Keys letters and digits only, lower case: what the headers and file names of the released files call a set. */
const ALIASES: Readonly<Record<string, string>> = {
  agedb30: 'AgeDB',
  msu: 'MSU-MFSD',
  casia: 'CASIA-MFSD',
  replay: 'ReplayAttack',
  faceforensics: 'FF++',
  jhucrowd: 'JHUCrowd++',
  gpt4o: 'FaceXAPI',
  toolsretrieval: 'FaceXAPI',
};

const plain = (name: string): string => name.toLowerCase().replace(/[^a-z0-9]/g, '');

const NAMES: ReadonlyMap<string, string> = new Map([
  ...PUBLISHED_COUNTS.map(count => [plain(count.dataset), count.dataset] as const),
  ...Object.entries(ALIASES),
]);

/**
 * The published name of a source data set, from what a file header calls it (`cfpff` → `CFP-FF`, `gpt4o` → `FaceXAPI`).
 * A set of another benchmark keeps its own name.
 */
export function datasetName(header: string): string {
  return NAMES.get(plain(header)) ?? header.trim();
}
