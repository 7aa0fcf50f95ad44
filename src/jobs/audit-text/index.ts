export {
  type AuditTextConfiguration,
  type AuditTextConfigurationInput,
  auditTextConfigurationSchema,
} from './configuration.ts';
export { type Scanned, type ScanOptions, type ScanProgress, scanCorpus } from './corpus/scan-corpus.ts';
export type { View } from './corpus/scan-task.ts';
export { listTextFiles, type TextFile } from './documents/list-files.ts';
export { NORMALISATIONS, type Normalisation, normaliseText } from './documents/normalise.ts';
export type { Layout } from './documents/read-documents.ts';
export { auditTextItemSchema } from './items.ts';
export { type AuditTextEvent, auditTextJob, auditTextRun, resumeAuditText } from './job.ts';
export { type Finding, Findings, Matches, type Place, type Reach } from './search/findings.ts';
export { type FoundRun, runsOf } from './search/runs.ts';
export { suffixArray } from './search/suffix-array.ts';
export { indexTexts, type TextIndex } from './search/text-index.ts';
