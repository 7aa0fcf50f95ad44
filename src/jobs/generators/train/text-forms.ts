import type { TextForm } from '../../../kit/job/index.ts';

/** `gender` or `gender=male,female`: the attribute, and its classes in order. */
export const classesText: TextForm = {
  parse: text => {
    const [attribute = '', list, extra] = text.split('=');
    const names = list?.split(',');
    if (attribute === '' || extra !== undefined || names?.includes(''))
      throw new Error(`expected ATTRIBUTE or ATTRIBUTE=CLASS,CLASS, got "${text}"`);
    return names === undefined ? { attribute } : { attribute, names };
  },
  format: value => {
    if (typeof value !== 'object' || value === null || !('attribute' in value)) return null;
    const names = 'names' in value && Array.isArray(value.names) ? value.names.map(String) : [];
    const words = [String(value.attribute), ...names];
    if (words.some(word => word === '' || /[=,]/.test(word))) return null;
    return names.length === 0 ? `${value.attribute}` : `${value.attribute}=${names.join(',')}`;
  },
};

/** A number, or `auto`. */
export const numberOrAutoText: TextForm = {
  parse: text => (text === 'auto' ? text : text.trim() === '' ? Number.NaN : Number(text)),
  format: value => (typeof value === 'number' || value === 'auto' ? String(value) : null),
};
