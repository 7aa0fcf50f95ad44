import { BiolensError, messageOf, throwIfAborted } from '../../../ground/errors.ts';
import { askAgain, ModelError, type VisionLanguageModel } from '../../../kit/vlm/index.ts';
import type { ContinuationItem } from '../items.ts';
import type { Prompt } from './prompts.ts';

export interface AskSettings {
  readonly api: 'chat' | 'completion';
  readonly template: string;
  readonly continuation: number;
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
}

/** Tokens of a word, at most, as tokenizers split most languages. */
const TOKENS_A_WORD = 3;
/** Share of the words asked for below which an answer that ran out of tokens is cut. */
const WHOLE = 0.5;
/** How models begin when they decline. */
const DECLINES = [
  "i'm sorry",
  'i am sorry',
  'sorry',
  "i can't",
  'i cannot',
  'i won',
  "i'm unable",
  'i am unable',
  "i'm not able",
  'as an ai',
  'unfortunately, i',
];
const MOST_OPENING = 60;

/** Whether a text reads as if its writer declined. */
export function readsLikeRefusal(text: string): boolean {
  const opening = text.trimStart().slice(0, MOST_OPENING).toLowerCase().replaceAll('\u2019', "'");
  return DECLINES.some(words => opening.startsWith(words));
}

/** Asks a model to continue a document once; what goes wrong with this request alone is its outcome. */
export async function askToContinue(
  model: VisionLanguageModel,
  prompt: Prompt,
  { sample, settings }: { readonly sample: number; readonly settings: AskSettings },
): Promise<ContinuationItem> {
  const { api, template, continuation, seed, signal } = settings;
  const { document, control, words, prefix } = prompt;
  const item = { document, control, words, sample };
  const text = api === 'completion' ? prefix : template.replaceAll('{prefix}', () => prefix);
  try {
    const reply = await askAgain(
      model,
      {
        parts: [{ type: 'text', text }],
        temperature: sample === 0 ? 0 : 1,
        maxOutputTokens: continuation * TOKENS_A_WORD,
        seed: seed + sample,
      },
      { signal },
    );
    const answer = reply.text;
    if (answer.trim() === '') return { ...item, outcome: reply.refused ? 'refused' : 'empty', text: answer };
    if (reply.refused || readsLikeRefusal(answer)) return { ...item, outcome: 'refused', text: answer };
    const short = answer.split(/\s+/).length < WHOLE * continuation;
    return { ...item, outcome: reply.finishReason === 'length' && short ? 'cut' : 'answered', text: answer };
  } catch (error) {
    throwIfAborted(signal);
    if (error instanceof ModelError && error.fatal) throw error;
    const timedOut = error instanceof Error && error.name === 'TimeoutError';
    if (error instanceof BiolensError || timedOut)
      return { ...item, outcome: 'failed', text: '', error: messageOf(error) };
    throw error;
  }
}

/** Works on a list with so many at a time; results come as they are done. */
export async function* inParallel<T, R>(
  items: readonly T[],
  width: number,
  work: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const running = new Map<number, Promise<{ readonly number: number; readonly result: R }>>();
  let next = 0;
  while (next < items.length || running.size > 0) {
    while (running.size < width && next < items.length) {
      const number = next++;
      running.set(
        number,
        work(items[number]!).then(result => ({ number, result })),
      );
    }
    const { number, result } = await Promise.race(running.values());
    running.delete(number);
    yield result;
  }
}
