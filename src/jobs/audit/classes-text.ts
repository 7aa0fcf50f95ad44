import type { TextForm } from '../../kit/job/index.ts';

/** Classes of an attribute on a command line: `gender=male,female`. */
export const classesText: TextForm = {
  parse: text => {
    const [attribute = '', classes = '', more] = text.split('=').map(part => part.trim());
    const names = classes.split(',').map(name => name.trim());
    if (
      attribute === '' ||
      more !== undefined ||
      names.length < 2 ||
      names.includes('') ||
      new Set(names).size < names.length
    )
      throw new Error(`expected ATTRIBUTE=CLASS,CLASS, got "${text}"`);
    return { [attribute]: names };
  },
  format: value => {
    const [entry, ...others] = Object.entries(value ?? {});
    return entry === undefined || others.length > 0 || !Array.isArray(entry[1])
      ? null
      : `${entry[0]}=${entry[1].join(',')}`;
  },
};
