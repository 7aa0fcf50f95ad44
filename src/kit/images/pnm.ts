import type { RawImage } from './raw-image.ts';

const isSpace = (byte: number | undefined): boolean =>
  byte === 0x20 || byte === 0x09 || byte === 0x0a || byte === 0x0b || byte === 0x0c || byte === 0x0d;

/** Reads the numbers of a header, and of the samples that are written as text. */
class Numbers {
  readonly #bytes: Uint8Array;
  at = 2;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Passes over white space and comments. */
  #skip(): void {
    const bytes = this.#bytes;
    for (; this.at < bytes.length; this.at++) {
      if (bytes[this.at] === 0x23) while (this.at < bytes.length && bytes[this.at] !== 0x0a) this.at++;
      else if (!isSpace(bytes[this.at])) return;
    }
  }

  /** @param digits most digits of the number; 1 where numbers need no space between them */
  next(digits = 9): number {
    this.#skip();
    const start = this.at;
    let value = 0;
    for (; this.at < start + digits; this.at++) {
      const digit = (this.#bytes[this.at] ?? 0) - 0x30;
      if (digit < 0 || digit > 9) break;
      value = value * 10 + digit;
    }
    if (this.at > start) return value;
    throw new Error(start >= this.#bytes.length ? 'unexpected end' : 'a number expected');
  }
}

/**
 * Decodes a portable anymap: PBM, PGM or PPM, as text or binary (P1 to P6), of up to 16 bits a sample.
 *
 * @param checkSize refuses a size before anything is allocated for it
 * @throws Error in words for what is damaged or cut short
 */
export function decodePnm(bytes: Uint8Array, checkSize: (width: number, height: number) => void): RawImage {
  const kind = bytes[1]! - 0x30;
  const numbers = new Numbers(bytes);
  const [width, height] = [numbers.next(), numbers.next()];
  const bitmap = kind === 1 || kind === 4;
  const most = bitmap ? 1 : numbers.next();
  if (width === 0 || height === 0) throw new Error('no width or height');
  if (most === 0 || most > 65535) throw new Error(`a largest sample of ${most}`);
  checkSize(width, height);
  const channels = kind === 3 || kind === 6 ? 3 : 1;
  const count = width * height * channels;
  const asText = kind <= 3;
  // One white space ends the header.
  const from = numbers.at + 1;
  const stride = Math.ceil(width / 8);
  const needed = asText ? count : bitmap ? stride * height : count * (most > 255 ? 2 : 1);
  if ((asText ? numbers.at : from) + needed > bytes.length) throw new Error('unexpected end');
  const data = new Uint8Array(count);
  const scaled = (value: number): number => Math.round((255 * Math.min(value, most)) / most);
  for (let i = 0; i < count; i++) {
    if (bitmap) {
      const bit = asText
        ? numbers.next(1)
        : (bytes[from + Math.floor(i / width) * stride + ((i % width) >> 3)]! >> (7 - ((i % width) & 7))) & 1;
      data[i] = bit === 0 ? 255 : 0;
    } else if (asText) data[i] = scaled(numbers.next());
    else if (most > 255) data[i] = scaled(bytes[from + 2 * i]! * 256 + bytes[from + 2 * i + 1]!);
    else data[i] = most === 255 ? bytes[from + i]! : scaled(bytes[from + i]!);
  }
  return { width, height, channels, data };
}
