import { expect, test } from 'vitest';
import { killOften } from './kills.ts';

test('after 200 kills during enrolment and re-keying no slot was released twice', async () => {
  const { released, twice, blocks } = await killOften(200);
  console.log(`${released} ciphertexts of ${blocks} blocks released`);
  expect(twice).toEqual([]);
  expect(released).toBeGreaterThan(1000);
  expect(blocks).toBeGreaterThan(20);
});
