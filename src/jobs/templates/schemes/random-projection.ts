import { KeyStream } from '../key-stream.ts';
import { orthonormalRows } from '../orthonormal.ts';
import { cosine, project, type Scheme, type Template, unproject } from '../scheme.ts';

const FLOAT_BYTES = 4;
/** Sectors that an embedding is cut into. */
const SECTORS = 8;

/** Random projection: as many numbers as the embedding has. */
export const randomProjection: Scheme = {
  name: 'random-projection',
  title: 'Random projection',
  source:
    'Teoh, Goh and Ngo, "Random Multispace Quantization", PAMI 28(12), 2006, without the quantisation; an orthonormal basis of the key.',
  byDefault: true,
  holds: 'numbers',
  bytes: width => width * FLOAT_BYTES,
  length: width => width,
  open(key, width) {
    const rows = orthonormalRows(new KeyStream(key), width, width);
    return {
      protect: unit => Float32Array.from(project(rows, unit)),
      estimate: (template: Template) => unproject(rows, template, width),
    };
  },
  compare: cosine,
};

/** Where the sectors of an embedding begin and end. */
function sectorsOf(width: number): { readonly from: number; readonly size: number }[] {
  const count = Math.min(SECTORS, width);
  return Array.from({ length: count }, (_, i) => {
    const from = Math.floor((i * width) / count);
    return { from, size: Math.floor(((i + 1) * width) / count) - from };
  });
}

/** Sectored random projection: each part of the embedding is projected by itself to half its numbers. */
export const sectoredProjection: Scheme = {
  name: 'sectored-projection',
  title: 'Sectored projection',
  source:
    'Pillai et al., "Secure and Robust Iris Recognition Using Random Projections and Sparse Representations", PAMI 33(9), 2011; here sectors of the embedding, each projected to half its numbers.',
  byDefault: true,
  holds: 'numbers',
  bytes: width => sectorsOf(width).reduce((sum, { size }) => sum + Math.ceil(size / 2), 0) * FLOAT_BYTES,
  length: width => sectorsOf(width).reduce((sum, { size }) => sum + Math.ceil(size / 2), 0),
  open(key, width) {
    const stream = new KeyStream(key);
    const sectors = sectorsOf(width).map(({ from, size }) => ({
      from,
      size,
      rows: orthonormalRows(stream, Math.ceil(size / 2), size),
    }));
    return {
      protect(unit) {
        const whole = Float64Array.from({ length: width }, (_, i) => unit[i]!);
        return Float32Array.from(
          sectors.flatMap(({ from, size, rows }) => [...project(rows, whole.subarray(from, from + size))]),
        );
      },
      estimate(template: Template) {
        const out = new Float64Array(width);
        let at = 0;
        for (const { from, size, rows } of sectors) {
          const count = rows.length / size;
          out.set(unproject(rows, template.subarray(at, at + count), size), from);
          at += count;
        }
        return out;
      },
    };
  },
  compare: cosine,
};
