import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { z } from 'zod';
import type { BenchReport } from '../../src/ground/contracts/index.ts';
import { type BenchRunContent, benchRun, mergeRuns, readBenchRun, scoreRun } from '../../src/jobs/bench/index.ts';
import { describeBench } from '../../src/jobs/bench/run/describe.ts';
import { renderFaces } from '../../src/kit/drawing/index.ts';
import { collectBuild } from './build/check-built.ts';
import { temporaryFolder } from './official-folder.ts';

const bodySchema = z.object({
  messages: z.array(z.object({ role: z.string(), content: z.unknown(), tool_call_id: z.string().optional() })),
  tools: z.array(z.object({ function: z.object({ name: z.string() }) })).optional(),
});

/** Every option of a prompt, by its words. */
function lettersOf(prompt: string): Map<string, string> {
  return new Map([...prompt.matchAll(/\(([A-D])\) ([^\\"]+)/g)].map(([, letter = '', text = '']) => [text, letter]));
}

/** A model that sees nothing: alone it says "Male"; with tools it asks for the gender, once of an image that there is not. */
const blindModel: typeof fetch = async (_, init) => {
  const { messages, tools } = bodySchema.parse(JSON.parse(String(init?.body)));
  const letters = lettersOf(JSON.stringify(messages[0]?.content));
  const results = messages.filter(({ role }) => role === 'tool').map(({ content }) => String(content));
  const call = (image: number) => ({
    role: 'assistant',
    content: null,
    tool_calls: [
      {
        id: `call-${image}`,
        type: 'function',
        function: { name: 'estimate_gender', arguments: JSON.stringify({ image }) },
      },
    ],
  });
  const seen = results.some(result => result.includes('"female"')) ? 'Female' : 'Male';
  const message =
    tools === undefined || results.length > 1
      ? { role: 'assistant', content: letters.get(results.length > 1 ? seen : 'Male') }
      : call(results.length === 0 ? 7 : 1);
  return Response.json({
    id: 'x',
    object: 'chat.completion',
    created: 1,
    model: 'm',
    choices: [{ index: 0, message, finish_reason: message.content === null ? 'tool_calls' : 'stop' }],
    usage: { prompt_tokens: 10, completion_tokens: 2, total_tokens: 12 },
  });
};

test('a run with tools says how often they were called and what that changed', { timeout: 60_000 }, async () => {
  await using folder = await temporaryFolder();
  const [drawn, built, runsDir] = ['drawn', 'built', 'runs'].map(name => join(folder.path, name)) as [
    string,
    string,
    string,
  ];
  for await (const _ of renderFaces(drawn, { n: 60, size: 96, seed: 4 }));
  await collectBuild({ from: drawn, to: built, tasks: ['gender'], perTask: 12 });
  // The questions of one image alone, which one call answers.
  const from = join(built, 'one.jsonl');
  const lines = readFileSync(join(built, 'questions.jsonl'), 'utf8').split('\n');
  writeFileSync(from, lines.filter(line => line.includes('"imageCount":"single"')).join('\n'));

  const run = async (more: object): Promise<{ report: BenchReport; path: string }> => {
    const input = { from, model: 'openai-compatible:http://h/v1#m', setting: 'tools' as const, lint: false, ...more };
    for await (const event of benchRun(input, { runsDir, fetch: blindModel, environment: {} }))
      if (event.type === 'result') return event;
    throw new Error('no result');
  };
  const { report, path } = await run({});
  const [score, control] = report.scores;
  expect(score).toMatchObject({ setting: 'tools', parser: 'strict', counts: { answers: 6 } });
  expect(control).toMatchObject({ setting: 'zero-shot', tools: null, counts: { answers: 6 } });
  const right = (setting: string): Set<string> =>
    new Set(
      report.items
        .filter(item => item.setting === setting && item.strict.outcome === 'correct')
        .map(item => item.question),
    );
  const [withTools, without] = [right('tools'), right('zero-shot')];
  // Alone it is right where "Male" is; the drawn faces have both.
  expect(without.size).toBeGreaterThan(0);
  expect(without.size).toBeLessThan(6);
  expect(score?.tools).toMatchObject({
    called: { value: 1, n: 6 },
    calls: 12,
    failed: 6,
    byTool: { estimate_gender: 12 },
    rightWithCalls: { value: withTools.size / 6 },
    rightWithoutCalls: { value: null },
    changed: {
      difference: { value: (withTools.size - without.size) / 6, n: 6 },
      gained: [...withTools].filter(id => !without.has(id)).length,
      lost: [...without].filter(id => !withTools.has(id)).length,
    },
  });
  expect(
    report.comparison.rows
      .filter(row => !row.published)
      .map(row => row.name)
      .sort(),
  ).toEqual(['openai-compatible:http://h/v1#m (tools)', 'openai-compatible:http://h/v1#m (zero-shot)']);
  const text = describeBench(report).replaceAll(/\s+/g, ' ');
  expect(text).toContain('tools were called for 100.0 %');
  expect(text).toContain('12 calls (estimate_gender 12), 6 of them refused');
  expect(text).toContain('against the same questions without tools:');

  const content: BenchRunContent = await readBenchRun(path);
  expect(scoreRun(content, 'strict').map(model => model.score)).toEqual(report.scores.slice(0, 2));

  const shards = await Promise.all([1, 2].map(index => run({ shard: { index, of: 2 } })));
  const merged = await mergeRuns(
    shards.map(shard => shard.path),
    { runsDir },
  );
  expect(merged.answers).toBe(12);
  expect(merged.report.scores[0]?.tools?.changed).toEqual(score?.tools?.changed);

  const alone = await run({ control: false });
  expect(alone.report.scores.map(({ setting }) => setting)).toEqual(['tools', 'tools']);
  expect(alone.report.scores[0]?.tools?.changed).toBeNull();
  expect(describeBench(alone.report)).toContain('were not asked without them');
});
