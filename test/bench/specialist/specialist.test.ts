import { describe, expect, test } from 'vitest';
import { createSpecialist } from '../../../src/jobs/bench/specialist/index.ts';
import { emptyPicture, face, picture, posed, preparedPictures, type Scene, sightOf } from './scene.ts';

const signal = new AbortController().signal;

async function answer(sights: readonly Scene[], task: string, text: string, options: readonly string[]) {
  const specialist = createSpecialist({ seed: 1, sight: sightOf(sights) });
  return specialist.answer(posed(task, text, options), { pictures: preparedPictures(sights.length), signal });
}

/** The words of the option that was chosen. */
async function chosen(
  sights: readonly Scene[],
  task: string,
  text: string,
  options: readonly string[],
): Promise<string> {
  const reply = await answer(sights, task, text, options);
  expect(reply.fallback, reply.reasoning).toBeUndefined();
  return options['ABCDEF'.indexOf(reply.text)]!;
}

const person = (...people: readonly number[]): Scene[] => people.map(n => picture({ person: n }));

describe('age', () => {
  const groups = ['20-29', '30-39', '40-49', 'None of the above'];
  test.each([
    [25, '20-29'],
    [38, '30-39'],
    [47, '40-49'],
    [71, 'None of the above'],
  ])('a face of %i is in the group %s', async (age, group) => {
    expect(await chosen([picture({ age })], 'age', 'Which age group does the person belong to?', groups)).toBe(group);
  });

  test('open groups', async () => {
    const options = ['0-2', '3-9', '60-69', 'more than 70'];
    expect(await chosen([picture({ age: 80 })], 'age', 'What is the age group?', options)).toBe('more than 70');
    expect(await chosen([picture({ age: 4 })], 'age', 'What is the age group?', options)).toBe('3-9');
  });

  test('older and younger of two', async () => {
    const two = [picture({ age: 22 }), picture({ age: 60 })];
    const options = ['Image 1', 'Image 2', 'Both look equally old', 'None of the above'];
    expect(await chosen(two, 'age', 'Which image shows the older person?', options)).toBe('Image 2');
    expect(await chosen(two, 'age', 'Which image shows the younger person?', options)).toBe('Image 1');
  });

  test('in order', async () => {
    const three = [picture({ age: 40 }), picture({ age: 10 }), picture({ age: 70 })];
    const options = [
      'Image 1, Image 2, Image 3',
      'Image 2, Image 1, Image 3',
      'Image 3, Image 1, Image 2',
      'Image 3, Image 2, Image 1',
    ];
    expect(await chosen(three, 'age', 'Arrange the images from youngest to oldest.', options)).toBe(options[1]);
    expect(await chosen(three, 'age', 'Order the images from oldest to youngest.', options)).toBe(options[2]);
  });

  test('in order, the other way of asking and of writing', async () => {
    const three = [picture({ age: 40 }), picture({ age: 10 }), picture({ age: 70 })];
    const options = [
      'Image 1 → Image 2 → Image 3',
      'Image 3 → Image 1 → Image 2',
      'Image 2 → Image 1 → Image 3',
      'Image 1 → Image 3 → Image 2',
    ];
    const ask = (from: string, to: string) =>
      chosen(three, 'age', `Which order of the images goes from the ${from} person to the ${to}?`, options);
    expect(await ask('youngest', 'oldest')).toBe(options[2]);
    expect(await ask('oldest', 'youngest')).toBe(options[1]);
  });

  test('above an age', async () => {
    const four = [35, 66, 71, 20].map(age => picture({ age }));
    const text = 'How many of these 4 images show a person of 50 years or older?';
    expect(await chosen(four, 'age', text, ['0', '1', '2', '3'])).toBe('2');
  });

  test('how many are in a group, and which', async () => {
    const four = [28, 31, 60, 8].map(age => picture({ age }));
    expect(await chosen(four, 'age', 'How many images show a person aged 20-39?', ['1', '2', '3', '4'])).toBe('2');
    const sets = ['Images 1 and 2', 'Images 2 and 3', 'Images 1, 2 and 3', 'Image 4'];
    expect(await chosen(four, 'age', 'Which images show persons aged 20 to 39?', sets)).toBe('Images 1 and 2');
  });
});

