import { BiolensError } from '../../ground/errors.ts';

/** A data set on a hub, and which state of it. */
export interface HubReference {
  /** `OWNER/NAME`. */
  readonly repository: string;
  /** A branch, a tag or a commit. */
  readonly revision: string;
}

const PART = /^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$/;
const REVISION = /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/;

/** Whether a text is meant as the name of a data set on a hub. */
export const isHubReference = (text: string): boolean => text.startsWith('hf:');

/**
 * Reads `hf:OWNER/NAME` or `hf:OWNER/NAME@REVISION`.
 *
 * @throws {BiolensError} `usage` that says the form
 */
export function parseHubReference(text: string): HubReference {
  const [, name = ''] = /^hf:(?:datasets\/)?(.*)$/.exec(text) ?? [];
  const [repository = '', revision = 'main', extra] = name.split('@');
  const parts = repository.split('/');
  const right = parts.length === 2 && parts.every(part => PART.test(part)) && extra === undefined;
  if (right && REVISION.test(revision) && !revision.includes('..')) return { repository, revision };
  throw new BiolensError('usage', `expected hf:OWNER/NAME or hf:OWNER/NAME@REVISION, got "${text.slice(0, 200)}"`);
}
