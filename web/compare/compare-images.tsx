import { type ReactNode, useMemo } from 'react';
import { setNameSchema } from '../../src/ground/contracts/audit.ts';
import type { RunComparison } from '../../src/ground/contracts/comparison.ts';
import type { Client } from '../client/client.ts';
import { FileName } from '../components/file-name.tsx';
import { ItemDialog } from '../components/item-dialog.tsx';
import { PictureBox } from '../components/picture.tsx';
import { Section } from '../components/section.tsx';
import { usePreference } from '../state/preferences.ts';
import { useOpened } from '../state/use-opened.ts';
import { visibleText } from '../text/visible-text.ts';
import { letterOf } from './compare-view.ts';

type Image = RunComparison['images'][number][number];

interface Shown extends Image {
  readonly run: number;
  readonly place: number;
}

export interface CompareImagesProps {
  readonly client: Client;
  readonly comparison: RunComparison;
}

/** The first images of each run's report in a column of its own; each opens large. */
export function CompareImages({ client, comparison }: CompareImagesProps): ReactNode {
  const { runs, images } = comparison;
  const [blur, setBlur] = usePreference('blur', ['off', 'on']);
  const all = useMemo(
    () => images.flatMap((list, run) => list.map((image, place): Shown => ({ ...image, run, place }))),
    [images],
  );
  const keys = useMemo(() => all.map(({ run, place }) => `${letterOf(run)}${place + 1}`), [all]);
  const { opened, open, close } = useOpened('image', keys);
  if (all.length === 0) return null;
  const urlOf = ({ run, set, file }: Shown, size: number): string | null =>
    client.imageUrl(runs[run]?.id ?? '', { set, file, size });
  const current = opened === null ? undefined : all[opened];
  return (
    <Section
      id="images"
      title="Images"
      lead="The first images of each report: of an audit the pairs that are most alike, generated on the left."
    >
      <div className="toolbar">
        <button
          type="button"
          className="button"
          aria-pressed={blur === 'on'}
          onClick={() => setBlur(blur === 'on' ? 'off' : 'on')}
        >
          Blur faces
        </button>
      </div>
      <div className={blur === 'on' ? 'compare-images blurred' : 'compare-images'}>
        {runs.map(({ id, title }, run) => (
          <section key={id} aria-labelledby={`images-${run}`}>
            <h3 id={`images-${run}`}>
              {letterOf(run)} <span className="note">{visibleText(title)}</span>
            </h3>
            <ul className="compare-list">
              {all
                .map((image, at) => ({ image, at }))
                .filter(({ image }) => image.run === run)
                .map(({ image, at }) => (
                  <li key={at} className={image.sheet ? 'sheet-item' : undefined}>
                    <button type="button" className="image-button" onClick={() => open(at)}>
                      <span className="visually-hidden">{`Open image ${keys[at]}: ${visibleText(image.file)}`}</span>
                      <PictureBox
                        className={`medium ${setClass(image)}`}
                        url={urlOf(image, image.sheet ? 640 : 320)}
                        alt=""
                        name={visibleText(image.file)}
                        whyMissing="no image"
                      />
                    </button>
                  </li>
                ))}
            </ul>
            {images[run]?.length === 0 && <p className="note">No image is kept with this run.</p>}
          </section>
        ))}
      </div>
      {opened !== null && current !== undefined && (
        <ItemDialog
          noun="image"
          index={opened}
          count={all.length}
          onMove={open}
          onClose={close}
          note={
            <>
              {letterOf(current.run)} · {current.set} · <FileName name={current.file} whole />
            </>
          }
        >
          <div className={blur === 'on' ? 'blurred' : undefined}>
            <PictureBox
              key={opened}
              className={`large ${setClass(current)}`}
              url={urlOf(current, 1024)}
              alt={visibleText(current.file)}
              name={visibleText(current.file)}
              whyMissing="no image"
            />
          </div>
        </ItemDialog>
      )}
    </Section>
  );
}

const setClass = ({ set }: Image): string => (setNameSchema.safeParse(set).success ? `set-${set}` : '');
