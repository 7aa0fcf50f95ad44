import { BiolensError } from '../../../../ground/errors.ts';
import { loadKernel } from '../../kernels/node.ts';
import { FIRST_ROWS, type OpenTable, type ProductTable, plainTable } from './index.ts';

const PAGE = 65_536;
/** The kernel takes this many numbers of a row at once. */
const STEP = 16;

type Dots = (rows: number, count: number, width: number, probes: number, probeCount: number, out: number) => void;

/** A table whose rows lie in the memory of WebAssembly: rows, then the probes and products of the call in progress. */
function wasmTable(module: WebAssembly.Module, width: number): ProductTable {
  const padded = Math.ceil(width / STEP) * STEP;
  const memory = new WebAssembly.Memory({ initial: Math.ceil((2 * FIRST_ROWS * padded) / PAGE) + 1, maximum: 65_536 });
  const dots = new WebAssembly.Instance(module, { env: { memory } }).exports.dots as Dots;
  let capacity = FIRST_ROWS;
  let words = new Int16Array(memory.buffer);
  const reach = (bytes: number): void => {
    const pages = Math.ceil((bytes - memory.buffer.byteLength) / PAGE);
    if (pages <= 0) return;
    try {
      memory.grow(pages);
    } catch (error) {
      throw new BiolensError('external', `a gallery of ${capacity} templates: not enough memory`, { cause: error });
    }
    words = new Int16Array(memory.buffer);
  };
  return {
    width,
    set(at, values) {
      if (at >= capacity) {
        // Products of an earlier call may lie where rows come to be.
        const before = capacity;
        capacity = Math.max(2 * capacity, at + 1);
        reach(2 * capacity * padded);
        words.fill(0, before * padded, capacity * padded);
      }
      words.set(values, at * padded);
    },
    clear: at => {
      words.fill(0, at * padded, (at + 1) * padded);
    },
    copy: (from, to) => {
      words.copyWithin(to * padded, from * padded, (from + 1) * padded);
    },
    product(at, probe) {
      let sum = 0;
      for (let j = 0, from = at * padded; j < width; j++) sum += words[from + j]! * probe[j]!;
      return sum;
    },
    products(probes, count) {
      const from = 2 * capacity * padded;
      const to = from + 2 * probes.length * padded;
      reach(to + 4 * probes.length * count);
      words.fill(0, from / 2, to / 2);
      probes.forEach((probe, k) => {
        words.set(probe, from / 2 + k * padded);
      });
      dots(0, count, padded, from, probes.length, to);
      return new Int32Array(memory.buffer, to, probes.length * count);
    },
  };
}

/** Tables with the compiled kernel; plain ones with the same numbers where it was not built, or this engine has no SIMD. */
export async function loadTables(): Promise<OpenTable> {
  const module = await loadKernel('dots');
  return module === null ? plainTable : width => wasmTable(module, width);
}
