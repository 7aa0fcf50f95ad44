import sharp from 'sharp';
import type { Answer, ImageRef, Question } from '../../../src/ground/contracts/bench.ts';
import type { Journal } from '../../../src/jobs/bench/ask/answer-log.ts';
import type { AskEvent } from '../../../src/jobs/bench/ask/index.ts';

const LABELS = ['A', 'B', 'C', 'D'];

/** A question in the official shape. */
export function makeQuestion(number: number, more: Partial<Question> = {}): Question {
  return {
    id: `made/${number}`,
    category: 'bias_fairness',
    task: 'age',
    dataset: 'Made',
    imageCount: 'single',
    images: [{ path: `images/made/question_${number}.png`, file: `images/made/question_${number}.png` }],
    text: `Which age group does face ${number} belong to?`,
    options: LABELS.map((label, i) => ({ label, text: `${i * 10}-${i * 10 + 9}` })),
    correct: LABELS[number % 4]!,
    answer: null,
    prepend: 'Age is given in groups of ten years.',
    postpend: 'Choose the best option and answer with its letter only.',
    ...more,
  };
}

export const makeQuestions = (n: number): Question[] => Array.from({ length: n }, (_, i) => makeQuestion(i + 1));

/** A small PNG for every image that is asked for. */
export function makeImages() {
  const loads: string[] = [];
  const picture = sharp({ create: { width: 8, height: 8, channels: 3, background: '#a06040' } })
    .png()
    .toBuffer();
  return {
    loads,
    load(ref: ImageRef): Promise<Uint8Array> {
      loads.push(ref.path);
      return picture;
    },
  };
}

/** A journal in memory. */
export function memoryJournal(items: Answer[] = []): Journal & { readonly answers: Answer[] } {
  return {
    answers: items,
    async append(item) {
      items.push(item);
    },
    async *items() {
      yield* [...items];
    },
  };
}

export async function collect(events: AsyncIterable<AskEvent>): Promise<AskEvent[]> {
  const all: AskEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}
