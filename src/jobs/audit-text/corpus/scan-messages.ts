import type { TextFile } from '../documents/list-files.ts';
import type { Layout } from '../documents/read-documents.ts';
import type { Finding } from '../search/findings.ts';
import type { ScanCounts, ScanTask, View } from './scan-task.ts';

/** What a thread that scans is given at its start. */
export interface ScanSetting {
  readonly files: readonly TextFile[];
  readonly layout: Layout;
  /** Their arrays are shared, not copied. */
  readonly views: readonly View[];
}

export type ScanOrder = { readonly kind: 'scan'; readonly task: ScanTask } | { readonly kind: 'finish' };

export type ScanAnswer =
  | { readonly kind: 'scanned'; readonly task: ScanTask; readonly counts: ScanCounts }
  | { readonly kind: 'findings'; readonly findings: readonly (readonly Finding[])[] }
  | { readonly kind: 'failed'; readonly message: string };
