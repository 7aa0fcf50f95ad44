import type { ReactNode } from 'react';
import { visibleText } from '../text/visible-text.ts';

/** Characters of a long name's end that always stay in sight: names differ there. */
const TAIL = 12;
const LONG = 28;

export interface FileNameProps {
  readonly name: string;
  /** Shows all of it, on as many lines as it takes, instead of one line with its middle left out. */
  readonly whole?: boolean;
}

/** A file name from a stranger: inert, isolated in its reading direction, and on one line unless `whole`. */
export function FileName({ name, whole = false }: FileNameProps): ReactNode {
  const text = visibleText(name);
  if (whole) return <bdi className="file-name whole">{text}</bdi>;
  if (text.length <= LONG) {
    return (
      <bdi className="file-name" title={text}>
        {text}
      </bdi>
    );
  }
  return (
    <bdi className="file-name split" title={text.slice(0, 500)}>
      <span className="head">{text.slice(0, -TAIL).slice(0, 200)}</span>
      <span className="tail">{text.slice(-TAIL)}</span>
    </bdi>
  );
}
