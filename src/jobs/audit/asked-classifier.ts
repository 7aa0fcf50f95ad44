import { throwIfAborted } from '../../ground/errors.ts';
import type { Classified, Classifier } from '../../kit/faces/index.ts';
import { encodeJpeg, type Image, resizeImage } from '../../kit/images/index.ts';
import { askAgain, ModelError, type OpenModelOptions, openModel, type RequestPart } from '../../kit/vlm/index.ts';

/** Attribute → the classes that a model may answer. */
export type Asks = Readonly<Record<string, readonly string[]>>;

/** Longest side of an image as it is sent. */
const MOST_SIDE = 768;
const REQUESTS_AT_ONCE = 4;
const MOST_TOKENS = 2000;

function questionOf(attribute: string, classes: readonly string[]): string {
  return [
    `Look at the face in this image. Which of these describes its ${attribute} best?`,
    ...classes.map(name => `- ${name}`),
    'Answer with one of them, word for word, and nothing else.',
  ].join('\n');
}

const words = (text: string): string =>
  ` ${
    text
      .toLowerCase()
      .match(/[\p{L}\p{N}+-]+/gu)
      ?.join(' ') ?? ''
  } `;

/**
 * The class that an answer names: the whole of it, or the only one that stands in its last line of words; null where none or several do.
 * A class within the name of another, `male` in `female`, is no match, since whole words are compared.
 */
export function classOf(answer: string, classes: readonly string[]): string | null {
  const line = answer.trim().split('\n').at(-1) ?? '';
  const said = words(line.slice(0, 2000));
  const named = classes.filter(name => said.includes(words(name)));
  // "dark brown" names "brown" too: the longest one that holds the others is meant.
  const longest = named.toSorted((a, b) => b.length - a.length)[0];
  if (longest === undefined) return null;
  return named.every(name => words(longest).includes(words(name))) ? longest : null;
}

/** Runs work with so many under way at a time. */
function limiter(width: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async work => {
    while (running >= width) await new Promise<void>(resolve => waiting.push(resolve));
    running++;
    try {
      return await work();
    } finally {
      running--;
      waiting.shift()?.();
    }
  };
}

/**
 * A vision-language model as a classifier: it is shown each image and asked for one attribute at a time. An image that it declines, or
 * answers with no class or several, has no class of that attribute; so does one that its server refuses. Its errors have a pattern as those of any
 * classifier have, and are measured and corrected for in the same way.
 *
 * @throws {BiolensError} `usage` for a malformed model; `external` where its server cannot be reached or refuses the key
 */
export function openAskedClassifier(spec: string, asks: Asks, options: OpenModelOptions = {}): Classifier {
  const model = openModel(spec, options);
  const limited = limiter(REQUESTS_AT_ONCE);
  const close = async (): Promise<void> => model.close?.();
  const ask = async (
    image: RequestPart,
    [attribute, classes]: readonly [string, readonly string[]],
    signal: AbortSignal | undefined,
  ): Promise<readonly [string, readonly number[]] | null> => {
    const text = questionOf(attribute, classes);
    const reply = await askAgain(
      model,
      { parts: [image, { type: 'text', text }], temperature: 0, maxOutputTokens: MOST_TOKENS, seed: 1 },
      { signal },
    ).catch((error: unknown) => {
      throwIfAborted(signal);
      // One image that a filter holds back stops nothing; a server that is not there does.
      if (error instanceof ModelError && !error.fatal && !error.transient) return null;
      throw error;
    });
    const said = reply === null || reply.refused ? null : classOf(reply.text, classes);
    return said === null ? null : [attribute, classes.map(name => (name === said ? 1 : 0))];
  };
  const classify = async (image: Image, signal: AbortSignal | undefined): Promise<Classified> => {
    const scale = Math.min(1, MOST_SIDE / Math.max(image.width, image.height));
    const size = {
      width: Math.max(1, Math.round(image.width * scale)),
      height: Math.max(1, Math.round(image.height * scale)),
    };
    const bytes = await encodeJpeg(await resizeImage(image, size), { quality: 92 });
    const part: RequestPart = { type: 'image', bytes, mediaType: 'image/jpeg' };
    const answers = await Promise.all(Object.entries(asks).map(one => limited(() => ask(part, one, signal))));
    return { probabilities: Object.fromEntries(answers.filter(answer => answer !== null)), box: null };
  };
  return {
    name: model.id,
    attributes: asks,
    concurrency: REQUESTS_AT_ONCE,
    classify: (images, { signal } = {}) => Promise.all(images.map(image => classify(image, signal))),
    close,
    [Symbol.asyncDispose]: close,
  };
}
