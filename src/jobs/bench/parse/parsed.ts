import type { QuestionOption } from '../../../ground/contracts/bench.ts';

/** The names of the parsers. */
export const PARSERS = ['official', 'strict'] as const;
export type ParserName = (typeof PARSERS)[number];

/** What a parser makes of a reply: the label it commits to, that it declines, or neither; each with what was seen. */
export type Parsed =
  | { readonly kind: 'label'; readonly label: string; readonly how: string }
  | { readonly kind: 'refused'; readonly how: string }
  | { readonly kind: 'unparsed'; readonly how: string };

/** @param options as they were shown, labels included. */
export type Parser = (raw: string, options: readonly QuestionOption[]) => Parsed;

export const labelled = (label: string, how: string): Parsed => ({ kind: 'label', label, how });
