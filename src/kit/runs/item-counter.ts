import { open, stat } from 'node:fs/promises';
import { join } from 'node:path';

const NEWLINE = 10;
const CHUNK = 2 ** 16;

/** Counts the whole lines of a run's `items.jsonl`, which grows, reading each byte once. */
export class ItemCounter {
  readonly #file: string;
  #read = 0;
  #lines = 0;

  constructor(runPath: string) {
    this.#file = join(runPath, 'items.jsonl');
  }

  /** Lines by now; 0 where there is no such file yet. */
  async count(): Promise<number> {
    const size = await stat(this.#file).then(
      status => (status.isFile() ? status.size : 0),
      () => 0,
    );
    // A torn last line is cut off when a run is resumed.
    if (size < this.#read) [this.#read, this.#lines] = [0, 0];
    if (size === this.#read) return this.#lines;
    const handle = await open(this.#file).catch(() => null);
    if (handle === null) return this.#lines;
    try {
      const buffer = new Uint8Array(CHUNK);
      while (this.#read < size) {
        const { bytesRead } = await handle.read(buffer, 0, CHUNK, this.#read);
        if (bytesRead === 0) break;
        const part = buffer.subarray(0, bytesRead);
        for (let at = part.indexOf(NEWLINE); at >= 0; at = part.indexOf(NEWLINE, at + 1)) this.#lines++;
        this.#read += bytesRead;
      }
    } finally {
      await handle.close();
    }
    return this.#lines;
  }
}
