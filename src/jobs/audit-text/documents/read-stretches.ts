import { open } from 'node:fs/promises';
import type { TextFile } from './list-files.ts';
import { canBeParted, type Layout, readDocuments } from './read-documents.ts';

/** Bytes of a document that are wanted; those beyond its ends are not there. */
export interface Stretch {
  readonly file: number;
  readonly row: number;
  readonly from: number;
  readonly to: number;
}

/** Collects the bytes of stretches of one document from its pieces as they come. */
class Collector {
  readonly #wanted: readonly { readonly stretch: Stretch; readonly parts: Uint8Array[] }[];

  constructor(stretches: readonly Stretch[]) {
    this.#wanted = stretches.map(stretch => ({ stretch, parts: [] }));
  }

  take(at: number, bytes: Uint8Array): void {
    for (const { stretch, parts } of this.#wanted) {
      const [from, to] = [Math.max(stretch.from, at), Math.min(stretch.to, at + bytes.length)];
      if (from < to) parts.push(Uint8Array.from(bytes.subarray(from - at, to - at)));
    }
  }

  give(found: Map<Stretch, Buffer>): void {
    for (const { stretch, parts } of this.#wanted) found.set(stretch, Buffer.concat(parts));
  }
}

async function readAt(file: TextFile, stretches: readonly Stretch[], found: Map<Stretch, Buffer>): Promise<void> {
  await using handle = await open(file.path);
  for (const stretch of stretches) {
    const from = Math.max(0, stretch.from);
    const bytes = Buffer.alloc(Math.max(0, Math.min(stretch.to, file.bytes) - from));
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, from);
    found.set(stretch, bytes.subarray(0, bytesRead));
  }
}

/** Reads stretches of a corpus a second time: at their place where a file allows that, else by reading the files that hold them. */
export async function readStretches(
  files: readonly TextFile[],
  stretches: readonly Stretch[],
  { layout, signal }: { readonly layout: Layout; readonly signal?: AbortSignal | undefined },
): Promise<Map<Stretch, Buffer>> {
  const found = new Map<Stretch, Buffer>();
  for (const [number, ofFile] of Map.groupBy(stretches, ({ file }) => file)) {
    const file = files[number]!;
    if (await canBeParted(file, layout)) {
      await readAt(file, ofFile, found);
      continue;
    }
    const byRow = Map.groupBy(ofFile, ({ row }) => row);
    let at = 0;
    let collector: Collector | null = null;
    for await (const { row, first, last, bytes } of readDocuments(file, {
      ...layout,
      onSkip: () => undefined,
      signal,
    })) {
      if (first) {
        at = 0;
        const wanted = byRow.get(row);
        collector = wanted === undefined ? null : new Collector(wanted);
      }
      collector?.take(at, bytes);
      at += bytes.length;
      if (!last) continue;
      collector?.give(found);
      byRow.delete(row);
      if (byRow.size === 0) break;
    }
  }
  return found;
}
