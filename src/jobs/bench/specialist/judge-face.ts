import type { Face } from '../../../ground/contracts/faces.ts';
import type { SeenFace, Sight } from './face-sight.ts';
import type { HeadAngles } from './head-angles.ts';
import { isNoneOfTheAbove, type OptionForm, parseRange, type Range } from './option-forms.ts';
import { inRange, judgeByNumber, judgeByTrait, type Verdict } from './verdict.ts';

/** What a question asks about. */
export interface Asked {
  readonly text: string;
  readonly options: readonly string[];
  readonly form: OptionForm;
  readonly sights: readonly Sight[];
}

/** Standard error of the age network on faces of adults, in years. */
const AGE_DEVIATION = 6;
/** Standard errors of angles from landmarks, in degrees. */
const ANGLE_DEVIATION = 6;
const OTHER = Math.log(0.02);

const main = (sight: Sight | undefined): SeenFace | undefined => sight?.faces[0];

/** One face for each image, or all faces of an image that is alone; null where an image has none. */
function facesAsked({ sights }: Asked): SeenFace[] | null {
  if (sights.length === 1) return sights[0]!.faces.length === 0 ? null : [...sights[0]!.faces];
  const faces = sights.map(main);
  return faces.every(face => face !== undefined) ? faces : null;
}

/** The image that a text singles out, such as "in image 2"; the first otherwise. */
function facePointedAt({ text, sights }: Asked): SeenFace | undefined {
  const match = /\b(?:image|picture|photo)\s+(\d+)/i.exec(text);
  return main(sights[match === null ? 0 : Number(match[1]) - 1]);
}

export function judgeAge(asked: Asked): Verdict | null {
  const { text, form } = asked;
  const faces = facesAsked(asked);
  if (faces === null) return null;
  const ages = faces.map(({ age }) => age);
  const why = `ages ${ages.map(age => age.toFixed(0)).join(', ')}`;
  const target = parseRange(text);
  if (target !== null && form.kind !== 'ranges') {
    const probabilities = ages.map(age => inRange(age, { range: target, deviation: AGE_DEVIATION }));
    return judgeByTrait(probabilities, { form, why });
  }
  if (form.kind === 'pictures') {
    if (
      form.values.some(set => set !== null && set.length > 2) &&
      /\b(order|sort|arrange|rank|sequence|from (the )?(young|old))/i.test(text)
    ) {
      return judgeOrder(ages, { ...asked, why });
    }
    const sign = /\b(young|youngest|younger)\b/i.test(text) ? -1 : /\b(old|oldest|older)\b/i.test(text) ? 1 : 0;
    if (sign === 0) return judgeAlike(ages, { form, deviation: AGE_DEVIATION, why });
    const score = (set: readonly number[] | null): number =>
      set === null || set.length === 0 ? OTHER : (sign * mean(set.map(i => ages[i]!))) / AGE_DEVIATION;
    return { scores: relativeToBest(form.values.map(score)), why };
  }
  const face = facePointedAt(asked);
  return face === undefined ? null : judgeByNumber(face.age, { form, deviation: AGE_DEVIATION, why });
}

/** Scores turned so that the best is 0, which puts "None of the above" in its place. */
function relativeToBest(scores: readonly number[]): number[] {
  const best = Math.max(...scores.filter(score => score !== OTHER));
  return scores.map(score => (score === OTHER ? OTHER : score - best));
}

/** Orders by how many years every pair stands the right way round. */
function judgeOrder(
  ages: readonly number[],
  { text, form, options, why }: Asked & { readonly why: string },
): Verdict | null {
  if (form.kind !== 'pictures') return null;
  const falling = isFalling(text);
  const score = (order: readonly number[] | null, option: string): number => {
    if (order === null) return OTHER;
    const sign = (falling ? -1 : 1) * (option.includes('>') ? -1 : 1);
    let years = 0;
    for (const [k, i] of order.entries()) {
      for (const j of order.slice(k + 1)) years += sign * (ages[j]! - ages[i]!);
    }
    return years / AGE_DEVIATION;
  };
  return { scores: relativeToBest(form.values.map((order, i) => score(order, options[i]!))), why };
}

/** Whether the oldest are to come first: by which age is named first. */
function isFalling(text: string): boolean {
  if (/\b(descending|decreasing)\b/i.test(text)) return true;
  const [old, young] = [text.search(/\bold/i), text.search(/\byoung/i)];
  return old >= 0 && (young < 0 || old < young);
}

