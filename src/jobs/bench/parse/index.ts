import { parseOfficial } from './official.ts';
import type { Parser, ParserName } from './parsed.ts';
import { parseStrict } from './strict.ts';

export { parseOfficial } from './official.ts';
export { PARSERS, type Parsed, type Parser, type ParserName } from './parsed.ts';
export { parseStrict } from './strict.ts';

const PARSER_OF: Readonly<Record<ParserName, Parser>> = { official: parseOfficial, strict: parseStrict };

/** The parser of that name. */
export function parserOf(name: ParserName): Parser {
  return PARSER_OF[name];
}
