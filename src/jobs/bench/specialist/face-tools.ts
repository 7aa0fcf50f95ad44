import { z } from 'zod';
import { BiolensError } from '../../../ground/errors.ts';
import type { ModelTool, PreparedImage } from '../../../kit/vlm/index.ts';
import type { ToolsFor } from '../ask/answerer.ts';
import type { FaceSight, SeenFace } from './face-sight.ts';
import { sameness } from './judge-identity.ts';

const imageSchema = z.strictObject({
  image: z.number().int().min(1).describe('number of the image, from 1 in the order shown'),
});
const pairSchema = z.strictObject({
  first: z.number().int().min(1).describe('number of an image, from 1 in the order shown'),
  second: z.number().int().min(1).describe('number of another image'),
});

const round = (value: number, digits = 2): number => Number(value.toFixed(digits));

/** What one tool says of one face, largest face first. */
const FACE_TOOLS: readonly {
  readonly name: string;
  readonly description: string;
  readonly tell: (face: SeenFace) => unknown;
}[] = [
  {
    name: 'detect_faces',
    description: 'Finds the faces in an image: how many there are, and the box and confidence of each.',
    tell: ({ box, score }) => ({
      box: { x: round(box.x, 0), y: round(box.y, 0), width: round(box.width, 0), height: round(box.height, 0) },
      confidence: round(score),
    }),
  },
  {
    name: 'estimate_age',
    description: 'Estimates the apparent age, in years, of every face in an image.',
    tell: ({ age }) => ({ years: round(age, 1) }),
  },
  {
    name: 'estimate_gender',
    description: 'Estimates the gender of every face in an image, with a probability.',
    tell: ({ gender, genderProbability }) => ({ gender, probability: round(genderProbability) }),
  },
  {
    name: 'classify_expression',
    description:
      'Classifies the expression of every face in an image: neutral, happy, sad, angry, fearful, disgusted or surprised.',
    tell: ({ expression, expressionProbabilities }) => ({
      expression,
      probability: round(expressionProbabilities[expression]),
    }),
  },
  {
    name: 'estimate_head_pose',
    description:
      "Estimates, in degrees, how every head in an image is turned: yaw to the viewer's right, pitch upwards, roll clockwise.",
    tell: ({ angles }) => ({ yaw: round(angles.yaw, 0), pitch: round(angles.pitch, 0), roll: round(angles.roll, 0) }),
  },
];

/** The built-in face networks as functions that a language model may call about the images of its question. */
export const createFaceTools =
  (sight: () => Promise<FaceSight>): ToolsFor =>
  (_, pictures) =>
    faceToolsFor(pictures, sight);

/**
 * The built-in face networks as functions about some images. What they are given is checked, and what is wrong with it told to the caller
 * in one line.
 */
export function faceToolsFor(
  pictures: readonly PreparedImage[],
  sight: () => Promise<FaceSight>,
): readonly ModelTool[] {
  const perFace = FACE_TOOLS.map(
    ({ name, description, tell }): ModelTool => ({
      name,
      description,
      parameters: z.toJSONSchema(imageSchema),
      async run(input, { signal }) {
        const { image } = readInput(imageSchema, input);
        // Before the networks are opened, which takes seconds.
        const shown = pictureAt(pictures, image);
        const [seen] = await (await sight()).look([shown], signal);
        return { faces: seen!.faces.map(tell) };
      },
    }),
  );
  return [
    ...perFace,
    {
      name: 'compare_faces',
      description: 'Compares the largest faces of two images: the probability that they show the same person.',
      parameters: z.toJSONSchema(pairSchema),
      async run(input, { signal }) {
        const { first, second } = readInput(pairSchema, input);
        const pair = [pictureAt(pictures, first), pictureAt(pictures, second)];
        const [a, b] = await (await sight()).recognise(pair, signal);
        return { samePersonProbability: round(sameness(a!, b!)), faceFound: [a!.faceFound, b!.faceFound] };
      },
    },
  ];
}

function pictureAt(pictures: readonly PreparedImage[], number: number): PreparedImage {
  const picture = pictures[number - 1];
  if (picture === undefined) {
    throw new BiolensError('input', `there is no image ${number}; the question shows ${pictures.length}`);
  }
  return picture;
}

function readInput<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new BiolensError('input', `"${issue?.path.join('.')}" ${issue?.message}`);
}
