import type { ReactNode } from 'react';
import { capitalised } from '../text/words.ts';
import { FieldFrame, type Tied } from './field-frame.tsx';
import { BrowseButton } from './folder-picker.tsx';
import type { FormField as Field } from './form-parts.ts';

export interface FormFieldProps {
  readonly field: Field;
  readonly held: string | boolean | undefined;
  readonly problem: string | undefined;
  readonly onChange: (held: string | boolean) => void;
}

/** One setting of a job. */
export function FormField({ field, held, problem, onChange }: FormFieldProps): ReactNode {
  const { id, title, help, control, required } = field;
  if (control.type === 'switch') {
    return (
      <FieldFrame id={id} title={help === '' ? title : help.replace(/\.$/, '')} help="" problem={problem} box>
        {tied => (
          <input
            {...tied}
            type="checkbox"
            checked={held === true}
            onChange={event => onChange(event.currentTarget.checked)}
          />
        )}
      </FieldFrame>
    );
  }
  return (
    <FieldFrame id={id} title={title} help={help} problem={problem}>
      {tied => controlOf({ field, tied, required, text: typeof held === 'string' ? held : '', onChange })}
    </FieldFrame>
  );
}

interface ControlProps {
  readonly field: Field;
  readonly tied: Tied;
  readonly required: boolean;
  readonly text: string;
  readonly onChange: (text: string) => void;
}

const LINES = 3;

/** Paths, numbers and the like are no prose. */
const PLAIN = { spellCheck: false, autoComplete: 'off', autoCapitalize: 'none' } as const;

function controlOf(props: ControlProps): ReactNode {
  const { field, tied, required, text, onChange } = props;
  const { control, placeholder, is } = field;
  if (control.type === 'choice') return <Choice {...props} choices={control.choices} />;
  const common = { ...tied, ...PLAIN, 'aria-required': required || undefined, placeholder, value: text };
  if (control.type === 'text' || control.type === 'number') {
    const { words } = control;
    const list = words.length === 0 ? undefined : `${tied.id}-words`;
    return (
      <WithBrowse {...props} onPath={onChange}>
        <input
          {...common}
          type="text"
          inputMode={control.type === 'number' && list === undefined ? inputModeOf(control.whole) : undefined}
          className={is === undefined ? control.type : 'machine'}
          list={list}
          onChange={event => onChange(event.currentTarget.value)}
        />
        {list !== undefined && (
          <datalist id={list}>
            {words.map(word => (
              <option key={word} value={word} />
            ))}
          </datalist>
        )}
      </WithBrowse>
    );
  }
  const area = (
    <textarea
      {...common}
      rows={LINES}
      className={control.type === 'json' || is !== undefined ? 'machine' : undefined}
      onChange={event => onChange(event.currentTarget.value)}
    />
  );
  if (control.type !== 'lines') return area;
  return (
    <WithBrowse {...props} onPath={path => onChange(text.trim() === '' ? path : `${text.trimEnd()}\n${path}`)}>
      {area}
    </WithBrowse>
  );
}

interface WithBrowseProps extends Pick<ControlProps, 'field'> {
  readonly onPath: (path: string) => void;
  readonly children: ReactNode;
}

/** A control for a path with a button beside it that picks one; any other control alone. */
function WithBrowse({ field: { is, title }, onPath, children }: WithBrowseProps): ReactNode {
  if (is === undefined) return children;
  return (
    <div className="path-line">
      {children}
      <BrowseButton title={title} is={is} onChoose={onPath} />
    </div>
  );
}

const inputModeOf = (whole: boolean): 'numeric' | 'decimal' => (whole ? 'numeric' : 'decimal');

interface ChoiceProps extends ControlProps {
  readonly choices: readonly unknown[];
}

function Choice({ field, tied, required, text, choices, onChange }: ChoiceProps): ReactNode {
  const { placeholder } = field;
  const fallback = choices.find(choice => choice === field.default);
  const unset = fallback !== undefined ? null : placeholder === '' ? 'Not set' : `Not set: ${capitalised(placeholder)}`;
  return (
    <select
      {...tied}
      aria-required={required || undefined}
      value={text === '' && fallback !== undefined ? String(fallback) : text}
      onChange={event => {
        const chosen = event.currentTarget.value;
        // At its default a field is left out, as an empty one is.
        onChange(fallback !== undefined && chosen === String(fallback) ? '' : chosen);
      }}
    >
      {unset !== null && <option value="">{unset}</option>}
      {choices.map(choice => (
        <option key={String(choice)} value={String(choice)}>
          {choice === fallback ? `${String(choice)} (default)` : String(choice)}
        </option>
      ))}
    </select>
  );
}
