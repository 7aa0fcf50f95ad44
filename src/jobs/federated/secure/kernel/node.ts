import { readFileSync } from 'node:fs';
import { MOST_STREAMS, PART_ENTRIES, plainKernel, type VectorKernel } from '../packing.ts';

/** What `npm run build:kernels` makes of assembly/masks.ts. */
const FILE = import.meta.url.endsWith('.ts')
  ? new URL('../../../../../dist/kernels/masks.wasm', import.meta.url)
  : new URL('../../../../kernels/masks.wasm', import.meta.url);

interface Compiled {
  readonly memory: WebAssembly.Memory;
  /** The last three: how far apart the streams are, how many are added, and how many after them are taken off. */
  readonly addWordStreams: (
    ...numbers: [entries: number, streams: number, count: number, number, number, number]
  ) => void;
  readonly addTripleStreams: Compiled['addWordStreams'];
  readonly addPacked: (entries: number, packed: number, count: number, bits: number) => void;
  readonly pack: Compiled['addPacked'];
}

/** Where the entries of a part stand in the module's memory, and the bytes that go with them; both with room to read beyond. */
const ENTRIES_AT = 1024;
const BYTES_AT = ENTRIES_AT + 4 * PART_ENTRIES + 64;
const APART = 4 * PART_ENTRIES + 64;

const roundUp = (count: number): number => (count + 3) & ~3;

function kernelOf({ memory, addWordStreams, addTripleStreams, addPacked, pack }: Compiled): VectorKernel {
  const words = new Uint32Array(memory.buffer, ENTRIES_AT, PART_ENTRIES);
  const bytes = new Uint8Array(memory.buffer, BYTES_AT);
  return {
    pack: (entries, into, bits) => {
      words.set(entries);
      pack(ENTRIES_AT, BYTES_AT, entries.length, bits);
      into.set(bytes.subarray(0, into.length));
    },
    addPacked: (sum, packed, bits) => {
      words.set(sum);
      bytes.set(packed);
      addPacked(ENTRIES_AT, BYTES_AT, sum.length, bits);
      sum.set(words.subarray(0, sum.length));
    },
    addStreams: (entries, streams, bytesEach) => {
      words.set(entries);
      const add = bytesEach === 3 ? addTripleStreams : addWordStreams;
      const count = roundUp(entries.length);
      for (let first = 0; first < streams.length; first += MOST_STREAMS) {
        const some = streams.slice(first, first + MOST_STREAMS).sort((a, b) => b.sign - a.sign);
        for (const [i, stream] of some.entries()) bytes.set(stream.bytes, i * APART);
        const plus = some.filter(({ sign }) => sign > 0).length;
        add(ENTRIES_AT, BYTES_AT, count, APART, plus, some.length - plus);
      }
      entries.set(words.subarray(0, entries.length));
    },
  };
}

/** The compiled kernel; the plain one where it was not built, or was by an older version, or this engine has no SIMD. */
export function openVectorKernel(): VectorKernel {
  try {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(readFileSync(FILE)));
    return 'addTripleStreams' in exports ? kernelOf(exports as unknown as Compiled) : plainKernel;
  } catch {
    return plainKernel;
  }
}
