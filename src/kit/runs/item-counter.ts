import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { shardsFolder } from './shard-plan.ts';

const NEWLINE = 10;
const CHUNK = 2 ** 16;

/** Counts what a run has made, its shards included, while it grows. */
export class ItemCounter {
  readonly #path: string;
  readonly #own: LineCounter;
  readonly #shards = new Map<string, LineCounter>();

  constructor(runPath: string) {
    this.#path = runPath;
    this.#own = counterOf(runPath);
  }

  /** Items by now. Those of shards are counted until they are brought into the run. */
  async count(): Promise<number> {
    const folder = shardsFolder(this.#path);
    let shared = 0;
    for (const name of await readdir(folder).catch(() => [])) {
      const counter = this.#shards.get(name) ?? counterOf(join(folder, name));
      this.#shards.set(name, counter);
      shared += await counter.count();
    }
    return Math.max(await this.#own.count(), shared);
  }
}

const counterOf = (path: string): LineCounter => new LineCounter(join(path, 'items.jsonl'));

/** Counts the whole lines of a file that grows, reading each byte once. */
class LineCounter {
  readonly #file: string;
  #read = 0;
  #lines = 0;

  constructor(file: string) {
    this.#file = file;
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
