import type { AuditTextConfiguration } from './configuration.ts';
import type { CollectedTexts } from './documents/collect-texts.ts';
import type { ListedFiles } from './documents/list-files.ts';
import type { Layout } from './documents/read-documents.ts';
import type { TokenizerFile } from './tokens/tokenizer-file.ts';

/** The sets of an audit, as far as they are known before work. */
export interface AuditedSets {
  readonly training: ListedFiles & { readonly source: string };
  readonly heldout: (ListedFiles & { readonly source: string }) | null;
  readonly generated: CollectedTexts & { readonly source: string };
  readonly layout: Layout;
  readonly tokenizer: { readonly path: string; readonly file: TokenizerFile } | null;
}

/** What an audit of texts works on. */
export interface Work {
  readonly configuration: AuditTextConfiguration;
  readonly sets: AuditedSets;
  readonly signal: AbortSignal | undefined;
}
