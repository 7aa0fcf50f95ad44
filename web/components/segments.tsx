import type { ReactNode } from 'react';

export interface SegmentsProps<Id extends string> {
  /** What is chosen, for people who do not see the row. */
  readonly legend: string;
  /** Of the radio buttons; one a page. */
  readonly name: string;
  readonly choices: readonly { readonly id: Id; readonly title: string }[];
  readonly chosen: Id;
  readonly onChoose: (id: Id) => void;
}

/** A choice of one of a few, in a row. */
export function Segments<Id extends string>({ legend, name, choices, chosen, onChoose }: SegmentsProps<Id>): ReactNode {
  return (
    <fieldset className="segments">
      <legend className="visually-hidden">{legend}</legend>
      {choices.map(({ id, title }) => (
        <label key={id}>
          <input type="radio" name={name} checked={chosen === id} onChange={() => onChoose(id)} />
          <span className="segment">{title}</span>
        </label>
      ))}
    </fieldset>
  );
}
