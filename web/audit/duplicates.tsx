import type { ReactNode } from 'react';
import type { Replication } from '../../src/ground/contracts/audit.ts';
import { Facts } from '../components/facts.tsx';
import { FileName } from '../components/file-name.tsx';
import { MetricValue } from '../components/metric-value.tsx';
import { Picture } from '../components/picture.tsx';
import { Section } from '../components/section.tsx';
import { ShowMore } from '../components/show-more.tsx';
import { formatCount, plural } from '../text/format.ts';

const CLUSTERS_SHOWN = 12;
const FILES_SHOWN = 8;

/** Training items that are there more than once: what a generator learns by heart first; and generated ones that are nearly the same. */
export function Duplicates({
  duplicates,
  generated,
  pictured,
}: {
  readonly duplicates: Replication['duplicates'];
  readonly generated: Replication['generatedDuplicates'];
  /** Sets whose items are images. */
  readonly pictured: Readonly<Record<'training' | 'generated', boolean>>;
}): ReactNode {
  return (
    <Section
      id="duplicates"
      title="Duplicates in the training set"
      lead="Images that the training set holds more than once are the ones a generator learns by heart first. Removing them is the cheapest remedy against copying."
    >
      <Clusters
        set="training"
        term="Training items that have duplicates"
        duplicates={duplicates}
        pictured={pictured.training}
      />
      {generated !== undefined && (
        <>
          <h3>Nearly the same generated images</h3>
          <p className="note">
            Generated images as alike to each other as duplicates in the training set are. Many of them mean that the
            generator varies little.
          </p>
          <Clusters
            set="generated"
            term="Generated items that are nearly the same as another"
            duplicates={generated}
            pictured={pictured.generated}
          />
        </>
      )}
    </Section>
  );
}

interface ClustersProps {
  readonly set: 'training' | 'generated';
  readonly term: string;
  readonly duplicates: Replication['duplicates'];
  readonly pictured: boolean;
}

function Clusters({ set, term, duplicates: { clusters, share, threshold }, pictured }: ClustersProps): ReactNode {
  return (
    <>
      <Facts
        look="facts"
        items={[
          { term, value: <MetricValue metric={share} kind="share" /> },
          { term: 'Clusters', value: formatCount(clusters.length) },
          ...(threshold === null ? [] : [{ term: 'Duplicates from a similarity of', value: threshold.toFixed(3) }]),
        ]}
      />
      {clusters.length === 0 ? (
        share.value !== null && <p className="note">No duplicates were found.</p>
      ) : (
        <ShowMore items={clusters} step={CLUSTERS_SHOWN} noun="clusters">
          {shown => (
            <ul className="clusters">
              {shown.map(cluster => (
                <Cluster key={cluster.files[0]} set={set} cluster={cluster} pictured={pictured} />
              ))}
            </ul>
          )}
        </ShowMore>
      )}
    </>
  );
}

function Cluster({
  set,
  cluster,
  pictured,
}: {
  readonly set: 'training' | 'generated';
  readonly cluster: Replication['duplicates']['clusters'][number];
  readonly pictured: boolean;
}): ReactNode {
  const { files, minSimilarity } = cluster;
  const shown = files.slice(0, FILES_SHOWN);
  return (
    <li className="cluster">
      <p className="cluster-head">
        {plural(files.length, 'item')}, similarity at least {minSimilarity.toFixed(3)}
      </p>
      <ul className="cluster-files">
        {shown.map(file => (
          <li key={file}>
            {pictured && <Picture set={set} file={file} size="small" opens />}
            <FileName name={file} />
          </li>
        ))}
      </ul>
      {files.length > shown.length && (
        <details>
          <summary>{plural(files.length - shown.length, 'more file')}</summary>
          <ul className="plain">
            {files.slice(FILES_SHOWN, 500).map(file => (
              <li key={file}>
                <FileName name={file} whole />
              </li>
            ))}
          </ul>
        </details>
      )}
    </li>
  );
}
