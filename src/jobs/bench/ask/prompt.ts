import type { Setting } from '../../../ground/contracts/bench.ts';
import type { PreparedImage, RequestPart } from '../../../kit/vlm/index.ts';
import type { PosedQuestion } from './posed-question.ts';

/** Replaces the question's own instruction, which asks for nothing but a letter. */
export const REASONING_INSTRUCTION =
  'Look closely at what is shown and reason step by step before you decide. ' +
  'Then end with one last line of the form "Answer: X", where X is the letter of the option you choose.';

/** Stands before the question when face tools may be called. */
export const TOOLS_INSTRUCTION =
  'You may call the face tools that come with this request. They see the same images, numbered from 1 in the order shown. ' +
  'What they measure can be wrong; use it as evidence.';

/**
 * The text of a prompt.
 *
 * Zero-shot and in-context are the official procedure to the letter: `[context\n]`, `[prepend\n]` in the in-context
 * setting alone, `text\n`, `postpend\n`, then `(A) …\n` for each option. Chain of thought puts our own instruction in
 * the place of `postpend` (the paper released none); tools puts one in front of the question.
 */
export function buildText({ question, setting, options }: PosedQuestion): string {
  const lines = [
    ...present(question.context),
    ...(setting === 'in-context' ? present(question.prepend) : []),
    ...(setting === 'tools' ? [TOOLS_INSTRUCTION] : []),
    question.text,
    ...(setting === 'chain-of-thought' ? [REASONING_INSTRUCTION] : present(question.postpend)),
    ...options.map(({ label, text }) => `(${label}) ${text}`),
  ];
  return lines.map(line => `${line}\n`).join('');
}

const present = (text: string | undefined): string[] => (text === undefined || text === '' ? [] : [text]);

export type ImageLayout = 'first' | 'labelled';

/** Images and text in the order in which the model gets them. */
export function buildParts(
  posed: PosedQuestion,
  { pictures, layout }: { readonly pictures: readonly PreparedImage[]; readonly layout: ImageLayout },
): RequestPart[] {
  const shown = pictures.flatMap(({ bytes, mediaType }, index): RequestPart[] => {
    const picture = { type: 'image' as const, bytes, mediaType };
    return layout === 'labelled' ? [{ type: 'text', text: `Image ${index + 1}:` }, picture] : [picture];
  });
  return [...shown, { type: 'text', text: buildText(posed) }];
}

/** The settings in which the model may call tools. */
export const usesTools = (setting: Setting): boolean => setting === 'tools';
