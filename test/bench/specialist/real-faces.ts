import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { askAll, askSettings } from '../../../src/bench/ask/index.ts';
import { openImages } from '../../../src/bench/read/image-store.ts';
import { createSpecialist } from '../../../src/bench/specialist/index.ts';
import type { Question } from '../../../src/contracts/bench.ts';
import { openStream, type RandomStream, randomKey } from '../../../src/math/index.ts';
import { collect, makeQuestion, memoryJournal } from '../ask/support.ts';

const data = resolve(import.meta.dirname, '../../../../shared/data');
export const congress = resolve(data, 'congress');
export const orl = resolve(data, 'orl');
export const haveCongress = existsSync(resolve(congress, 'labels.csv'));
export const haveOrl = existsSync(resolve(orl, 's1'));

const LABELS = ['A', 'B', 'C', 'D'];
const optionsOf = (texts: readonly string[]) => texts.map((text, i) => ({ label: LABELS[i]!, text }));
const image = (file: string) => ({ path: file, file });

function portraits(): { readonly file: string; readonly gender: string; readonly birthYear: number }[] {
  return readFileSync(resolve(congress, 'labels.csv'), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map(line => {
      const [file = '', gender = '', year = ''] = line.split(',');
      return { file: `images/${file}`, gender, birthYear: Number(year) };
    });
}

/** One gender question a portrait. */
export function genderQuestions(n: number): Question[] {
  return portraits()
    .slice(0, n)
    .map(({ file, gender }, i) =>
      makeQuestion(i, {
        task: 'gender',
        images: [image(file)],
        text: 'What is the gender of the person in this image?',
        options: optionsOf(['Male', 'Female', 'Both', 'None of the above']),
        correct: gender === 'male' ? 'A' : 'B',
      }),
    );
}

/**
 * One question a portrait for the age group in 2010, in the middle of the years in which they were taken; the others
 * are its neighbours.
 */
export function ageQuestions(n: number): Question[] {
  const random = openStream(randomKey(3));
  return portraits()
    .slice(0, n)
    .map(({ file, birthYear }, i) => {
      const right = Math.floor((2010 - birthYear) / 10);
      const place = random.integer(4);
      const groups = LABELS.map((_, k) => (right - place + k) * 10).map(low => `${low}-${low + 9}`);
      return makeQuestion(i, {
        task: 'age',
        images: [image(file)],
        text: 'Which age group does the person in this image belong to?',
        options: optionsOf(groups),
        correct: LABELS[place]!,
      });
    });
}

const file = (person: number, photograph: number): string => `s${person}/${photograph}.png`;

function distinct(random: RandomStream, n: number, k: number): number[] {
  return random.sampleWithoutReplacement(n, k).map(value => value + 1);
}

/** Pair questions: half of them whether two photographs show one person, half which two of four do. */
export function pairQuestions(n: number): Question[] {
  const random = openStream(randomKey(4));
  const name = (person: number): string => {
    const files = readdirSync(resolve(orl, `s${person}`)).filter(entry => entry.endsWith('.png'));
    return `s${person}/${files[random.integer(files.length)]}`;
  };
  return Array.from({ length: n }, (_, i) => {
    const [a = 0, b = 0, c = 0] = distinct(random, 40, 3);
    const [first = 0, second = 0] = distinct(random, 10, 2);
    if (i % 2 === 0) {
      const same = random.bool();
      return makeQuestion(i, {
        task: 'hr_fr',
        images: [image(file(a, first)), image(same ? file(a, second) : name(b))],
        text: 'Do these two images show the same person?',
        options: optionsOf(['Yes', 'No']),
        correct: same ? 'A' : 'B',
      });
    }
    // The pair is images 1 and 2, or 3 and 4, or 2 and 3, or 1 and 4.
    const layouts = [
      [file(a, first), file(a, second), name(b), name(c)],
      [name(b), name(c), file(a, first), file(a, second)],
      [name(b), file(a, first), file(a, second), name(c)],
      [file(a, first), name(b), name(c), file(a, second)],
    ];
    const which = random.integer(4);
    return makeQuestion(i, {
      task: 'hr_fr',
      images: layouts[which]!.map(image),
      text: 'Which two images show the same person?',
      options: optionsOf(['Images 1 and 2', 'Images 3 and 4', 'Images 2 and 3', 'Images 1 and 4']),
      correct: LABELS[which]!,
    });
  });
}

/** Share of right answers of the specialist with the real networks; fallbacks count as what they said. */
export async function accuracy(questions: readonly Question[], root: string): Promise<number> {
  const settings = askSettings();
  const journal = memoryJournal();
  const answerer = createSpecialist({ seed: 1 });
  try {
    await collect(askAll({ questions, images: openImages(root), answerer, journal, settings }));
  } finally {
    await answerer.close?.();
  }
  const key = new Map(questions.map(({ id, correct }) => [id, correct]));
  return journal.answers.filter(({ question, raw }) => raw === key.get(question)).length / questions.length;
}
