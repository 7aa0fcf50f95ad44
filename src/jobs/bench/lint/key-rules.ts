import { canonicalText, foldText, imageList } from '../canonical.ts';
import { rangeOf } from './option-rules.ts';
import { eachQuestion, keyText, quote, type Rule } from './rule.ts';

const answerMismatch: Rule = {
  id: 'answer-mismatch',
  severity: 'error',
  explanation: 'The answer that the file words is that of another option than the key.',
  check: eachQuestion(function* (question) {
    const { answer, options, correct } = question;
    if (answer === null) return;
    const holding = options.filter(option => holds(option.text, answer));
    if (holding.length === 0 || holding.some(option => option.label === correct)) return;
    const others = holding.map(option => `${option.label} ${quote(option.text)}`).join(' or ');
    yield `the key is ${correct} ${quote(keyText(question))}, but the answer ${quote(answer)} is ${others}`;
  }),
};

const answerInNoOption: Rule = {
  id: 'answer-in-no-option',
  severity: 'info',
  explanation:
    'The answer that the file words is none of the options, nor in the range of one: answers are scored on the key alone.',
  check: eachQuestion(function* ({ answer, options }) {
    if (answer !== null && !options.some(option => holds(option.text, answer)))
      yield `the answer ${quote(answer)} is none of the options`;
  }),
};

/** Whether an option is an answer, or a range that has it. */
function holds(option: string, answer: string): boolean {
  if (canonicalText(option) === canonicalText(answer)) return true;
  const range = rangeOf(option);
  const value = Number(answer);
  return range !== null && answer.trim() !== '' && value >= range[0] && value <= range[1];
}

const NONE = /^(?:none|neither|no one|nobody)\b/;
const NOT_ASKED_IMAGE = /\b(?:image|picture|photo)/;

const suspiciousKey: Rule = {
  id: 'suspicious-key',
  severity: 'warning',
  explanation:
    'The key cannot well be right for what is asked: "which share …" with one image, "which is the oldest" with none, a count beyond the images.',
  check: eachQuestion(function* (question) {
    const text = foldText(question.text);
    const key = foldText(keyText(question));
    const images = imageList(key);
    const of = `the key is ${question.correct} ${quote(keyText(question))}`;
    if (images?.length === 1 && asksForSeveral(text)) yield `${of}, one image, for what several must share`;
    if (images !== null && images.length > 1 && asksForOne(text))
      yield `${of}, several images, for a question about one`;
    if (NONE.test(key) && superlative(text)) yield `${of}, but one of the images must be it`;
    const count = /^\d+$/.test(key) ? Number(key) : null;
    if (count !== null && question.images.length > 0 && countsImages(text) && count > question.images.length)
      yield `${of}, but there are ${question.images.length} images`;
  }),
};

const asksForSeveral = (text: string): boolean =>
  (/\b(?:same|share|shared|in common|identical|alike|match(?:ing)? each other)\b/.test(text) &&
    /\bwhich (?:of (?:the|these) )?(?:\w+ )?(?:images|pictures|photos|faces|people|persons|two|pair)\b/.test(text) &&
    !/\bsame (?:\w+ ){0,3}(?:as|with)\b|\bperson a\b|\bfirst image\b|\bnot\b|n't\b|\bdifferent\b/.test(text)) ||
  /\bwhich two\b|\bwhich pair\b/.test(text);

const asksForOne = (text: string): boolean =>
  /\bwhich (?:of (?:the|these) )?(?:single |one )?(?:image|picture|photo|person|face)\b(?!s)(?: \w+){0,6} (?:is|shows|has|contains|depicts)\b/.test(
    text,
  ) && !/\bimages\b|\(s\)/.test(text.replace(/of (?:the|these) (?:\w+ )?images/, ''));

const superlative = (text: string): boolean =>
  /\b(?:who|which)\b.{0,60}\b(?:oldest|youngest|older|younger|largest|smallest|most|least|highest|lowest)\b/.test(
    text,
  ) && !/\bif any\b/.test(text);

const countsImages = (text: string): boolean =>
  /^how many (?:of (?:the|these) )?(?:images|pictures|photos|faces)\b/.test(text) && NOT_ASKED_IMAGE.test(text);

const missingImageNumber: Rule = {
  id: 'missing-image-number',
  severity: 'warning',
  explanation: 'An option names an image by a number that the question does not have.',
  check: eachQuestion(function* ({ options, images, correct }) {
    if (images.length === 0) return;
    for (const { label, text } of options) {
      const beyond = imageList(foldText(text))?.filter(number => number < 1 || number > images.length) ?? [];
      if (beyond.length > 0)
        yield `${label} ${quote(text)}${label === correct ? ', the key,' : ''} names image ${beyond.join(', ')} of ${images.length}`;
    }
  }),
};

const MIN_LEAK_LETTERS = 4;

const answerInQuestion: Rule = {
  id: 'answer-in-question',
  severity: 'warning',
  explanation:
    'The text of the question, the context or the description has the words of the key and of no other option.',
  check: eachQuestion(function* (question) {
    const text = ` ${words(question.text)} `;
    const named = question.options.filter(option => {
      const wanted = words(option.text);
      return lettersOf(wanted) >= MIN_LEAK_LETTERS && text.includes(` ${wanted} `);
    });
    if (named.length === 1 && named[0]?.label === question.correct && imageList(foldText(named[0].text)) === null)
      yield `the question has the words of the key, ${quote(named[0].text)}, and of no other option`;
  }),
};

const answerInFileName: Rule = {
  id: 'answer-in-file-name',
  severity: 'warning',
  explanation:
    'The path of an image has the words of the key and of no other option: a harness that sends file names gives the answer away.',
  check: eachQuestion(function* (question) {
    for (const image of question.images) {
      const path = ` ${words(image.path.replace(/\.[a-z]+$/i, ''))} `;
      const named = question.options.filter(option => {
        const wanted = words(option.text);
        return lettersOf(wanted) >= MIN_LEAK_LETTERS && path.includes(` ${wanted} `);
      });
      if (named.length === 1 && named[0]?.label === question.correct && !isImageNumber(named[0].text)) {
        yield `the path ${quote(image.path)} has the key, ${quote(named[0].text)}`;
        return;
      }
    }
  }),
};

const isImageNumber = (text: string): boolean => imageList(foldText(text)) !== null;
const lettersOf = (text: string): number => text.replace(/[^\p{L}]/gu, '').length;
/** Words parted by single blanks, without any other mark; digits that follow letters become words of their own. */
const words = (text: string): string =>
  foldText(text)
    .replace(/([\p{L}])(\d)/gu, '$1 $2')
    .replace(/[^\p{L}\p{N}]+/gu, ' ')
    .trim();

export const KEY_RULES: readonly Rule[] = [
  answerMismatch,
  answerInNoOption,
  suspiciousKey,
  missingImageNumber,
  answerInQuestion,
  answerInFileName,
];
