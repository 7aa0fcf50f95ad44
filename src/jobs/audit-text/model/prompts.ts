import type { Text } from '../documents/collect-texts.ts';
import { codePointsOf, wordsOf } from '../measure/words.ts';

/** A document that a model is asked to continue from a place. */
export interface Prompt {
  readonly document: string;
  readonly control: boolean;
  readonly words: number;
  readonly prefix: string;
  /** What follows in the document. */
  readonly truth: string;
  /** Bytes, code points and lines of the document before that. */
  readonly at: { readonly bytes: number; readonly codePoints: number; readonly lines: number };
}

/** Fewer words to compare say nothing. */
const LEAST_WORDS = 20;

/** Cuts a document after so many words; null for one that is too short for it. */
export function cutPrompt(
  { name, bytes }: Text,
  {
    words,
    continuation,
    control,
  }: { readonly words: number; readonly continuation: number; readonly control: boolean },
): Prompt | null {
  const found = wordsOf(bytes);
  const rest = found.starts.length - words;
  if (rest < Math.min(LEAST_WORDS, continuation)) return null;
  const cut = found.ends[words - 1]!;
  const end = found.ends[Math.min(found.ends.length, words + continuation) - 1]!;
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const prefix = buffer.subarray(0, cut).toString('utf8');
  return {
    document: name,
    control,
    words,
    prefix,
    truth: buffer.subarray(cut, end).toString('utf8'),
    at: { bytes: cut, codePoints: codePointsOf(bytes.subarray(0, cut))[cut]!, lines: prefix.split('\n').length - 1 },
  };
}
