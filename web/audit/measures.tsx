import type { ReactNode } from 'react';
import type { Replication } from '../../src/ground/contracts/audit.ts';
import { type Measure, MeasureTable } from '../components/measure-table.tsx';
import { Section } from '../components/section.tsx';
import { formatCount, formatMeasured, formatNumber, formatPEquals } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';

/** The published measures of copying beside our own calls. */
export function Measures({ replication }: { readonly replication: Replication }): ReactNode {
  return (
    <Section
      id="measures"
      title="Other measures of replication"
      lead="Published measures of the same thing, each with its own blind spots; where they disagree with the calls above, look at the images."
    >
      <PermutationResult permutation={replication.permutation} />
      <MeasureTable caption="Other measures of replication" measures={measuresOf(replication)} />
    </Section>
  );
}

function PermutationResult({ permutation }: { readonly permutation: Replication['permutation'] }): ReactNode {
  const { p, statistic, observed, permutations, reason } = permutation;
  return (
    <div className="callout">
      <h3>Exact relabelling test</h3>
      {p === null ? (
        <p>Not computed: {visibleText(reason ?? 'no reason was recorded')}.</p>
      ) : (
        <p>
          <strong>{formatPEquals(p)}.</strong> If the generator had never seen the training set in particular, swapping
          training and held-out images at random would give a {visibleText(statistic)} of at least{' '}
          {observed === null ? 'the one observed' : formatMeasured(observed)} this often ({formatCount(permutations)}{' '}
          relabellings). Small is evidence of copying; it says that copying happened, not which images.
        </p>
      )}
    </div>
  );
}

function measuresOf(replication: Replication): readonly Measure[] {
  const { carlini, splitProduct, identityLeakage } = replication;
  return [
    {
      id: 'leakage-generated',
      name: 'Identity leakage, generated',
      value: identityLeakage.generated,
      kind: 'perMillion',
      meaning: 'Pairs of a generated and a training face that a matcher would take for one person.',
      good: 'Good: no more than the held-out rate below.',
    },
    {
      id: 'leakage-heldout',
      name: 'Identity leakage, held-out',
      value: identityLeakage.heldout,
      kind: 'perMillion',
      meaning: 'The same for real faces that were not trained on: what chance gives.',
      good: 'The yardstick for the row above.',
    },
    {
      id: 'carlini-flagged',
      name: 'Carlini ratio, flagged',
      value: carlini.flagged,
      kind: 'share',
      meaning: `Generated items much nearer to one training item than to the ${formatCount(carlini.k)} around it (ratio below ${formatNumber(carlini.cutoff)}).`,
      good: 'Good: low.',
    },
    {
      id: 'carlini-median',
      name: 'Carlini ratio, median',
      value: carlini.median,
      kind: 'number',
      meaning: `Distance to the nearest training item over ${formatNumber(carlini.alpha)} times the mean distance to the nearest ${formatCount(carlini.k)}.`,
      good: 'Good: high; 0 is an exact copy.',
    },
    {
      id: 'auth-pct',
      name: 'AuthPct',
      value: replication.authPct,
      kind: 'percentage',
      meaning:
        'Generated items further from their nearest training item than that one is from its own nearest neighbour.',
      good: 'Good: near 50 % or above; near 0 % says copying.',
    },
    {
      id: 'c-t',
      name: (
        <>
          C<sub>T</sub>
        </>
      ),
      value: replication.ct,
      kind: 'number',
      meaning:
        'Whether generated items lie nearer to the training set than held-out ones do, as a z-score averaged over regions.',
      good: 'Good: near 0; below −3 says copying, above 3 underfitting.',
    },
    {
      id: 'split-mean',
      name: 'Split product, mean',
      value: splitProduct.mean,
      kind: 'similarity',
      meaning: `Best match of any one of ${formatCount(splitProduct.chunks)} parts of the embedding, which finds copied parts of an image.`,
      good: 'Good: low.',
    },
    {
      id: 'split-p95',
      name: 'Split product, 95th percentile',
      value: splitProduct.p95,
      kind: 'similarity',
      meaning: 'The same for the items that copy most.',
      good: 'Good: low, and not far above the mean.',
    },
    {
      id: 'overlap',
      name: 'Held-out overlap',
      value: replication.heldoutOverlap,
      kind: 'share',
      meaning: 'Held-out items that are duplicates of training items, and so no fair comparison.',
      good: 'Good: 0 %.',
    },
  ];
}
