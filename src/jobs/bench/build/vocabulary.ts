/** Age groups as questions write them, with their first and last year. */
export const AGE_BINS: readonly (readonly [text: string, low: number, high: number])[] = [
  ['0-2', 0, 2],
  ['3-9', 3, 9],
  ['10-19', 10, 19],
  ['20-29', 20, 29],
  ['30-39', 30, 39],
  ['40-49', 40, 49],
  ['50-59', 50, 59],
  ['60-69', 60, 69],
  ['70 or older', 70, 120],
];

/** What can stand before a camera that is meant to see a live person. */
export const PRESENTATIONS = {
  live: 'A live person',
  print: 'A printed photo',
  bent: 'A bent printed photo',
  cut: 'A printed photo with cut-out eyes',
  screen: 'A photo or video on a screen',
  paperMask: 'A paper mask',
  rigidMask: 'A rigid mask',
  flexibleMask: 'A flexible silicone mask',
  mannequin: 'A mannequin head',
  glasses: 'A live person in joke glasses',
  makeup: 'A live person in heavy make-up',
} as const;

/** Expressions as questions write them, with the words that may stand for them in label files. */
export const EXPRESSION_WORDS: Readonly<Record<string, readonly string[]>> = {
  Neutral: ['neutral', 'neutrality', 'calm'],
  Happiness: ['happiness', 'happy', 'joy', 'smile', 'smiling'],
  Sadness: ['sadness', 'sad'],
  Anger: ['anger', 'angry'],
  Fear: ['fear', 'fearful', 'afraid'],
  Disgust: ['disgust', 'disgusted'],
  Surprise: ['surprise', 'surprised'],
  Contempt: ['contempt', 'contemptuous'],
};

const EXPRESSION_OF: ReadonlyMap<string, string> = new Map(
  Object.entries(EXPRESSION_WORDS).flatMap(([name, words]) => words.map(word => [word, name] as const)),
);

/** The expression that a label means; undefined for one of another kind. */
export const expressionOf = (label: string | null | undefined): string | undefined =>
  EXPRESSION_OF.get((label ?? '').trim().toLowerCase());

/** Expressions that are easily taken for each other. */
export const CONFUSABLE_EXPRESSIONS: Readonly<Record<string, readonly string[]>> = {
  Neutral: ['Sadness', 'Contempt'],
  Happiness: ['Contempt', 'Surprise'],
  Sadness: ['Neutral', 'Disgust'],
  Anger: ['Disgust', 'Fear'],
  Fear: ['Surprise', 'Sadness'],
  Disgust: ['Anger', 'Contempt'],
  Surprise: ['Fear', 'Happiness'],
  Contempt: ['Neutral', 'Disgust'],
};

/** Race labels that look most alike, of the sets that have them. */
export const CONFUSABLE_RACES: Readonly<Record<string, readonly string[]>> = {
  'East Asian': ['Southeast Asian'],
  'Southeast Asian': ['East Asian'],
  White: ['Middle Eastern', 'Latino or Hispanic'],
  'Middle Eastern': ['Latino or Hispanic', 'White', 'Indian'],
  'Latino or Hispanic': ['Middle Eastern', 'White', 'Indian'],
  Indian: ['Middle Eastern', 'Latino or Hispanic'],
  Black: ['Indian'],
};

const GENDERS: Readonly<Record<string, 'male' | 'female'>> = {
  male: 'male',
  m: 'male',
  man: 'male',
  female: 'female',
  f: 'female',
  woman: 'female',
};

export const genderOf = (label: string | null | undefined): 'male' | 'female' | undefined =>
  GENDERS[(label ?? '').trim().toLowerCase()];

/** The years that an age label means: `25`, `20-29`, `more than 70`, `70+`. */
export function ageOf(label: string | null | undefined): readonly [number, number] | undefined {
  const text = (label ?? '').trim().toLowerCase();
  const range = /^(\d{1,3})\s*(?:-|–|to)\s*(\d{1,3})$/.exec(text);
  if (range !== null) return inYears(Number(range[1]), Number(range[2]));
  const open = /^(?:more than|over|>=?)?\s*(\d{1,3})\s*(\+|or older|and over)?$/.exec(text);
  if (open !== null && text !== open[1]) return inYears(Number(open[1]), 120);
  return /^\d{1,3}(\.\d+)?$/.test(text) ? inYears(Math.floor(Number(text)), Math.floor(Number(text))) : undefined;
}

function inYears(low: number, high: number): readonly [number, number] | undefined {
  return low >= 0 && low <= high && high <= 120 ? [low, high] : undefined;
}

/** `Wearing_Hat` → `Wearing hat`. */
export function attributeWords(name: string): string {
  const plain = name
    .replace(/[_\s]+/g, ' ')
    .trim()
    .toLowerCase()
    .replace(/^5 o clock/, "five o'clock");
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}
