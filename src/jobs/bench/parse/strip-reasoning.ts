const NAMES = 'think|thinking|thoughts?|reasoning|reflection|scratchpad|analysis|seed:think';
const OPEN = String.raw`<(?:${NAMES})>|\[(?:THINK|REASONING)\]|◁think▷|<\|begin_of_thought\|>`;
const CLOSE = String.raw`</(?:${NAMES})>|\[/(?:THINK|REASONING)\]|◁/think▷|<\|end_of_thought\|>`;
const TAG = new RegExp(`(?<open>${OPEN})|${CLOSE}`, 'giu');
const FINAL_CHANNEL = '<|channel|>final<|message|>';

/**
 * A reply without what its model thought aloud: blocks between reasoning tags; all before a closing tag whose opening one the
 * server kept to itself; all after an opening tag that is never closed, where the model ran out of tokens.
 */
export function stripReasoning(raw: string): string {
  const final = raw.lastIndexOf(FINAL_CHANNEL);
  const text = final < 0 ? raw : raw.slice(final + FINAL_CHANNEL.length).replace(/<\|(?:end|return)\|>[\s\S]*$/, '');
  let kept = '';
  let from: number | null = 0;
  for (const tag of text.matchAll(TAG)) {
    const end = tag.index + tag[0].length;
    if (tag.groups?.open !== undefined) {
      if (from !== null) kept += `${text.slice(from, tag.index)}\n`;
      from = null;
    } else {
      if (from !== null) kept = '';
      from = end;
    }
  }
  return (from === null ? kept : kept + text.slice(from)).trim();
}
