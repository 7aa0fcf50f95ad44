import { type ReactNode, useEffect } from 'react';
import type { DiffusionReport } from '../../src/contracts/diffusion.ts';
import type { ReportPage } from '../../src/contracts/report.ts';
import { DataTable } from '../components/data-table.tsx';
import type { PageSection } from '../components/page-frame.tsx';
import { Section } from '../components/section.tsx';
import { formatCount, formatNumber, formatTime } from '../text/format.ts';
import { visibleText } from '../text/visible-text.ts';

export const DIFFUSION_SECTIONS: readonly PageSection[] = [
  { id: 'overview', title: 'Overview' },
  { id: 'curve', title: 'Training' },
  { id: 'method', title: 'Method' },
];

/** Points of the curve that its table shows. */
const TABLE_ROWS = 20;

/** The report of a run that trains a generator. */
export function DiffusionPage({
  page,
  report,
}: {
  readonly page: ReportPage;
  readonly report: DiffusionReport;
}): ReactNode {
  const { images, network, training, curve } = report;
  const name = report.kind === 'gan' ? 'A GAN' : 'A diffusion model';
  const title = `${name} trained on ${formatCount(images.n)} images`;
  useEffect(() => {
    document.title = `${title} · biolens`;
  }, [title]);
  const every = Math.max(1, Math.ceil(curve.steps.length / TABLE_ROWS));
  const last = curve.steps.length - 1;
  const rows = curve.steps.map((step, i) => ({ step, i })).filter(({ i }) => i % every === every - 1 || i === last);
  const setting = ([key, value]: [string, unknown]) =>
    [key, typeof value === 'number' ? formatNumber(value) : visibleText(String(value))] as const;
  return (
    <>
      <section id="overview" className="section overview" aria-labelledby="overview-title">
        <p className="kicker">Training · {formatTime(page.run.provenance.startedAt)}</p>
        <h1 id="overview-title">{title}</h1>
        <p>
          {visibleText(network.description)}, {formatCount(network.parameters)} numbers; {formatCount(training.steps)}{' '}
          steps of {formatCount(training.batchSize)} images of {images.size} × {images.size} pixels in{' '}
          {formatNumber(training.seconds)} s.
        </p>
      </section>
      <Section id="curve" title="Training">
        <DataTable
          caption="Means over the steps up to the one named"
          columns={[
            { id: 'step', header: 'Step', cell: ({ step }) => formatCount(step) },
            ...Object.entries(curve.values).map(([id, values]) => ({
              id,
              header: visibleText(id),
              cell: ({ i }: { readonly i: number }) => {
                const value = values[i];
                return value === null || value === undefined ? 'not recorded' : formatNumber(value);
              },
            })),
          ]}
          rows={rows}
          keyOf={({ step }) => String(step)}
        />
      </Section>
      <Section id="method" title="Method">
        <DataTable
          caption="Settings"
          captionHidden
          columns={[
            { id: 'name', header: 'Setting', cell: ([key]) => key },
            { id: 'value', header: 'Value', cell: ([, value]) => value },
          ]}
          rows={Object.entries(training.settings).map(setting)}
          keyOf={([key]) => key}
        />
      </Section>
    </>
  );
}