/** Which images share a value: those that lie together, best where all others lie apart. */
function judgeAlike(
  values: readonly number[],
  { form, deviation, why }: { readonly form: OptionForm; readonly deviation: number; readonly why: string },
): Verdict | null {
  if (form.kind !== 'pictures') return null;
  const score = (set: readonly number[] | null): number => {
    if (set === null || set.length < 2) return OTHER;
    const centre = mean(set.map(i => values[i]!));
    return -mean(set.map(i => ((values[i]! - centre) / deviation) ** 2));
  };
  return { scores: form.values.map(score), why };
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const FEMALE = /\b(female|woman|women|girl|girls|lady|ladies)\b/i;
const MALE = /\b(male|man|men|boy|boys|gentleman|gentlemen)\b/i;

const maleProbability = ({ gender, genderProbability }: Face): number =>
  gender === 'male' ? genderProbability : 1 - genderProbability;

export function judgeGender(asked: Asked): Verdict | null {
  const { text, options, form } = asked;
  const faces = facesAsked(asked);
  if (faces === null) return null;
  const male = faces.map(maleProbability);
  const why = `male with ${male.map(p => p.toFixed(2)).join(', ')}`;
  const [asksMale, asksFemale] = [MALE.test(text), FEMALE.test(text)];
  if (form.kind === 'words') {
    const allMale = male.reduce((product, p) => product * p, 1);
    const allFemale = male.reduce((product, p) => product * (1 - p), 1);
    const score = (option: string): number => {
      if (isNoneOfTheAbove(option) || /^\W*(none|neither|other)\b/i.test(option)) return OTHER;
      const [isMale, isFemale] = [MALE.test(option), FEMALE.test(option)];
      if (/\bboth\b/i.test(option) || (isMale && isFemale))
        return Math.log(Math.max(1e-3, 1 - allMale - allFemale) * 0.5);
      return isMale ? Math.log(allMale + 1e-6) : isFemale ? Math.log(allFemale + 1e-6) : OTHER;
    };
    return { scores: options.map(score), why };
  }
  if (asksMale !== asksFemale) return judgeByTrait(asksMale ? male : male.map(p => 1 - p), { form, why });
  if (/\bsame\b/i.test(text)) return judgeAlike(male, { form, deviation: 0.3, why });
  return null;
}

const EXPRESSION_WORDS: readonly (readonly [RegExp, Face['expression']])[] = [
  [/\b(neutral|calm|no expression|expressionless)/i, 'neutral'],
  [/\b(happ|joy|smil|cheer|delight)/i, 'happy'],
  [/\b(sad|sorrow|unhappy)/i, 'sad'],
  [/\b(ang(er|ry)|furious|rage)/i, 'angry'],
  [/\b(fear|afraid|scared|frighten)/i, 'fearful'],
  [/\b(disgust)/i, 'disgusted'],
  [/\b(surpris|astonish|amaze)/i, 'surprised'],
];

/** The expression that a text names; null for none or several. */
export function namedExpression(text: string): Face['expression'] | null {
  const names = EXPRESSION_WORDS.filter(([pattern]) => pattern.test(text)).map(([, name]) => name);
  return names.length === 1 ? names[0]! : null;
}

export function judgeExpression(asked: Asked): Verdict | null {
  const { text, options, form } = asked;
  const faces = facesAsked(asked);
  if (faces === null) return null;
  const why = `expressions ${faces.map(({ expression }) => expression).join(', ')}`;
  const target = namedExpression(text);
  if (target !== null) {
    const probabilities = faces.map(face => face.expressionProbabilities[target]);
    return judgeByTrait(probabilities, { form, why });
  }
  if (form.kind === 'pictures' && /\b(same|share|alike|similar)\b/i.test(text)) {
    const score = (set: readonly number[] | null): number =>
      set === null || set.length < 2 ? OTHER : Math.log(1e-6 + sharedExpression(set.map(i => faces[i]!)));
    return { scores: form.values.map(score), why };
  }
  const names = options.map(namedExpression);
  const face = facePointedAt(asked);
  if (form.kind !== 'words' || face === undefined || names.filter(name => name !== null).length < 2) return null;
  const score = (name: Face['expression'] | null): number =>
    name === null ? OTHER : Math.log(face.expressionProbabilities[name] + 1e-6);
  return { scores: names.map(score), why };
}

function sharedExpression(faces: readonly Face[]): number {
  const names = EXPRESSION_WORDS.map(([, name]) => name);
  return names.reduce((sum, name) => sum + faces.reduce((p, face) => p * face.expressionProbabilities[name], 1), 0);
}

export function judgeHeadPose(asked: Asked): Verdict | null {
  const { text, form } = asked;
  const axis: keyof HeadAngles | null = /\byaw\b/i.test(text)
    ? 'yaw'
    : /\bpitch\b/i.test(text)
      ? 'pitch'
      : /\broll\b/i.test(text)
        ? 'roll'
        : null;
  const faces = facesAsked(asked);
  if (axis === null || faces === null) return null;
  const angles = faces.map(face => face.angles[axis]);
  const why = `${axis} ${angles.map(angle => angle.toFixed(0)).join(', ')} degrees`;
  const target: Range | null = parseRange(text);
  if (target !== null && form.kind !== 'ranges') {
    const probabilities = angles.map(angle => inRange(angle, { range: target, deviation: ANGLE_DEVIATION }));
    return judgeByTrait(probabilities, { form, why });
  }
  if (form.kind === 'pictures') return judgeAlike(angles, { form, deviation: ANGLE_DEVIATION, why });
  const face = facePointedAt(asked);
  return face === undefined ? null : judgeByNumber(face.angles[axis], { form, deviation: ANGLE_DEVIATION, why });
}

/** Answers how many faces one image shows. */
export function judgeCrowd(count: number, form: OptionForm): Verdict | null {
  if (count === 0) return null;
  // A detector overlooks more faces the more there are.
  const deviation = 0.5 + 0.1 * count;
  return judgeByNumber(count, { form, deviation, why: `${count} faces found` });
}
