import { linkSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import type { Question } from '../src/ground/contracts/bench.ts';
import { writeQuestionLines } from '../src/jobs/bench/index.ts';

export interface Workload {
  readonly questions: number;
  /** Mean bytes of a picture. */
  readonly pictureBytes: number;
}

/** Pictures a question: 2.2 on average, as in FaceXBench (11,266 uses in 5,000 questions). */
const PICTURES = [1, 2, 1, 3, 4];
/**
 * Different files; every other picture is another name for one of them, so that every picture is read and prepared by
 * itself.
 */
const DISTINCT = 50;
const SIDE = 320;

/** Writes a benchmark in JSONL with its pictures: portrait-sized JPEG of soft noise, which compresses like a photograph. */
export async function writeWorkload(folder: string, questions: number): Promise<Workload> {
  mkdirSync(join(folder, 'images'), { recursive: true });
  let bytes = 0;
  for (let i = 0; i < DISTINCT; i++) {
    const noise = { type: 'gaussian' as const, mean: 128, sigma: 45 };
    const picture = await sharp({ create: { width: SIDE, height: SIDE, channels: 3, background: '#808080', noise } })
      .blur(0.8)
      .jpeg({ quality: 90 })
      .toBuffer();
    bytes += picture.length;
    writeFileSync(join(folder, 'images', `distinct-${i}.jpg`), picture);
  }
  let picture = 0;
  const nextPicture = () => {
    const file = `images/question-${picture}.jpg`;
    linkSync(join(folder, 'images', `distinct-${picture % DISTINCT}.jpg`), join(folder, file));
    picture++;
    return { path: file, file };
  };
  const all = Array.from({ length: questions }, (_, i): Question => {
    const images = Array.from({ length: PICTURES[i % PICTURES.length]! }, nextPicture);
    return {
      id: `workload/${i + 1}`,
      category: 'face_recognition',
      task: 'hr_fr',
      dataset: 'Workload',
      imageCount: images.length === 1 ? 'single' : 'multiple',
      images,
      text: `Question ${i + 1}: which of these images show the same person?`,
      options: ['Images 1 and 2', 'Images 1 and 3', 'Images 2 and 3', 'None of the above'].map((text, k) => ({
        label: 'ABCD'[k]!,
        text,
      })),
      correct: 'B',
      answer: 'Images 1 and 3',
      prepend: '',
      postpend: 'Choose the most appropriate option and answer with its letter only.',
    };
  });
  await writeQuestionLines(join(folder, 'questions.jsonl'), all);
  return { questions, pictureBytes: Math.round(bytes / DISTINCT) };
}

/** What a whole process took, from its start to its end. */
export interface Measured {
  readonly wallMs: number;
  /** Of this, from the first question to the last answer. */
  readonly askedMs: number;
  readonly cpuMs: number;
  readonly peakMegabytes: number;
}
