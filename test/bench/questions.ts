import type { Answer, ImageRef, Question } from '../../src/ground/contracts/bench.ts';
import type { Benchmark } from '../../src/jobs/bench/index.ts';
import { labelOptions } from '../../src/jobs/bench/read/raw-question.ts';

export interface QuestionParts extends Partial<Omit<Question, 'options'>> {
  readonly options?: readonly string[];
  /** Images by path. */
  readonly paths?: readonly string[];
}

/** A question with what a test cares about, the rest filled in. */
export function makeQuestion({ options = ['w', 'x', 'y', 'z'], paths = [], ...parts }: QuestionParts = {}): Question {
  const images: ImageRef[] = paths.map(path => ({ path, file: path }));
  return {
    id: 'file/1',
    category: 'bias_fairness',
    task: 'age',
    dataset: 'FairFace',
    imageCount: images.length === 0 ? 'zero' : images.length === 1 ? 'single' : 'multiple',
    images,
    text: 'Which one is it?',
    correct: 'A',
    answer: null,
    prepend: '',
    postpend: '',
    options: labelOptions(options),
    ...parts,
  };
}

/** A benchmark that has these questions and no images. */
export function inMemory(questions: readonly Question[]): Benchmark {
  return {
    root: '/nowhere',
    format: 'jsonl',
    files: [],
    images: { load: () => Promise.reject(new Error('no pictures here')) },
    async *questions() {
      yield* questions;
    },
  };
}

/** A reply to a question. */
export function makeAnswer(question: string, raw: string | null, parts: Partial<Answer> = {}): Answer {
  return {
    question,
    model: 'm',
    setting: 'zero-shot',
    promptDigest: '0'.repeat(64),
    rotation: 0,
    repeat: 0,
    raw,
    finishReason: raw === null ? null : 'stop',
    usage: { inputTokens: null, outputTokens: null },
    cost: null,
    latencyMs: null,
    ...(raw === null ? { error: { kind: 'timeout', message: 'no reply in time' } } : {}),
    ...parts,
  };
}
