import type { ImageCount } from '../../../ground/contracts/bench.ts';
import type { TaskCode } from '../../../ground/contracts/bench-codes.ts';
import { BiolensError, throwIfAborted } from '../../../ground/errors.ts';
import { foldIn, type RandomKey, RandomStream } from '../../../ground/math/index.ts';
import { canonicalText } from '../canonical.ts';
import type { MadePicture, PictureMaker } from './picture-maker.ts';
import type { Draft, Material, TaskQuestions, Template } from './questions/draft.ts';

/** A question that stands: its images are made, and its options in the order of their letters. */
export interface ComposedQuestion {
  readonly task: TaskCode;
  readonly dataset: string;
  readonly adapter: string;
  readonly template: string;
  readonly imageCount: ImageCount;
  readonly text: string;
  readonly options: readonly string[];
  /** Place of the right one. */
  readonly key: number;
  readonly pictures: readonly MadePicture[];
  readonly description: string;
  readonly context: string | undefined;
}

/** What can make questions of one task. */
export interface Supplier {
  readonly dataset: string;
  readonly adapter: string;
  readonly material: Material;
  readonly questions: TaskQuestions;
  /** Null for tasks without images. */
  readonly pictures: PictureMaker | null;
}

export interface ComposeOptions {
  readonly task: TaskCode;
  readonly count: number;
  readonly key: RandomKey;
  /** What has been asked already, by text and images. */
  readonly asked: Set<string>;
  readonly onUnusable: (file: string, reason: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Draws that may lead nowhere before a template is given up. */
const ATTEMPTS = 60;
const LETTERS = [0, 1, 2, 3] as const;

/** Deals the places of the right options: in every four questions each letter once. */
class Deck {
  readonly #stream: RandomStream;
  #places: number[] = [];

  constructor(key: RandomKey) {
    this.#stream = new RandomStream(key);
  }

  /** The place that the next question has; it stays on top until it is taken. */
  get next(): number {
    if (this.#places.length === 0) this.#places = this.#stream.shuffle([...LETTERS]);
    return this.#places.at(-1)!;
  }

  take(): void {
    this.#places.pop();
  }
}

/** Makes up to `count` questions of a task, its templates in turn; fewer where its images allow no more. */
export async function* composeQuestions(supplier: Supplier, options: ComposeOptions): AsyncGenerator<ComposedQuestion> {
  const { count, key } = options;
  const decks = new Map<ImageCount, Deck>();
  let templates = new RandomStream(foldIn(key, 'templates')).shuffle([...supplier.questions.templates]);
  const turns = new Map<ImageCount, number>();
  for (let made = 0; made < count && templates.length > 0; ) {
    // One image and several by turns, where a task has both.
    const kinds = [...new Set(templates.map(({ images }) => images))].sort();
    const kind = kinds[made % kinds.length]!;
    const ofKind = templates.filter(({ images }) => images === kind);
    const turn = turns.get(kind) ?? 0;
    const template = ofKind[turn % ofKind.length]!;
    const deck = decks.get(kind) ?? new Deck(foldIn(foldIn(key, 'letters'), kind));
    decks.set(kind, deck);
    const question = await tryTemplate(template, supplier, { ...options, key: foldIn(key, made), place: deck.next });
    if (question === null) {
      templates = templates.filter(other => other !== template);
      continue;
    }
    deck.take();
    turns.set(kind, turn + 1);
    made++;
    yield question;
  }
}

async function tryTemplate(
  template: Template,
  supplier: Supplier,
  options: ComposeOptions & { readonly place: number },
): Promise<ComposedQuestion | null> {
  const key = foldIn(options.key, template.id);
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    throwIfAborted(options.signal);
    const stream = new RandomStream(foldIn(key, attempt));
    const draft = await template.make(supplier.material.pool, stream);
    if (draft === null || !isSound(draft)) continue;
    const pictures = await makePictures(draft, supplier, options);
    if (pictures === null) continue;
    const subject = JSON.stringify([draft.text, pictures.map(({ digest }) => digest)]);
    if (options.asked.has(subject) || new Set(pictures.map(({ digest }) => digest)).size < pictures.length) continue;
    options.asked.add(subject);
    supplier.material.pool.use(draft.shown.map(({ image }) => image));
    const { questions, dataset, adapter } = supplier;
    return {
      task: options.task,
      dataset,
      adapter,
      template: template.id,
      imageCount: template.images,
      text: draft.text,
      ...arrange(draft, { place: options.place, stream }),
      pictures,
      description: questions.description,
      context: questions.context,
    };
  }
  return null;
}

/** Four options that mean four different things. */
function isSound({ options, key }: Draft): boolean {
  return (
    options.length === LETTERS.length &&
    key >= 0 &&
    key < options.length &&
    new Set(options.map(canonicalText)).size === options.length
  );
}

/** Puts the right option at its place and the others around it in random order. */
function arrange(
  { options, key }: Draft,
  { place, stream }: { readonly place: number; readonly stream: RandomStream },
): { readonly options: readonly string[]; readonly key: number } {
  const others = stream.shuffle(options.filter((_, i) => i !== key));
  return { options: [...others.slice(0, place), options[key]!, ...others.slice(place)], key: place };
}

async function makePictures(
  { shown }: Draft,
  { pictures, material }: Supplier,
  { onUnusable }: ComposeOptions,
): Promise<readonly MadePicture[] | null> {
  const all: MadePicture[] = [];
  for (const one of shown) {
    try {
      const picture = (await pictures?.make(one)) ?? null;
      if (picture === null) {
        if (one.image.made !== undefined) material.pool.discard(one.image);
        return null;
      }
      all.push(picture);
    } catch (error) {
      if (!(error instanceof BiolensError && error.code === 'input')) throw error;
      material.pool.discard(one.image);
      onUnusable(one.image.file, error.message);
      return null;
    }
  }
  return all;
}
