import type { RandomStream } from '../../../../ground/math/index.ts';
import { describeTools, SETTINGS, type Tool, type ToolBook } from '../tool-book.ts';
import type { Draft, TaskMaker } from './draft.ts';

interface Step {
  readonly tool: Tool;
  readonly call: string;
}

const sequence = (calls: readonly string[]): string => calls.join(' → ');

const stepOf = (tool: Tool, i: number): Step => ({ tool, call: `${tool.name}.${tool.functions[i]!.name}` });

/**
 * Four sequences, of which none is nearer to the others than any other: every option is one of two choices at one step, and one of two
 * orders. So the options alone do not give away which of them the scenario asks for.
 */
function squareOf(
  calls: readonly string[],
  change: { readonly at: number; readonly other: string; readonly swap: readonly [number, number] },
): string[] {
  const replaced = calls.map((call, i) => (i === change.at ? change.other : call));
  const swapped = (all: readonly string[]): string[] => {
    const [a, b] = change.swap;
    return all.map((call, i) => (i === a ? all[b]! : i === b ? all[a]! : call));
  };
  return [calls, replaced, swapped(calls), swapped(replaced)].map(sequence);
}

/** A function that is not called, of the same tool or else of any. */
function siblingOf(
  { tool }: Step,
  calls: readonly string[],
  { book, stream }: { readonly book: ToolBook; readonly stream: RandomStream },
): string | null {
  const all = (of: readonly Tool[]): string[] =>
    of
      .flatMap(({ name, functions }) => functions.map(function_ => `${name}.${function_.name}`))
      .filter(other => !calls.includes(other));
  const siblings = all([tool]);
  const others = siblings.length > 0 ? siblings : all(book.tools);
  return others.length === 0 ? null : stream.pick(others);
}

function makeFromSteps(
  text: string,
  steps: readonly Step[],
  { book, stream }: { readonly book: ToolBook; readonly stream: RandomStream },
): Draft | null {
  const calls = steps.map(({ call }) => call);
  const at = stream.integer(steps.length);
  const other = siblingOf(steps[at]!, calls, { book, stream });
  const [a, b] = stream.sampleWithoutReplacement(steps.length, 2);
  if (other === null || a === undefined || b === undefined || calls[a] === calls[b]) return null;
  return { text, options: squareOf(calls, { at, other, swap: [a, b] }), key: 0, shown: [] };
}

const QUESTIONS = [
  'Which calls, in which order, do this?',
  'Which sequence of calls fulfils the request?',
  'In what order should which functions be called?',
];

/** A scenario put together from wishes. */
function makeComposed(book: ToolBook, stream: RandomStream): Draft | null {
  const count = 2 + stream.integer(3);
  const tools = stream
    .sampleWithoutReplacement(book.tools.length, Math.min(count, book.tools.length))
    .map(i => book.tools[i]!);
  const chosen = tools.map(tool => ({ tool, i: stream.integer(tool.functions.length) }));
  const wishes = chosen.map(({ tool, i }) => stream.pick(tool.functions[i]!.wishes));
  const [first, ...rest] = wishes;
  const last = rest.pop();
  const sentence = `It wants to ${[`first ${first}`, ...rest.map(wish => `then ${wish}`)].join(', ')}, and finally ${last}.`;
  const text = `${stream.pick(SETTINGS)} ${sentence} ${stream.pick(QUESTIONS)}`;
  const steps = chosen.map(({ tool, i }) => stepOf(tool, i));
  return makeFromSteps(text, steps, { book, stream });
}

function makeWritten(book: ToolBook, stream: RandomStream): Draft | null {
  const { text, calls } = stream.pick(book.scenarios);
  const steps = calls.map((call): Step => {
    const tool = book.tools.find(({ name, functions }) =>
      functions.some(function_ => `${name}.${function_.name}` === call),
    );
    return { call, tool: tool ?? { name: '', functions: [] } };
  });
  return makeFromSteps(`${text} ${QUESTIONS[0]}`, steps, { book, stream });
}

export const makeToolQuestions: TaskMaker = ({ tools }) => ({
  description: 'Choose the functions that a request needs, and the order in which they have to be called.',
  context: describeTools(tools),
  templates: [
    {
      id: tools.scenarios.length > 0 ? 'tools-written' : 'tools-composed',
      images: 'zero',
      make: (_, stream) => (tools.scenarios.length > 0 ? makeWritten(tools, stream) : makeComposed(tools, stream)),
    },
  ],
});
