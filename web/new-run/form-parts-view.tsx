import type { ReactNode } from 'react';
import { FormField } from './form-field.tsx';
import type { FormPart } from './form-parts.ts';
import type { FormValues } from './form-values.ts';

export interface FormPartsViewProps {
  readonly parts: readonly FormPart[];
  readonly values: FormValues;
  readonly problems: ReadonlyMap<string, string>;
  readonly onChange: (id: string, held: string | boolean) => void;
}

/** Settings of a job, those that belong together within a frame of their own. */
export function FormPartsView(props: FormPartsViewProps): ReactNode {
  const { parts, values, problems, onChange } = props;
  return parts.map(part =>
    part.type === 'field' ? (
      <FormField
        key={part.id}
        field={part}
        held={values[part.id]}
        problem={problems.get(part.id)}
        onChange={held => onChange(part.id, held)}
      />
    ) : (
      <fieldset key={part.id} className="form-group">
        <legend>{part.title}</legend>
        {part.help !== '' && <p className="form-help">{part.help}</p>}
        <FormPartsView {...props} parts={part.parts} />
      </fieldset>
    ),
  );
}