describe('gender', () => {
  test('one face', async () => {
    const options = ['Male', 'Female', 'Both', 'None'];
    expect(await chosen([picture({ male: 0.9 })], 'gender', 'What is the gender?', options)).toBe('Male');
    expect(await chosen([picture({ male: 0.1 })], 'gender', 'What is the gender?', options)).toBe('Female');
  });

  test('both in one picture', async () => {
    const couple = { ...picture(), faces: [face({ male: 0.95 }), face({ male: 0.05 })] };
    expect(await chosen([couple], 'gender', 'Which genders are seen?', ['Male', 'Female', 'Both', 'None'])).toBe(
      'Both',
    );
  });

  test('how many, in figures and in words', async () => {
    const four = [0.9, 0.9, 0.1, 0.95].map(male => picture({ male }));
    expect(await chosen(four, 'gender', 'How many images show a male person?', ['0', '1', '3', '4'])).toBe('3');
    expect(await chosen(four, 'gender', 'How many of them are women?', ['One', 'Two', 'Three', 'None'])).toBe('One');
  });
});

describe('expression', () => {
  test('one face, in the words of the data sets', async () => {
    const options = ['Happiness', 'Sadness', 'Anger', 'Surprise'];
    const ask = (expression: 'happy' | 'surprised') =>
      chosen([picture({ expression })], 'expression', 'What is the facial expression?', options);
    expect(await ask('happy')).toBe('Happiness');
    expect(await ask('surprised')).toBe('Surprise');
  });

  test('how many show one', async () => {
    const four = (['sad', 'happy', 'sad', 'neutral'] as const).map(expression => picture({ expression }));
    expect(await chosen(four, 'expression', 'How many images show a sad face?', ['0', '1', '2', '3'])).toBe('2');
  });
});

describe('identity', () => {
  const pairs = ['Images 1 and 2', 'Images 2 and 4', 'Images 1 and 3', 'Images 3 and 4'];

  test('which two are the same', async () => {
    expect(await chosen(person(1, 2, 3, 2), 'hr_fr', 'Which two images show the same person?', pairs)).toBe(
      'Images 2 and 4',
    );
  });

  test('nobody twice', async () => {
    const options = [...pairs.slice(0, 3), 'None of the above'];
    expect(await chosen(person(1, 2, 3, 4), 'lr_fr', 'Which images show the same person?', options)).toBe(
      'None of the above',
    );
  });

  test('somebody who is a little alike is not yet the same', async () => {
    const options = [...pairs.slice(0, 3), 'None of the above'];
    const ask = async (distance: number): Promise<string> => {
      const [a, b, c, d] = person(1, 2, 3, 4) as [Scene, Scene, Scene, Scene];
      // As far from the first as said, and from the others as far as anybody.
      const near = Float32Array.from(a.embedding);
      near[77] = distance;
      return chosen([a, { ...b, embedding: near }, c, d], 'hr_fr', 'Which images show the same person?', options);
    };
    expect(await ask(0.45)).toBe('Images 1 and 2');
    expect(await ask(0.68)).toBe('None of the above');
  });

  test('among many pictures a pair has to be more alike to be counted', async () => {
    const counts = ['0', '1', '2', '3'];
    const text = 'How many pairs of the same person are there?';
    const ask = (distance: number, others: number): Promise<string> => {
      const near = picture({ person: 1 });
      near.embedding[77] = distance;
      const rest = Array.from({ length: others }, (_, i) => i + 10);
      return chosen([picture({ person: 1 }), near, ...person(...rest)], 'hr_fr', text, counts);
    };
    expect(await ask(0.54, 0)).toBe('1');
    expect(await ask(0.54, 4)).toBe('0');
    expect(await ask(0.4, 4)).toBe('1');
  });

  test('how many people, and how many pairs', async () => {
    expect(
      await chosen(person(1, 2, 1, 3, 3), 'hr_fr', 'How many unique identities are there?', ['1', '2', '3', '5']),
    ).toBe('3');
    expect(
      await chosen(person(1, 2, 1, 3, 3), 'hr_fr', 'How many pairs of the same person are there?', [
        '0',
        '1',
        '2',
        '3',
      ]),
    ).toBe('2');
  });

  test('who is somebody else', async () => {
    const options = ['Image 1', 'Image 2', 'Image 3', 'Image 4'];
    expect(
      await chosen(person(7, 7, 1, 7), 'hr_fr', 'Which image does not show the same person as the others?', options),
    ).toBe('Image 3');
  });

  test('as in a picture that is named', async () => {
    const text = 'Which image shows the same person as in image 1?';
    expect(await chosen(person(7, 2, 3, 7), 'hr_fr', text, ['Image 2', 'Image 3', 'Image 4', 'None'])).toBe('Image 4');
    const count = 'How many images show the same person as image 1?';
    expect(await chosen(person(7, 2, 7, 7), 'hr_fr', count, ['0', '1', '2', '3'])).toBe('2');
  });

  test('yes or no', async () => {
    const ask = (a: number, b: number) => chosen(person(a, b), 'hr_fr', 'Are these the same person?', ['Yes', 'No']);
    expect(await ask(1, 1)).toBe('Yes');
    expect(await ask(1, 2)).toBe('No');
  });
});

