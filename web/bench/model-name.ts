import { visibleText } from '../text/visible-text.ts';

const LONGEST = 80;

/** The name of a model or task, which strangers write: inert, and no longer than a line or two. */
export const modelName = (name: string): string =>
  visibleText(name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name);
