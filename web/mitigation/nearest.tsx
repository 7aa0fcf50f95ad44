import { type ReactNode, useMemo } from 'react';
import type { MitigationReport } from '../../src/ground/contracts/mitigation.ts';
import { Facts } from '../components/facts.tsx';
import { FileName } from '../components/file-name.tsx';
import { ItemDialog } from '../components/item-dialog.tsx';
import { type FiguredPair, PairFigures } from '../components/pair-figures.tsx';
import { Picture } from '../components/picture.tsx';
import { SetKey } from '../components/set-key.tsx';
import { useOpened } from '../state/use-opened.ts';

const SHOWN = 6;

/** The samples most alike to a training image, before and after, each beside that image. */
export function Nearest({ report }: { readonly report: MitigationReport }): ReactNode {
  return (
    <>
      <h3>Samples nearest to a training image</h3>
      <p className="key">
        <SetKey set="generated">Sample, left</SetKey>
        <SetKey set="training">Training, right</SetKey>
      </p>
      <Side report={report} name="before" title="Before" />
      <Side report={report} name="after" title="After" />
    </>
  );
}

interface SideProps {
  readonly report: MitigationReport;
  readonly name: 'before' | 'after';
  readonly title: string;
}

function Side({ report, name, title }: SideProps): ReactNode {
  const { folder } = report[name].samples;
  const pairs = useMemo(
    () =>
      report.pictures.nearest[name]
        .slice(0, SHOWN)
        .map(({ sample, ...pair }): FiguredPair => ({ generated: sample, ...pair })),
    [report, name],
  );
  const keys = useMemo(() => pairs.map(({ generated }) => generated), [pairs]);
  const { opened, open, close } = useOpened(`pair-${name}`, keys);
  const pair = opened === null ? undefined : pairs[opened];
  return (
    <div className="nearest">
      <h4 className="figure-title">{title}</h4>
      {pairs.length === 0 ? (
        <p className="note">None was kept.</p>
      ) : (
        <PairFigures pairs={pairs} folder={folder} onOpen={chosen => open(pairs.indexOf(chosen))} />
      )}
      {opened !== null && pair !== undefined && (
        <ItemDialog noun="pair" index={opened} count={pairs.length} onMove={open} onClose={close}>
          <div className="pair-dialog-pictures">
            <figure>
              <figcaption>
                <SetKey set="generated">Sample</SetKey>
                <FileName name={pair.generated} whole />
              </figcaption>
              <Picture set="generated" from="run" file={`${folder}/${pair.generated}`} size="large" />
            </figure>
            <figure>
              <figcaption>
                <SetKey set="training" />
                <FileName name={pair.training} whole />
              </figcaption>
              <Picture set="training" file={pair.training} size="large" />
            </figure>
          </div>
          <Facts look="facts" items={[{ term: 'Similarity', value: pair.similarity.toFixed(4) }]} />
        </ItemDialog>
      )}
    </div>
  );
}
