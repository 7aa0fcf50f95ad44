import { type ReactNode, useId } from 'react';

export interface SearchFieldProps {
  readonly label: string;
  readonly value: string;
  readonly onChange: (value: string) => void;
  readonly placeholder?: string;
}

/** A text that is looked for. */
export function SearchField({ label, value, onChange, placeholder }: SearchFieldProps): ReactNode {
  const id = useId();
  return (
    <label className="field grow" htmlFor={id}>
      <span>{label}</span>
      <input
        id={id}
        type="search"
        value={value}
        placeholder={placeholder}
        spellCheck={false}
        autoComplete="off"
        onChange={event => onChange(event.currentTarget.value)}
      />
    </label>
  );
}

export interface SelectFieldProps<Id extends string> {
  readonly label: string;
  readonly value: Id;
  readonly choices: readonly { readonly id: Id; readonly title: string }[];
  readonly onChange: (value: Id) => void;
}

/** One of several choices, too many for a row of them. */
export function SelectField<Id extends string>({ label, value, choices, onChange }: SelectFieldProps<Id>): ReactNode {
  const id = useId();
  return (
    <label className="field" htmlFor={id}>
      <span>{label}</span>
      <select
        id={id}
        value={value}
        onChange={event => {
          const chosen = choices.find(choice => choice.id === event.currentTarget.value);
          if (chosen !== undefined) onChange(chosen.id);
        }}
      >
        {choices.map(choice => (
          <option key={choice.id} value={choice.id}>
            {choice.title}
          </option>
        ))}
      </select>
    </label>
  );
}

export interface CheckFieldProps {
  readonly label: string;
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
}

/** Something that is so or not. */
export function CheckField({ label, checked, onChange }: CheckFieldProps): ReactNode {
  const id = useId();
  return (
    <label className="check" htmlFor={id}>
      <input id={id} type="checkbox" checked={checked} onChange={event => onChange(event.currentTarget.checked)} />
      {label}
    </label>
  );
}
