import { messageOf } from '../../ground/errors.ts';
import { isNestedDeeper as nestsDeeper } from '../../ground/nesting.ts';
import { tooManyValues } from '../../ground/value-limit.ts';

/** Most arrays and objects inside one another that outside JSON may have; honest replies and question files have fewer than ten. */
export const MOST_JSON_DEPTH = 64;

/** Whether a JSON text nests arrays and objects deeper than {@link MOST_JSON_DEPTH}. */
export const isNestedDeeper = (text: string): boolean => nestsDeeper(text, MOST_JSON_DEPTH);

type Reviver = (this: unknown, key: string, value: unknown, context?: { readonly source?: string }) => unknown;

/** JSON that is not parsed, as it or what walks it afterwards would run out of stack or memory. */
class JsonLimit extends SyntaxError {}

/** Why {@link parseJson} did not parse a text, for a person whose file it is. */
export const whyUnparsed = (error: unknown): string =>
  error instanceof JsonLimit ? error.message : `not JSON: ${messageOf(error)}`;

/**
 * Parses JSON from outside, which whatever walks it afterwards (a reviver, `JSON.stringify`, a search) can walk without running out of stack.
 *
 * @throws {SyntaxError} where it is not JSON, nested deeper than {@link MOST_JSON_DEPTH}, or more than the memory is good for.
 */
export function parseJson(text: string, reviver?: Reviver): unknown {
  if (isNestedDeeper(text)) throw new JsonLimit(`nested deeper than ${MOST_JSON_DEPTH} levels`);
  const many = tooManyValues(text, { revived: reviver !== undefined });
  if (many !== null) throw new JsonLimit(many);
  return JSON.parse(text, reviver);
}

/** Like {@link parseJson}; undefined where it throws. */
export function tryParseJson(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}
