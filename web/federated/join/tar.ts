const BLOCK = 512;

const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;

/** The header of a file (POSIX ustar). */
function headerOf(
  name: string,
  { size, time }: { readonly size: number; readonly time: Date },
): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(BLOCK);
  const put = (at: number, text: string) => header.set(new TextEncoder().encode(text), at);
  put(0, name);
  put(100, octal(0o644, 7));
  put(108, octal(0, 7));
  put(116, octal(0, 7));
  put(124, octal(size, 11));
  put(136, octal(Math.floor(time.getTime() / 1000), 11));
  put(148, ' '.repeat(8));
  put(156, '0');
  put(257, 'ustar\u000000');
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(148, `${octal(sum, 6)} `);
  return header;
}

export interface TarFile {
  /** At most 100 plain characters. */
  readonly name: string;
  readonly content: Blob;
}

/** Files as one archive; their content is not read into memory. */
export function tarOf(files: readonly TarFile[], time: Date): Blob {
  const parts: (Uint8Array<ArrayBuffer> | Blob)[] = files.flatMap(({ name, content }) => [
    headerOf(name, { size: content.size, time }),
    content,
    new Uint8Array((BLOCK - (content.size % BLOCK)) % BLOCK),
  ]);
  return new Blob([...parts, new Uint8Array(2 * BLOCK)], { type: 'application/x-tar' });
}
