const INVISIBLE = /[\u00ad\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]/gu;
const TERMINAL_ESCAPES = /(?![\n\r\t])\p{Cc}\[[0-9;]*[A-Za-z]/gu;
const LATEX_FONT = /\\(?:text|textbf|textit|textrm|mathrm|mathbf|mathit|mathsf|operatorname)\s*\{([^{}]*)\}/g;
const BOXED = /\\(?:boxed|fbox|framebox)\s*\{([^{}]*)\}/g;
const ANSWER_TAG = /<(?:final_)?answer>([\s\S]*?)(?:<\/(?:final_)?answer>|$)/gi;
const BOLD = /\*\*([^*\n]+)\*\*|__([^_\n]+)__|<(?:b|strong)>([^<\n]+)<\/(?:b|strong)>/gi;
const JSON_FIELD =
  /["'](?:final_?answer|answer|correct(?:_?answer)?(?:_?option)?|answer_?option|option|choice|label|letter|prediction|selected(?:_?option)?)["']\s*:\s*(?:"([^"\n]*)"|'([^'\n]*)'|(-?\d+(?:\.\d+)?))/gi;

/** A reply without the dress that models put on plain words, and what they set apart by it. */
export interface PlainReply {
  /** One style of letters and dashes, no markup; line breaks are kept. */
  readonly text: string;
  /** What stands in an answer tag, a box or the answer field of JSON, in the order it stands there. */
  readonly marked: readonly string[];
  /** What is set in bold. */
  readonly bold: readonly string[];
}

const firstGroup = (match: RegExpMatchArray): string => match.slice(1).find(group => group !== undefined) ?? '';

/** Takes font commands off, nested ones to a depth that no honest reply exceeds. */
function unfont(text: string, depth = 4): string {
  const inner = text.replace(LATEX_FONT, '$1');
  return inner === text || depth === 0 ? inner : unfont(inner, depth - 1);
}

/** Takes markdown, LaTeX and HTML emphasis, invisible characters and terminal escapes off a reply. */
export function plainReply(reply: string): PlainReply {
  const text = unfont(
    reply
      .normalize('NFKC')
      .replace(TERMINAL_ESCAPES, '')
      .replace(INVISIBLE, '')
      .replace(/\r\n?/g, '\n')
      // Runs of blanks mean nothing, and cost much in whatever looks for them.
      .replace(/[^\S\n]+/g, ' ')
      .replace(/\n(?: ?\n)+/g, '\n\n'),
  );
  const marked = [BOXED, ANSWER_TAG, JSON_FIELD]
    .flatMap(pattern => [...text.matchAll(pattern)])
    .sort((a, b) => a.index - b.index)
    .map(match => undress(firstGroup(match)));
  const bold = [...text.matchAll(BOLD)].map(match => undress(firstGroup(match)));
  return { text: undress(text.replace(BOXED, ' $1 ')), marked, bold };
}

function undress(text: string): string {
  return text
    .replace(/<\/?(?:b|strong|i|em|u|p|span|br|code|final_answer|answer)\s*\/?>/gi, ' ')
    .replace(/\\[()[\]]/g, ' ')
    .replace(/\*\*|__|`+|\$+/g, '')
    .replace(/^[ \t]*(?:#{1,6}[ \t]+|>[ \t]*|[*+•-][ \t]+)/gm, '')
    .replace(/(^|[\s(])\*([^*\n]+)\*(?=[\s).,;:!?]|$)/gm, '$1$2')
    .replace(/[\u2010-\u2015\u2212]/g, '-')
    .replace(/[\u2018\u2019]/g, "'")
    .replace(/[\u201c\u201d]/g, '"')
    .replace(/[^\S\n]+/g, ' ')
    .trim();
}
