import { expect, test } from 'vitest';
import { askAll, askSettings, createModelAnswerer } from '../../../src/jobs/bench/ask/index.ts';
import { createFaceTools, openAnswerer } from '../../../src/jobs/bench/specialist/index.ts';
import { openModel } from '../../../src/kit/vlm/index.ts';
import { VLLM } from '../../vlm/recorded-replies.ts';
import { collect, makeImages, makeQuestion, makeQuestions, memoryJournal } from '../ask/support.ts';
import { face, picture, posed, sightOf } from './scene.ts';

const signal = new AbortController().signal;
const prepared = { bytes: new Uint8Array(), mediaType: 'image/png' as const, width: 1, height: 1, changed: false };
const question = posed('hr_fr', 'Which?', ['a', 'b', 'c', 'd']);

function toolsOver(...sights: Parameters<typeof sightOf>[0]) {
  const tools = createFaceTools(async () => sightOf(sights))(question, [prepared, prepared]);
  return (name: string, input: unknown) => tools.find(tool => tool.name === name)!.run(input, { signal });
}

test('every tool tells what the networks see', async () => {
  const two = { ...picture(), faces: [face({ age: 41.26, male: 0.97, yaw: -12.4 }), face({ expression: 'happy' })] };
  const call = toolsOver(two);
  expect(await call('detect_faces', { image: 1 })).toMatchObject({ faces: [{ confidence: 0.9 }, {}] });
  expect(await call('estimate_age', { image: 1 })).toEqual({ faces: [{ years: 41.3 }, { years: 30 }] });
  expect(await call('estimate_gender', { image: 1 })).toMatchObject({
    faces: [{ gender: 'male', probability: 0.97 }, {}],
  });
  expect(await call('classify_expression', { image: 1 })).toMatchObject({ faces: [{}, { expression: 'happy' }] });
  expect(await call('estimate_head_pose', { image: 1 })).toMatchObject({ faces: [{ yaw: -12 }, {}] });
  expect(
    await toolsOver(picture({ person: 1 }), picture({ person: 2 }))('compare_faces', { first: 1, second: 2 }),
  ).toEqual({
    samePersonProbability: 0,
    faceFound: [true, true],
  });
});

test('what a model gets wrong is told to it in one line', async () => {
  const call = toolsOver(picture());
  await expect(call('estimate_age', { image: 3 })).rejects.toThrow('there is no image 3; the question shows 2');
  await expect(call('estimate_age', { image: 'first' })).rejects.toThrow('"image"');
  await expect(call('compare_faces', { first: 1 })).rejects.toThrow('"second"');
});

test('a run in the tools setting offers the tools, answers their calls and records them', async () => {
  const bodies: string[] = [];
  const fetch: typeof globalThis.fetch = async (_, init) => {
    const body = typeof init?.body === 'string' ? init.body : '';
    bodies.push(body);
    const answers = body.includes('"role":"tool"') || !body.includes('"tools":');
    const message = answers
      ? { role: 'assistant', content: 'B' }
      : {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c1', type: 'function', function: { name: 'estimate_age', arguments: '{"image":1}' } }],
        };
    const choice = { index: 0, message, finish_reason: answers ? 'stop' : 'tool_calls' };
    return Response.json({ ...VLLM, choices: [choice] });
  };
  const settings = askSettings({ setting: 'tools' });
  const model = openModel('openai-compatible:http://h/v1#m', { fetch, environment: {} });
  const answerer = createModelAnswerer(model, {
    settings,
    tools: createFaceTools(async () => sightOf([picture({ age: 33 })])),
  });
  const journal = memoryJournal();
  await collect(askAll({ questions: [makeQuestion(1)], images: makeImages(), answerer, journal, settings }));
  // Each question is asked without tools as well, to tell what they changed.
  expect(journal.answers).toMatchObject([
    { raw: 'B', setting: 'zero-shot' },
    {
      raw: 'B',
      setting: 'tools',
      usage: { inputTokens: 2 * 1432, outputTokens: 4 },
      toolCalls: [{ name: 'estimate_age', input: { image: 1 }, output: { faces: [{ years: 33 }] } }],
    },
  ]);
  expect(bodies[0]).not.toContain('"name":"compare_faces"');
  expect(bodies[1]).toContain('"name":"compare_faces"');
  expect(bodies[1]).toContain('You may call the face tools');
});

test('answerers by name', async () => {
  const settings = askSettings();
  const open = (spec: string) => openAnswerer(spec, { settings, questions: makeQuestions(4), environment: {} });
  expect(['random', 'frequent', 'specialist', 'ollama:llava'].map(spec => open(spec).id)).toEqual([
    'random',
    'frequent',
    'specialist',
    'ollama:llava',
  ]);
  expect(() => open('gpt-4o')).toThrow('"model" expected');
});
