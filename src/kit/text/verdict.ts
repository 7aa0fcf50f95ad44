import type { Finding } from '../../ground/contracts/index.ts';
import { wrap } from './wrap.ts';

const MARKS: Readonly<Record<Finding['level'], string>> = { good: 'ok', warning: 'look', bad: 'BAD', unknown: '?' };
const WIDTH = 80;

/** Findings for a terminal of 80 columns, each with its certainty below. */
export function describeVerdict(findings: readonly Finding[]): string {
  return findings
    .map(
      ({ level, headline, certainty }) =>
        `${wrap(`${MARKS[level]}: ${headline}`, WIDTH, '')}\n${wrap(certainty, WIDTH, '    ')}\n`,
    )
    .join('');
}
