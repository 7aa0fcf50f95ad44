import { createHash } from 'node:crypto';
import { type Answer, pictureName } from '../../../ground/contracts/bench.ts';
import type { Outcome } from '../../../ground/contracts/bench-score.ts';
import type { Metric } from '../../../ground/contracts/metric.ts';
import { rotateOptions } from '../ask/posed-question.ts';
import type { Judgement } from '../score/judge.ts';
import { type OwnReplies, sampling, textOf } from './own-replies.ts';

/** Inspect's words: correct, incorrect, no answer. What came back as an error has no score there, but an error. */
const VALUES: Readonly<Record<Exclude<Outcome, 'error'>, string>> = {
  correct: 'C',
  wrong: 'I',
  refused: 'N',
  unparsed: 'N',
};
const STOP_REASONS: Readonly<Record<NonNullable<Answer['finishReason']>, string>> = {
  stop: 'stop',
  length: 'max_tokens',
  'content-filter': 'content_filter',
  'tool-calls': 'tool_calls',
  other: 'unknown',
};

/** A short name that is the same for the same text, as Inspect has for runs, tasks and messages. */
const nameOf = (...parts: readonly unknown[]): string =>
  createHash('sha256').update(JSON.stringify(parts)).digest('base64url').slice(0, 22);

function usageOf({ usage: { inputTokens, outputTokens }, cost }: Answer): Record<string, number> | null {
  if (inputTokens === null && outputTokens === null) return null;
  const input = inputTokens ?? 0;
  const output = outputTokens ?? 0;
  return {
    input_tokens: input,
    output_tokens: output,
    total_tokens: input + output,
    ...(cost === null ? {} : { total_cost: cost }),
  };
}

function addUp(usages: readonly (Record<string, number> | null)[]): Record<string, number> {
  const sum: Record<string, number> = {};
  for (const usage of usages)
    for (const [key, value] of Object.entries(usage ?? {})) sum[key] = (sum[key] ?? 0) + value;
  return sum;
}

function metrics(names: readonly string[], { value, interval }: Metric): Record<string, unknown> {
  const values = [value, interval?.low ?? null, interval?.high ?? null];
  return Object.fromEntries(
    names.flatMap((name, i) => (values[i] == null ? [] : [[name, { name, value: values[i], params: {} }]])),
  );
}

function sampleOf(reply: Judgement, epoch: number, { parser }: OwnReplies): Record<string, unknown> {
  const { question, answer, outcome } = reply;
  const usage = usageOf(answer);
  const content = [
    { type: 'text', text: textOf(reply) },
    ...question.images.map(image => ({ type: 'image', image: pictureName(image) ?? image.path, detail: 'auto' })),
  ];
  const asked = { id: nameOf(question.id, epoch, 'user'), role: 'user', content };
  const replied = {
    id: nameOf(question.id, epoch, 'assistant'),
    role: 'assistant',
    source: 'generate',
    model: answer.model,
    content: answer.raw ?? '',
  };
  return {
    id: question.id,
    epoch,
    input: [asked],
    choices: rotateOptions(question.options, answer.rotation).map(({ text }) => text),
    target: reply.shownCorrect,
    messages: answer.raw === null ? [asked] : [asked, replied],
    output: {
      model: answer.model,
      choices:
        answer.raw === null ? [] : [{ message: replied, stop_reason: STOP_REASONS[answer.finishReason ?? 'other'] }],
      completion: answer.raw ?? '',
      ...(usage === null ? {} : { usage }),
      ...(answer.latencyMs === null ? {} : { time: answer.latencyMs / 1000 }),
    },
    scores:
      outcome === 'error'
        ? {}
        : {
            [parser]: {
              value: VALUES[outcome],
              answer: reply.shown ?? '',
              explanation: reply.how,
              metadata: { outcome },
            },
          },
    metadata: {
      category: question.category,
      task: question.task,
      dataset: question.dataset,
      rotation: answer.rotation,
      repeat: answer.repeat,
    },
    model_usage: usage === null ? {} : { [answer.model]: usage },
    ...(outcome === 'error' ? { error: { message: reply.how, traceback: '', traceback_ansi: '' } } : {}),
    ...(answer.answeredAt === undefined ? {} : { completed_at: answer.answeredAt }),
  };
}

/**
 * A run as a log of Inspect AI (version 2 of its JSON, held to inspect_ai 0.3.285). Images are named, not contained. A question that was asked
 * again, or with its options turned, is an epoch of its sample; a reply that is not there is a sample's error and has no score.
 */
export function formatInspectLog(replies: OwnReplies): string {
  const { run, parser, scored } = replies;
  const { record } = run;
  const { startedAt, endedAt, biolens, commit } = record.provenance;
  const { temperature, maxTokens, seed } = sampling(run);
  const epochs = new Map<string, number>();
  const samples = replies.replies.map(reply => {
    const epoch = (epochs.get(reply.question.id) ?? 0) + 1;
    epochs.set(reply.question.id, epoch);
    return sampleOf(reply, epoch, replies);
  });
  const ids = [...epochs.keys()];
  const scoredSamples = replies.replies.filter(({ outcome }) => outcome !== 'error').length;
  const config = {
    ...(temperature === undefined ? {} : { temperature }),
    ...(maxTokens === undefined ? {} : { max_tokens: maxTokens }),
    ...(seed === undefined ? {} : { seed }),
  };
  const model = scored.score.model;
  const log = {
    version: 2,
    status: record.status === 'done' ? 'success' : 'cancelled',
    eval: {
      eval_id: nameOf(record.id, 'eval'),
      run_id: nameOf(record.id, 'run'),
      created: startedAt,
      task: 'biolens_bench',
      task_id: nameOf(run.digest),
      task_version: 0,
      task_args: { setting: scored.score.setting },
      dataset: {
        name: run.report?.benchmark.source ?? run.digest.slice(0, 12),
        samples: run.questions.length,
        sample_ids: ids,
        shuffled: false,
      },
      model,
      model_generate_config: config,
      config: { epochs: Math.max(1, ...epochs.values()) },
      packages: { biolens },
      ...(commit === null ? {} : { revision: { type: 'git', origin: '', commit } }),
      metadata: { run: record.id, benchmarkDigest: run.digest },
    },
    plan: { name: 'plan', steps: [{ solver: 'generate', params: {} }], config },
    results: {
      total_samples: run.questions.length,
      completed_samples: ids.length,
      scores: [
        {
          name: parser,
          scorer: parser,
          params: {},
          scored_samples: scoredSamples,
          unscored_samples: replies.replies.length - scoredSamples,
          metrics: metrics(['accuracy', 'accuracy_low', 'accuracy_high'], scored.score.overall),
        },
      ],
    },
    stats: {
      started_at: startedAt,
      ...(endedAt === null ? {} : { completed_at: endedAt }),
      model_usage: { [model]: addUp(replies.replies.map(({ answer }) => usageOf(answer))) },
    },
    samples,
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}
