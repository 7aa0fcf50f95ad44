import type { ReactNode } from 'react';
import type { StudyReport } from '../../src/ground/contracts/study.ts';
import { Findings } from '../components/findings.tsx';
import type { OfRun } from '../components/of-run.ts';
import { OverviewSection } from '../components/overview-section.tsx';
import { formatCount, formatNumber, plural } from '../text/format.ts';
import { wordsOf } from '../text/words.ts';

export function titleOf({ sizes, attributes }: StudyReport): string {
  const names = Object.keys(attributes).map(wordsOf);
  const skew = names.length === 0 ? 'Bias' : `Skew of ${names.join(' and ')}`;
  const [first, last] = [sizes[0] ?? 0, sizes.at(-1) ?? 0];
  return sizes.length === 1
    ? `${skew} with ${formatCount(first)} training images`
    : `${skew} by the size of the training set, ${formatCount(first)} to ${formatCount(last)} images`;
}

/** What was trained on what, and what came out in plain words. */
export function Overview({ report, run }: OfRun<StudyReport>): ReactNode {
  const { results, images, budget, imageSize, refused } = report;
  return (
    <OverviewSection kind="Study" run={run} title={titleOf(report)}>
      <p className="lead">
        {plural(results.length, 'generator')} trained from nothing on nested subsets of {formatCount(images.n)} images
        at {imageSize} × {imageSize} pixels, {formatNumber(budget.value)} {budget.unit} each, so that nothing but the
        number of images differs.
      </p>
      {refused.length > 0 && (
        <p className="note">
          Left out: {refused.map(({ size, reason }) => `${formatCount(size)} images (${reason})`).join('; ')}.
        </p>
      )}
      <h2>Verdict</h2>
      <Findings findings={report.verdict} />
    </OverviewSection>
  );
}
