import type { Question } from '../../../src/ground/contracts/bench.ts';
import { EXPRESSIONS, type Face } from '../../../src/ground/contracts/faces.ts';
import { type PosedQuestion, posings } from '../../../src/jobs/bench/ask/index.ts';
import type { FaceSight, Likeness, SeenFace, Sight } from '../../../src/jobs/bench/specialist/index.ts';
import type { PreparedImage } from '../../../src/kit/vlm/index.ts';
import { makeQuestion } from '../ask/support.ts';

export interface FaceDraft {
  readonly age?: number;
  readonly male?: number;
  readonly expression?: Face['expression'];
  readonly yaw?: number;
  readonly pitch?: number;
  readonly roll?: number;
}

/** A face as the networks might see it. */
export function face({
  age = 30,
  male = 0.9,
  expression = 'neutral',
  yaw = 0,
  pitch = 0,
  roll = 0,
}: FaceDraft): SeenFace {
  const probabilities = (name: Face['expression']): number => (name === expression ? 0.88 : 0.02);
  const [neutral, happy, sad, angry, fearful, disgusted, surprised] = EXPRESSIONS.map(probabilities);
  return {
    box: { x: 0, y: 0, width: 10, height: 10 },
    score: 0.9,
    age,
    gender: male > 0.5 ? 'male' : 'female',
    genderProbability: Math.max(male, 1 - male),
    expression,
    expressionProbabilities: {
      neutral: neutral!,
      happy: happy!,
      sad: sad!,
      angry: angry!,
      fearful: fearful!,
      disgusted: disgusted!,
      surprised: surprised!,
    },
    landmarks: new Float32Array(136),
    embedding: new Float32Array(128),
    angles: { yaw, pitch, roll },
  };
}

/** All that is seen in one image. */
export type Scene = Sight & Pick<Likeness, 'embedding'>;

/** An image of one face of the person with this number; different persons are far apart. */
export function picture(draft: FaceDraft & { readonly person?: number } = {}): Scene {
  const embedding = new Float32Array(128);
  embedding[draft.person ?? 0] = 1;
  return { faces: [face(draft)], embedding };
}

export const emptyPicture: Scene = { faces: [], embedding: new Float32Array(128) };

/** Images that only their number matters of. */
export const preparedPictures = (count: number): PreparedImage[] =>
  Array.from(
    { length: count },
    () => ({ bytes: new Uint8Array(), mediaType: 'image/png', width: 1, height: 1, changed: false }) as const,
  );

/** Eyes that see what they are told, in the order of the images. */
export function sightOf(scenes: readonly Scene[]): FaceSight {
  return {
    look: async pictures => scenes.slice(0, pictures.length),
    recognise: async pictures =>
      scenes.slice(0, pictures.length).map(({ faces, embedding }) => ({ embedding, faceFound: faces.length > 0 })),
    count: async pictures => scenes.slice(0, pictures.length).map(({ faces }) => faces.length),
    close: async () => {},
  };
}

/** A question with these options, put the plain way. */
export function posed(
  task: string,
  text: string,
  options: readonly string[],
  more: Partial<Question> = {},
): PosedQuestion {
  const question = makeQuestion(1, {
    task,
    text,
    options: options.map((option, i) => ({ label: 'ABCDEF'[i]!, text: option })),
    correct: 'A',
    ...more,
  });
  return [...posings(question, { setting: 'zero-shot', control: false, rotations: 'none', repeats: 1 })][0]!;
}
