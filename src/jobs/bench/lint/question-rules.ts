import type { Question } from '../../../ground/contracts/bench.ts';
import { canonicalText, foldText } from '../canonical.ts';
import { pictureKey } from '../stats.ts';
import { eachQuestion, groupBy, keyText, type LintInput, quote, type Rule, stemOf } from './rule.ts';

const unreadableQuestion: Rule = {
  id: 'unreadable-question',
  severity: 'error',
  explanation: 'A question or file could not be read, and is left out of all else.',
  check: ({ problems }) => problems.map(({ where, message }) => ({ question: where, detail: message })),
};

/** What a question asks about which images, whatever its options. */
function subjectOf(question: Question, { picture }: LintInput): string {
  const pictures = question.images.map(ref => picture(ref)?.digest ?? pictureKey(ref));
  return JSON.stringify([foldText(question.text), question.imageCount === 'zero' ? [] : pictures]);
}

const meanings = (question: Question): string[] => question.options.map(option => canonicalText(option.text));

const duplicateQuestion: Rule = {
  id: 'duplicate-question',
  severity: 'warning',
  explanation: 'The same text, images and options stand in another question: one of them adds nothing.',
  check: function* (input) {
    const keyed = (question: Question): string =>
      JSON.stringify([subjectOf(question, input), meanings(question).sort(), canonicalText(keyText(question))]);
    for (const [first, ...rest] of groupBy(input.questions, keyed).values()) {
      for (const { id } of rest) yield { question: id, detail: `the same as ${first?.id}` };
    }
  },
};

const conflictingKeys: Rule = {
  id: 'conflicting-keys',
  severity: 'error',
  explanation: 'Another question asks the same about the same images, offers the key of this one, and has another key.',
  check: function* (input) {
    for (const group of groupBy(input.questions, question => subjectOf(question, input)).values()) {
      for (const question of group) {
        const key = canonicalText(keyText(question));
        const other = group.find(
          candidate =>
            canonicalText(keyText(candidate)) !== key && meanings(candidate).includes(key) && isSpecific(key),
        );
        if (other !== undefined)
          yield {
            question: question.id,
            detail: `the key is ${quote(keyText(question))}, in ${other.id} it is ${quote(keyText(other))}`,
          };
      }
    }
  },
};

/** "None of the above" is right or not by what stands above. */
const isSpecific = (key: string): boolean => !/^(?:none|all|both|neither)\b/.test(key);

const trainingSplit: Rule = {
  id: 'training-split',
  severity: 'info',
  explanation:
    'The file says that its images are from the training or validation split of their set, which models may have been trained on.',
  check: function* ({ questions }) {
    for (const [stem, group] of groupBy(questions, stemOf)) {
      const split = /(?:^|[_-])(train|training|val|valid|validation)(?:$|[_-])/i.exec(stem)?.[1];
      if (split !== undefined)
        yield { question: stem, detail: `${group.length} questions from a split called "${split}"` };
    }
  },
};

/** Of text that was decoded by the wrong table, or cut within a character. */
const BROKEN = /\ufffd|Ã[\u0080-\u00bf]|â€[\u0080-\u00bf™œ]?|(?![\n\r\t])\p{Cc}/u;

const brokenCharacters: Rule = {
  id: 'broken-characters',
  severity: 'warning',
  explanation: 'A text has control characters, or letters that were read by the wrong character table.',
  check: eachQuestion(function* ({ text, options, prepend, postpend, context = '' }) {
    const all = [text, ...options.map(option => option.text), prepend, postpend, context];
    const broken = all.find(part => BROKEN.test(part));
    if (broken !== undefined) yield `broken characters in ${JSON.stringify(broken.slice(0, 60))}`;
  }),
};

export const QUESTION_RULES: readonly Rule[] = [
  unreadableQuestion,
  duplicateQuestion,
  conflictingKeys,
  trainingSplit,
  brokenCharacters,
];
