import type { ReactNode } from 'react';
import type { Finding } from '../../src/ground/contracts/audit.ts';

const WORDS: Readonly<Record<Finding['level'], string>> = {
  good: 'Good',
  warning: 'Caution',
  bad: 'Problem',
  unknown: 'Not known',
};

const SHAPES: Readonly<Record<Finding['level'], string>> = {
  good: 'M3.5 8.5l3 3 6-7',
  warning: 'M8 3v6M8 12v.6',
  bad: 'M4 4l8 8M12 4l-8 8',
  unknown: 'M4 8h8',
};

/** How a finding is judged: a word and a shape, so that the colour is never alone. */
export function LevelMark({
  level,
  children,
}: {
  readonly level: Finding['level'];
  /** In place of the usual word. */
  readonly children?: ReactNode;
}): ReactNode {
  return (
    <span className={`level level-${level}`}>
      <svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true">
        <path d={SHAPES[level]} fill="none" stroke="currentColor" strokeWidth="2" strokeLinecap="round" />
      </svg>
      {children ?? WORDS[level]}
    </span>
  );
}
