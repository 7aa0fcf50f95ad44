import { z } from 'zod';
import { field, type TextForm } from './field.ts';

/** Where every random choice starts. */
export const seedField = () =>
  field(z.number().int().nonnegative().default(1), { flag: '--seed <n>', help: 'start of every random choice' });

/** What computes. */
export const deviceField = () =>
  field(z.enum(['auto', 'cpu', 'webgpu', 'cuda']).default('auto'), {
    flag: '--device <device>',
    help: 'what computes; auto: CUDA if installed, else the CPU',
  });

/** A path as text. */
export const pathSchema = z.string().min(1);

/** Attribute → class → share, each from 0 to 1. */
export const sharesSchema = z.record(z.string(), z.record(z.string(), z.number().min(0).max(1)));

const SHARES_EXPECTED = 'ATTRIBUTE=uniform or ATTRIBUTE=CLASS:SHARE,CLASS:SHARE';

function shareOf(text: string | undefined): number | null {
  const value = text === undefined || text.trim() === '' ? Number.NaN : Number(text);
  return value >= 0 && value <= 1 ? value : null;
}

/**
 * Shares by class as `gender=male:0.5,female:0.5` or `gender=uniform`, and where `lists` says so as `gender=0.5,0.5` in the order of the
 * classes.
 *
 * @param uniform what `uniform` stands for; undefined where it is assumed anyway
 */
export function sharesText({
  lists = false,
  uniform,
}: {
  readonly lists?: boolean;
  readonly uniform?: 'uniform';
} = {}): TextForm {
  const expected = lists ? `${SHARES_EXPECTED}, or ATTRIBUTE=SHARE,SHARE` : SHARES_EXPECTED;
  return {
    parse: text => {
      const refuse = (): Error => new Error(`expected ${expected}, got "${text}"`);
      const [attribute = '', shares = '', extra] = text.split('=');
      if (attribute === '' || shares === '' || extra !== undefined) throw refuse();
      if (shares === 'uniform') return uniform === undefined ? {} : { [attribute]: uniform };
      const parts = shares.split(',').map(part => part.split(':'));
      if (lists && parts.every(part => part.length === 1)) {
        const values = parts.map(([value]) => shareOf(value));
        if (values.length < 2 || values.includes(null)) throw refuse();
        return { [attribute]: values };
      }
      const entries = parts.map(
        ([name = '', value, more]) => [name, more === undefined ? shareOf(value) : null] as const,
      );
      if (entries.some(([name, value]) => name === '' || value === null)) throw refuse();
      return { [attribute]: Object.fromEntries(entries) };
    },
    format: value => {
      if (typeof value !== 'object' || value === null) return null;
      const entries = Object.entries(value);
      const [entry] = entries;
      if (entries.length !== 1 || entry === undefined) return null;
      const [attribute, shares] = entry;
      if (typeof shares === 'string') return `${attribute}=${shares}`;
      if (Array.isArray(shares)) return `${attribute}=${shares.join(',')}`;
      return `${attribute}=${Object.entries(shares)
        .map(([name, share]) => `${name}:${share}`)
        .join(',')}`;
    },
  };
}

/** Shares that count as fair. */
export const targetField = () =>
  field(sharesSchema.default({}), {
    flag: '--target <shares>',
    help: 'shares that count as fair, such as gender=male:0.5,female:0.5; may be repeated',
    is: 'shares',
    otherwise: 'equal shares',
    text: sharesText(),
  });

/** What to do with an image in which no face is found. */
export const noFaceField = () =>
  field(z.enum(['skip', 'whole']).default('skip'), {
    flag: { flags: '--whole-image', sets: 'whole' },
    help: 'embed the whole image where no face is found, instead of skipping it',
  });
