import { visibleText } from './visible-text.ts';

/** The name of an attribute as words: `ageGroup` and `skin_tone` are how programs write, not people. */
export function wordsOf(name: string): string {
  const spaced = name.replace(
    /([a-z\d])([A-Z])(?=[a-z])/g,
    (_, before: string, after: string) => `${before} ${after.toLowerCase()}`,
  );
  return visibleText(spaced.replaceAll('_', ' '));
}

/** The text with its first letter as a capital. */
export const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

const TESTS: ReadonlyMap<string, string> = new Map([
  ['fisher-exact', 'Fisher\u2019s exact test'],
  ['chi-square', '\u03c7\u00b2 test'],
  ['permutation-chi-square', 'permutation \u03c7\u00b2 test'],
]);

/** The name of a statistical test as words; one that is not known here as it is. */
export const testName = (test: string): string => TESTS.get(test) ?? visibleText(test);
