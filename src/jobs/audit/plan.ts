import type { JobPlan } from '../../kit/job/index.ts';
import type { SampleMaker } from '../generators/index.ts';
import type { AuditConfiguration } from './configuration.ts';
import type { SetSource } from './sources.ts';

const FLOAT_BYTES = 4;

/** What an audit of so many items would read, and about how long it takes. */
export function planAudit(
  configuration: AuditConfiguration,
  sources: readonly SetSource[],
  { width, maker }: { readonly width: number; readonly maker: SampleMaker | null },
): JobPlan {
  const countOf = (source: SetSource): number => {
    if (source.kind === 'embeddings') return source.matrix.rows;
    return source.set === 'generated' && maker !== null ? maker.n : source.files.length;
  };
  const count = (set: SetSource['set']): number =>
    sources.filter(source => source.set === set).reduce((sum, source) => sum + countOf(source), 0);
  const images = sources.reduce((sum, source) => sum + (source.kind === 'images' ? countOf(source) : 0), 0);
  const [training, generated, heldout] = [count('training'), count('generated'), count('heldout')];
  const perImage =
    configuration.embedder === 'appearance' && configuration.classifier === 'none' ? SECONDS.appearance : SECONDS.face;
  const products = training * (training + generated + heldout) * width;
  const statistics =
    heldout === 0
      ? SECONDS.start + products * SECONDS.product
      : SECONDS.startWithHeldout +
        products * SECONDS.productWithHeldout +
        configuration.permutations * (generated + heldout) * SECONDS.relabelled;
  return {
    reads: sources.map(source => ({
      what: source.set,
      path: source.set === 'generated' && maker !== null ? maker.what : source.source,
      amount: `${countOf(source)} ${source.kind === 'images' ? 'images' : 'embeddings'}`,
    })),
    writes: [],
    seconds: images * perImage + statistics,
    basis: `as measured on two shared cores of an Intel Xeon${maker === null ? '' : ', without what generating the images takes'}`,
    // A file of training embeddings stays on disk.
    memoryBytes: ((sources[0]?.kind === 'images' ? training : 0) + generated + heldout) * width * FLOAT_BYTES,
  };
}

/**
 * Measured in November 2026 on two shared cores of an Intel Xeon: 200 portraits took 9.5 s; embeddings of 128 numbers 2.1 s for 2,000
 * training and 1,000 generated ones, 4.4 s with 1,000 held-out ones, 5.5 s with 20,000 relabellings; 11.7 s and 24.3 s for 20,000, 5,000
 * and 5,000.
 */
const SECONDS = {
  start: 2,
  startWithHeldout: 4,
  face: 0.04,
  appearance: 0.002,
  /** A product of two numbers in the comparison of all pairs. */
  product: 1.5e-10,
  productWithHeldout: 2.6e-10,
  /** An item in one relabelling. */
  relabelled: 2.7e-8,
} as const;
