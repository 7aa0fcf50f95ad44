import type { ImageRef, Question } from '../../../ground/contracts/bench.ts';
import { pictureKey } from '../stats.ts';
import { areNear } from './inspect-picture.ts';
import { eachQuestion, groupBy, type LintInput, quote, type Rule } from './rule.ts';

const missingImage: Rule = {
  id: 'missing-image',
  severity: 'error',
  explanation: 'An image of the question is not in the folder.',
  check: eachQuestion(function* ({ images }) {
    for (const { file, path } of images) if (file === null) yield `${quote(path)} is not there`;
  }),
};

const unreadableImage: Rule = {
  id: 'unreadable-image',
  severity: 'error',
  explanation: 'An image of the question cannot be decoded.',
  check: eachQuestion(function* ({ images }, { picture }) {
    for (const ref of images) {
      const problem = picture(ref)?.problem;
      if (problem != null) yield `${quote(ref.path)}: ${problem}`;
    }
  }),
};

const redirectedPath: Rule = {
  id: 'redirected-path',
  severity: 'info',
  explanation: 'The path that the question writes leads nowhere; the image was found by its place in the folder.',
  check: eachQuestion(function* ({ images }) {
    for (const { file, path, cell } of images) {
      const written = path.replaceAll('\\', '/').replace(/^\.\//, '');
      if (file !== null && cell === undefined && written !== file) yield `${quote(path)} was found at ${quote(file)}`;
    }
  }),
};

const imageCountMismatch: Rule = {
  id: 'image-count-mismatch',
  severity: 'warning',
  explanation: 'The file says that its questions show no image, one or several, and this one does not.',
  check: eachQuestion(function* ({ imageCount, images }, { picture }) {
    if (imageCount === 'single' && images.length !== 1) yield `says a single image, has ${images.length}`;
    if (imageCount === 'multiple' && images.length < 2) yield `says several images, has ${images.length}`;
    const shown = images.map(picture).filter(facts => facts !== null && facts.problem === null && !facts.blank);
    if (imageCount === 'zero' && shown.length > 0) yield 'says no image, has one that shows something';
  }),
};

const blankImage: Rule = {
  id: 'blank-image',
  severity: 'warning',
  explanation: 'An image of a question about images shows nothing.',
  check: eachQuestion(function* ({ imageCount, images }, { picture }) {
    if (imageCount === 'zero') return;
    for (const ref of images) if (picture(ref)?.blank) yield `${quote(ref.path)} shows nothing`;
  }),
};

const SMALLEST_SIDE = 8;

const tinyImage: Rule = {
  id: 'tiny-image',
  severity: 'info',
  explanation: `An image has fewer than ${SMALLEST_SIDE} pixels along a side.`,
  check: eachQuestion(function* ({ images }, { picture }) {
    for (const ref of images) {
      const facts = picture(ref);
      if (facts !== null && facts.problem === null && Math.min(facts.width, facts.height) < SMALLEST_SIDE)
        yield `${quote(ref.path)} has ${facts.width} × ${facts.height} pixels`;
    }
  }),
};

/** The image by its content where that is known. */
const contentKey = (ref: ImageRef, { picture }: LintInput): string => picture(ref)?.digest ?? pictureKey(ref);

const repeatedImage: Rule = {
  id: 'repeated-image',
  severity: 'warning',
  explanation: 'The question shows the same image twice.',
  check: eachQuestion(function* ({ images }, input) {
    const present = images.flatMap((ref, i) => (ref.file === null ? [] : [{ ref, number: i + 1 }]));
    for (const same of groupBy(present, ({ ref }) => contentKey(ref, input)).values()) {
      if (same.length > 1) yield `images ${same.map(({ number }) => number).join(' and ')} are the same`;
    }
  }),
};

interface Use {
  readonly question: Question;
  readonly ref: ImageRef;
}

/** Every image that shows something, in a question that is about images. */
function usesOf(input: LintInput): Use[] {
  return input.questions.flatMap(question =>
    question.imageCount === 'zero'
      ? []
      : question.images.filter(ref => ref.file !== null && !input.picture(ref)?.blank).map(ref => ({ question, ref })),
  );
}

const someOf = (ids: Iterable<string>): string => {
  const all = [...new Set(ids)];
  return all.length > 3 ? `${all.slice(0, 3).join(', ')} and ${all.length - 3} more` : all.join(', ');
};

const sharedImage: Rule = {
  id: 'shared-image',
  severity: 'info',
  explanation:
    'An image stands in more than one question, whose answers are then not independent: intervals take account of it.',
  check: function* (input) {
    for (const uses of groupBy(usesOf(input), ({ ref }) => contentKey(ref, input)).values()) {
      const ids = [...new Set(uses.map(({ question }) => question.id))];
      if (ids.length < 2) continue;
      for (const id of ids) {
        const path = uses.find(({ question }) => question.id === id)?.ref.path ?? '';
        yield { question: id, detail: `${quote(path)} is also in ${someOf(ids.filter(other => other !== id))}` };
      }
    }
  },
};

/**
 * Of 256 bits. Half-size portraits saved again at poor quality mostly stay within it; of the pairs of 400 different portraits, two in
 * 79,800 (frames of one sitting) and none in another set do.
 */
const NEAR_BITS = 14;

const nearDuplicateImage: Rule = {
  id: 'near-duplicate-image',
  severity: 'info',
  explanation: 'An image is nearly that of another question: resized, compressed, or the next frame of a video.',
  check: function* (input) {
    const pictures = [...groupBy(usesOf(input), ({ ref }) => contentKey(ref, input)).values()].flatMap(uses => {
      const facts = input.picture(uses[0]!.ref);
      return facts === null || facts.problem !== null ? [] : [{ uses, hash: facts.hash }];
    });
    const near = new Map<string, Set<string>>();
    const note = (id: string, other: string): void => {
      if (id !== other) near.set(id, (near.get(id) ?? new Set()).add(other));
    };
    for (const [i, a] of pictures.entries()) {
      for (let j = i + 1; j < pictures.length; j++) {
        const b = pictures[j]!;
        if (!areNear(a.hash, b.hash, { bits: NEAR_BITS })) continue;
        for (const { question: x } of a.uses) {
          for (const { question: y } of b.uses) {
            note(x.id, y.id);
            note(y.id, x.id);
          }
        }
      }
    }
    for (const [question, others] of near) yield { question, detail: `an image is nearly one of ${someOf(others)}` };
  },
};

export const IMAGE_RULES: readonly Rule[] = [
  missingImage,
  unreadableImage,
  redirectedPath,
  imageCountMismatch,
  blankImage,
  tinyImage,
  repeatedImage,
  sharedImage,
  nearDuplicateImage,
];
