import { createHash } from 'node:crypto';
import { pictureName } from '../../../ground/contracts/bench.ts';
import type { Metric } from '../../../ground/contracts/metric.ts';
import type { Judgement } from '../score/judge.ts';
import { type OwnReplies, sampling, textOf } from './own-replies.ts';

/** The group that all questions make there. */
const GROUP = 'biolens';
/** A task's name there: lower case, no blanks. */
const taskName = (task: string): string => `${GROUP}_${task.toLowerCase().replace(/[^a-z0-9]+/g, '_')}`;

function resultOf(alias: string, { value, interval, n }: Metric, parser: string): Record<string, unknown> {
  return {
    alias,
    [`acc,${parser}`]: value,
    // Its standard errors take questions to be independent, ours allow for shared images: an interval, which has no name there.
    [`acc_stderr,${parser}`]: 'N/A',
    [`acc_ci_low,${parser}`]: interval?.low ?? null,
    [`acc_ci_high,${parser}`]: interval?.high ?? null,
    samples: n,
  };
}

/**
 * The results of a run as lmms-eval writes them to `…_results.json` (held to its source of November 2026): a group of all questions, a task for
 * each task, accuracies under the parser's name as filter.
 */
export function formatLmmsResults(replies: OwnReplies): string {
  const { run, parser, scored } = replies;
  const { score } = scored;
  const tasks = Object.entries(score.byTask).map(([task, metric]) => ({ task, name: taskName(task), metric }));
  const each = <T>(of: (task: string) => T): Record<string, T> =>
    Object.fromEntries(tasks.map(({ name, task }) => [name, of(task)]));
  const { temperature, maxTokens, seed } = sampling(run);
  const results = {
    results: {
      [GROUP]: resultOf(GROUP, score.overall, parser),
      ...Object.fromEntries(tasks.map(({ name, task, metric }) => [name, resultOf(` - ${task}`, metric, parser)])),
    },
    group_subtasks: { [GROUP]: tasks.map(({ name }) => name) },
    configs: each(task => ({
      task: taskName(task),
      dataset_path: run.report?.benchmark.source ?? null,
      output_type: 'generate_until',
      generation_kwargs: { temperature: temperature ?? null, max_new_tokens: maxTokens ?? null },
      num_fewshot: 0,
      metadata: { setting: score.setting, benchmark_digest: run.digest },
    })),
    versions: each(() => 0),
    'n-shot': each(() => 0),
    higher_is_better: { [GROUP]: { acc: true }, ...each(() => ({ acc: true })) },
    'n-samples': each(task => {
      const original = run.questions.filter(question => question.task === task).length;
      return { original, effective: score.byTask[task]?.n ?? 0 };
    }),
    config: { model: score.model, model_args: '', seed: seed ?? null },
    git_hash: run.record.provenance.commit,
    date: Date.parse(run.record.provenance.startedAt) / 1000,
    model_source: score.model,
    model_name: score.model,
  };
  return `${JSON.stringify(results, null, 2)}\n`;
}

function lineOf(reply: Judgement, place: number, { parser }: OwnReplies): string {
  const { question, answer, outcome } = reply;
  return JSON.stringify({
    doc_id: place,
    doc_hash: createHash('sha256').update(JSON.stringify(question)).digest('hex'),
    task: taskName(question.task),
    target: reply.shownCorrect,
    input: textOf(reply),
    input_media: question.images.map(image => pictureName(image) ?? image.path),
    resps: [answer.raw],
    filtered_resps: [reply.shown],
    // No reply is neither right nor wrong.
    acc: outcome === 'error' ? null : outcome === 'correct' ? 1 : 0,
    outcome,
    filter: parser,
    question: question.id,
    rotation: answer.rotation,
    repeat: answer.repeat,
  });
}

/** The replies of a run as lmms-eval logs samples: one line of JSON a reply. */
export function formatLmmsSamples(replies: OwnReplies): string {
  const place = new Map(replies.run.questions.map(({ id }, i) => [id, i]));
  return replies.replies.map(reply => `${lineOf(reply, place.get(reply.question.id)!, replies)}\n`).join('');
}
