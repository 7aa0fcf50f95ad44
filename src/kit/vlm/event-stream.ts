import { z } from 'zod';
import { parseJson } from './parse-json.ts';

/** Whether a reply is a stream of server-sent events, whatever it was asked for as. */
export function isEventStream(headers: Readonly<Record<string, string | undefined>>, body: string): boolean {
  if ((headers['content-type'] ?? '').toLowerCase().includes('text/event-stream')) return true;
  const start = body.slice(0, 64).trimStart();
  return start.startsWith('data:') || start.startsWith('event:');
}

/** More calls in one reply than this are no honest model's. */
export const MOST_TOOL_CALLS = 32;

const pieceSchema = z.union([z.string(), z.array(z.looseObject({ text: z.string().optional() }))]).nullish();
const callSchema = z.object({
  index: z
    .number()
    .int()
    .min(0)
    .max(MOST_TOOL_CALLS - 1)
    .nullish(),
  id: z.string().nullish(),
  function: z.object({ name: z.string().nullish(), arguments: z.string().nullish() }).nullish(),
});
const deltaSchema = z.object({
  content: pieceSchema,
  refusal: z.string().nullish(),
  reasoning_content: z.string().nullish(),
  reasoning: z.string().nullish(),
  tool_calls: z.array(callSchema).max(MOST_TOOL_CALLS).nullish(),
});
const chunkSchema = z.looseObject({
  choices: z
    .array(
      z.looseObject({
        index: z.number().nullish(),
        delta: deltaSchema.nullish(),
        message: deltaSchema.nullish(),
        finish_reason: z.string().nullish(),
        logprobs: z
          .object({ content: z.array(z.unknown()).nullish() })
          .nullish()
          .catch(null),
      }),
    )
    .nullish(),
});

interface Call {
  id: string;
  name: string;
  readonly arguments: string[];
}

const textOf = (piece: z.infer<typeof pieceSchema>): string =>
  typeof piece === 'string' ? piece : (piece ?? []).map(part => part.text ?? '').join('');

/** The `data` of each event, in order, up to `[DONE]`. */
function* eventsIn(body: string): Generator<string> {
  let data: string[] = [];
  for (const line of body.split(/\r\n|\n|\r/)) {
    if (line.startsWith('data:')) data.push(line.slice(line.startsWith('data: ') ? 6 : 5));
    else if (line === '' && data.length > 0) {
      yield data.join('\n');
      data = [];
    }
  }
  if (data.length > 0) yield data.join('\n');
}

/**
 * Joins the chunks of a streamed chat completion into the reply that would have come without streaming.
 *
 * @throws {Error} that says what is wrong with the stream, such as that it broke off
 */
export function joinEventStream(body: string): unknown {
  const text = { content: [] as string[], refusal: [] as string[], reasoning: [] as string[] };
  const calls: Call[] = [];
  const tokens: unknown[] = [];
  let about: Record<string, unknown> = {};
  let finish: string | null = null;
  let done = false;
  for (const event of eventsIn(body)) {
    if (event.trim() === '[DONE]') {
      done = true;
      break;
    }
    const chunk = chunkSchema.parse(parseJson(event));
    if (chunk.error != null) return { error: chunk.error };
    const { id, created, model, system_fingerprint, usage } = chunk;
    const said = Object.entries({ id, created, model, system_fingerprint, usage }).filter(([, value]) => value != null);
    about = { ...about, ...Object.fromEntries(said) };
    const choice = chunk.choices?.find(({ index }) => (index ?? 0) === 0);
    if (choice === undefined) continue;
    const delta = choice.delta ?? choice.message;
    text.content.push(textOf(delta?.content));
    text.refusal.push(delta?.refusal ?? '');
    text.reasoning.push(delta?.reasoning_content ?? delta?.reasoning ?? '');
    for (const [i, given] of (delta?.tool_calls ?? []).entries()) {
      const at = given.index ?? i;
      calls[at] ??= { id: '', name: '', arguments: [] };
      const call = calls[at];
      call.id ||= given.id ?? '';
      call.name ||= given.function?.name ?? '';
      call.arguments.push(given.function?.arguments ?? '');
    }
    for (const token of choice.logprobs?.content ?? []) tokens.push(token);
    finish = choice.finish_reason ?? finish;
  }
  if (!done && finish === null) throw new Error('the stream broke off');
  const [refusal, reasoning] = [text.refusal.join(''), text.reasoning.join('')];
  return {
    ...about,
    choices: [
      {
        index: 0,
        finish_reason: finish,
        message: {
          role: 'assistant',
          content: text.content.join(''),
          ...(refusal === '' ? {} : { refusal }),
          ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
          ...(calls.length === 0
            ? {}
            : {
                tool_calls: calls
                  .filter(call => call !== undefined)
                  .map(({ id, name, arguments: parts }) => ({
                    id,
                    type: 'function',
                    function: { name, arguments: parts.join('') },
                  })),
              }),
        },
        ...(tokens.length === 0 ? {} : { logprobs: { content: tokens } }),
      },
    ],
  };
}
