import type { ReactNode } from 'react';
import { visibleText } from '../text/visible-text.ts';

/** What ties a control to its label, its help and what is wrong with it. */
export interface Tied {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': true | undefined;
}

export interface FieldFrameProps {
  /** Of the field in its form. */
  readonly id: string;
  readonly title: string;
  readonly help: string;
  /** What is wrong with what it holds. */
  readonly problem: string | undefined;
  /** The label follows the control, as that of a box does. */
  readonly box?: boolean;
  readonly children: (tied: Tied) => ReactNode;
}

/** A control with its label, its help, and beside it what is wrong. */
export function FieldFrame(props: FieldFrameProps): ReactNode {
  const { id, title, help, problem, box = false, children } = props;
  const control = `field-${id}`;
  const said = help !== '' || problem !== undefined;
  const tied: Tied = {
    id: control,
    'aria-describedby': said ? `${control}-said` : undefined,
    'aria-invalid': problem === undefined ? undefined : true,
  };
  const label = <label htmlFor={control}>{title}</label>;
  return (
    <div className={problem === undefined ? 'form-field' : 'form-field wrong'}>
      {box ? (
        <div className="form-box-line">
          {children(tied)}
          {label}
        </div>
      ) : (
        label
      )}
      {said && (
        <div id={`${control}-said`}>
          {help !== '' && <p className="form-help">{help}</p>}
          {problem !== undefined && <p className="form-problem">{visibleText(problem)}</p>}
        </div>
      )}
      {!box && children(tied)}
    </div>
  );
}