describe('head pose', () => {
  test.each([
    ['yaw', -33, '-40 to -30'],
    ['pitch', 4, '0 to 10'],
    ['roll', -5, '-10 to 0'],
  ])('%s of %i', async (axis, angle, range) => {
    const sights = [picture({ [axis]: angle })];
    const options = ['-40 to -30', '-20 to -10', '-10 to 0', '0 to 10'];
    expect(await chosen(sights, 'headpose', `What is the ${axis} angle of the head in degrees?`, options)).toBe(range);
  });

  test('which share a range', async () => {
    const three = [-30, 20, 24].map(yaw => picture({ yaw }));
    const options = ['Images 1 and 2', 'Images 2 and 3', 'Images 1 and 3', 'None of the above'];
    expect(await chosen(three, 'headpose', 'Which images have yaw in the same range?', options)).toBe('Images 2 and 3');
  });
});

describe('crowds', () => {
  test('counts and ranges', async () => {
    const crowd = { ...picture(), faces: Array.from({ length: 24 }, () => face({})) };
    expect(await chosen([crowd], 'crowd_counting', 'How many people are there?', ['12', '19', '25', '31'])).toBe('25');
    const ranges = ['17 to 21', '22 to 26', '27 to 31', '32 to 36'];
    expect(await chosen([crowd], 'crowd_counting', 'How many people are there?', ranges)).toBe('22 to 26');
  });
});

describe('what is beyond it', () => {
  test.each([
    ['race', 'What is the race of the person?', 'no network here names races'],
    ['fas', 'Is this a bonafide image or an attack?', 'tells masks and prints from faces'],
    ['tools_retrieval', 'Which calls in which order?', 'no images to look at'],
    ['attributes', 'Which attribute is not present?', 'not one that the networks answer'],
    ['celebrity_identification', 'Who is this?', 'know nobody by name'],
  ])('%s is answered at chance and says so', async (task, text, reason) => {
    const reply = await answer([picture()], task, text, ['w', 'x', 'y', 'z']);
    expect(reply.text).toMatch(/^[ABCD]$/);
    expect(reply).toMatchObject({ fallback: true });
    expect(reply.reasoning).toContain(reason);
  });

  test('a picture without a face', async () => {
    const reply = await answer([emptyPicture], 'gender', 'What is the gender?', ['Male', 'Female', 'Both', 'None']);
    expect(reply).toMatchObject({ fallback: true });
  });

  test('chance is even over questions and the same for the same', async () => {
    const specialist = createSpecialist({ seed: 1, sight: sightOf([]) });
    const ask = (n: number) =>
      specialist.answer(posed('race', 'Which race?', ['w', 'x', 'y', 'z'], { id: `q/${n}` }), { pictures: [], signal });
    const letters = (await Promise.all(Array.from({ length: 400 }, (_, n) => ask(n)))).map(({ text }) => text);
    // Binomial(400, 1/4): five standard deviations are 43.
    for (const letter of 'ABCD')
      expect(Math.abs(letters.filter(given => given === letter).length - 100)).toBeLessThan(43);
    expect((await ask(7)).text).toBe(letters[7]);
  });
});
