import type { Question } from '../../../ground/contracts/bench.ts';
import { foldIn, openStream, randomKey } from '../../../ground/math/index.ts';
import { openFaceAnalyser } from '../../../kit/faces/index.ts';
import type { PreparedImage } from '../../../kit/vlm/index.ts';
import { type Answerer, digestOf, plainReply } from '../ask/answerer.ts';
import { labelAtChance } from '../ask/baselines.ts';
import type { PosedQuestion } from '../ask/posed-question.ts';
import { createFaceSight, type FaceSight } from './face-sight.ts';
import { type Asked, judgeAge, judgeCrowd, judgeExpression, judgeGender, judgeHeadPose } from './judge-face.ts';
import { judgeIdentity } from './judge-identity.ts';
import { readOptions } from './option-forms.ts';
import { bestOption, type Verdict } from './verdict.ts';

/** Counted up when the specialist answers otherwise than before, so that older answers are not taken for its own. */
const VERSION = 2;

export interface SpecialistOptions {
  /** Decides the answers that are drawn at chance. */
  readonly seed: number;
  /** What looks at images; the built-in networks by default, opened at the first question. */
  readonly sight?: FaceSight;
}

/**
 * Answers with the built-in face networks instead of a language model: what a vision-language model is up against.
 *
 * It measures age, gender, expression, head pose, identity and the number of faces, and reads from the question's words
 * which of these is asked for and what the options are. What no network measures (race, spoofs, deepfakes, celebrities,
 * most attributes, face parts, tools) and what it does not understand it answers at chance, and marks as `fallback`
 * with the reason.
 */
export function createSpecialist({ seed, sight: given }: SpecialistOptions): Answerer {
  let opening: Promise<FaceSight> | undefined;
  const openSight = (): Promise<FaceSight> => {
    opening ??= given === undefined ? openFaceAnalyser().then(createFaceSight) : Promise.resolve(given);
    return opening;
  };
  return {
    id: 'specialist',
    seesPictures: true,
    concurrency: 4,
    digest: ({ question, options }) =>
      digestOf({
        specialist: VERSION,
        seed,
        task: question.task,
        text: question.text,
        options,
        images: question.images,
      }),
    async answer(posed, { pictures, signal }) {
      const started = performance.now();
      const beyond = whyBeyond(posed.question.task, posed.question.text);
      const seen = beyond === null ? await judge(posed, { sight: await openSight(), pictures, signal }) : null;
      const verdict = beyond ?? seen ?? 'the question is not one that the networks answer, or they see no face';
      const reply =
        typeof verdict === 'string'
          ? plainReply(labelAtChance(posed, seed), { reasoning: `At chance: ${verdict}.`, fallback: true })
          : plainReply(posed.options[bestOption(verdict, pickFor(posed, seed))]!.label, { reasoning: verdict.why });
      return { ...reply, latencyMs: performance.now() - started };
    },
    close: async () => (await opening)?.close(),
  };
}

/** Which of the options that fit equally well is taken: always the same for the same question. */
const pickFor =
  ({ question, rotation, repeat }: PosedQuestion, seed: number) =>
  (count: number): number =>
    openStream(foldIn(foldIn(foldIn(randomKey(seed), question.id), rotation), repeat)).integer(count);

const asksIdentity = (text: string): boolean =>
  /\b(same (person|identity|individual|subject|celebrity)|identit(y|ies)|different (people|persons|individuals))/i.test(
    text,
  );

/** Why no network can tell; null where one may. */
function whyBeyond(task: string, text: string): string | null {
  switch (task) {
    case 'race':
      return 'no network here names races';
    case 'fas':
      return 'no network here tells masks and prints from faces';
    case 'deepfakes':
      return asksIdentity(text) ? null : 'no network here tells manipulated faces';
    case 'celebrity_identification':
      return asksIdentity(text) ? null : 'the networks know nobody by name';
    case 'segmentation':
      return 'no network here parses faces';
    case 'tools_retrieval':
      return 'no images to look at';
    default:
      return null;
  }
}

/** Whether the networks look at the images of a question; the others are answered at chance, at once. */
export const looksAt = ({ task, text, images }: Question): boolean =>
  images.length > 0 && whyBeyond(task, text) === null;

interface Looking {
  readonly sight: FaceSight;
  readonly pictures: readonly PreparedImage[];
  readonly signal: AbortSignal;
}

/** Looks for what is asked, and at no more; null where the networks do not tell. */
async function judge(
  { question, options }: PosedQuestion,
  { sight, pictures, signal }: Looking,
): Promise<Verdict | null> {
  if (pictures.length === 0) return null;
  const { task, text } = question;
  const form = readOptions(options, pictures.length);
  if (task === 'crowd_counting') {
    if (pictures.length !== 1) return null;
    const [count = 0] = await sight.count(pictures, signal);
    return judgeCrowd(count, form);
  }
  if (isAboutIdentity(task, text)) {
    if (pictures.length < 2) return null;
    return judgeIdentity({ text, pictures: await sight.recognise(pictures, signal), form });
  }
  const about = traitOf(task, text);
  if (about === null) return null;
  const sights = await sight.look(pictures, signal);
  return TRAITS[about]({ text, options: options.map(option => option.text), form, sights });
}

const TRAITS = {
  age: judgeAge,
  gender: judgeGender,
  expression: judgeExpression,
  headpose: judgeHeadPose,
} as const satisfies Record<string, (asked: Asked) => Verdict | null>;

const isTrait = (task: string): task is keyof typeof TRAITS => task in TRAITS;

const IDENTITY_TASKS = ['hr_fr', 'lr_fr', 'deepfakes', 'celebrity_identification'];

/** Questions of other benchmarks carry other codes: then the words decide, what is seen in a face before who it is. */
function isAboutIdentity(task: string, text: string): boolean {
  if (IDENTITY_TASKS.includes(task)) return true;
  return traitOf(task, text) === null && asksIdentity(text);
}

function traitOf(task: string, text: string): keyof typeof TRAITS | null {
  if (isTrait(task)) return task;
  if (/\b(smil|happ)/i.test(text)) return 'expression';
  if (/\bage|older|younger|oldest|youngest\b/i.test(text)) return 'age';
  if (/\b(gender|male|female|man|woman)\b/i.test(text)) return 'gender';
  if (/\b(yaw|pitch|roll)\b/i.test(text)) return 'headpose';
  return /\b(emotion|expression)/i.test(text) ? 'expression' : null;
}
