import { type TextForm, valueAt } from '../../../kit/job/index.ts';
import { parseShard } from './shard.ts';

function numberOf(text: string | undefined): number {
  return text === undefined || text.trim() === '' ? Number.NaN : Number(text);
}

/** `2/8`: the second of eight parts. */
export const shardText: TextForm = {
  parse: parseShard,
  format: value => {
    const [index, of] = [valueAt(value, ['index']), valueAt(value, ['of'])];
    return typeof index === 'number' && typeof of === 'number' ? `${index}/${of}` : null;
  },
};

/** `2.5,10`: US dollars for a million tokens in, and out. */
export const priceText: TextForm = {
  parse: text => {
    const [input, output, extra] = text.split(',').map(numberOf);
    const isPrice = (value: number | undefined): value is number =>
      value !== undefined && value >= 0 && Number.isFinite(value);
    if (!isPrice(input) || !isPrice(output) || extra !== undefined)
      throw new Error(`expected IN,OUT in dollars for a million tokens, such as 2.5,10, got "${text}"`);
    return { inputPerMillion: input, outputPerMillion: output };
  },
  format: value => {
    const [input, output] = [valueAt(value, ['inputPerMillion']), valueAt(value, ['outputPerMillion'])];
    return typeof input === 'number' && typeof output === 'number' ? `${input},${output}` : null;
  },
};

/** A number, or a word that stands for a value that is none. */
function numberOrWord(
  word: string,
  { value: meant, range }: { readonly value: unknown; readonly range: string },
): TextForm {
  return {
    parse: text => {
      if (text === word) return meant;
      const value = numberOf(text);
      if (Number.isNaN(value)) throw new Error(`expected ${range} or ${word}, got "${text}"`);
      return value;
    },
    format: value => (value === meant ? word : typeof value === 'number' ? String(value) : null),
  };
}

/** `8`, or `auto`. */
export const concurrencyText = numberOrWord('auto', { value: 'auto', range: 'a whole number from 1 to 1024' });

/** `0.7`, or `server`, which leaves it to the server. */
export const temperatureText = numberOrWord('server', { value: null, range: 'a number from 0 to 2' });

const LONGEST_SECONDS = 86_400;

/** Seconds, for a field in milliseconds. */
export const secondsText: TextForm = {
  parse: text => {
    const milliseconds = Math.round(numberOf(text) * 1000);
    if (!(milliseconds >= 1 && milliseconds <= LONGEST_SECONDS * 1000))
      throw new Error(`expected seconds from 0.001 to ${LONGEST_SECONDS}, got "${text}"`);
    return milliseconds;
  },
  format: value => (typeof value === 'number' ? String(value / 1000) : null),
};
