import type { ReactNode } from 'react';
import { OpenableImage, PictureBox, usePictures } from './picture.tsx';

export interface SheetProps {
  /** Path of the image within the run's folder. */
  readonly file: string;
  /** What is on it. */
  readonly alt: string;
  readonly caption: ReactNode;
}

/** Pixels asked for: wider than a page, for dense screens. */
const PIXELS = 1024;

/** A contact sheet of samples, as wide as its place. */
export function Sheet({ file, alt, caption }: SheetProps): ReactNode {
  const { urlOf, whyMissing } = usePictures();
  return (
    <figure className="sheet">
      <OpenableImage image={{ set: 'run', file }}>
        <PictureBox
          className="sheet-picture"
          url={urlOf({ set: 'run', file, size: PIXELS })}
          alt={alt}
          name={alt}
          whyMissing={whyMissing('run')}
        />
      </OpenableImage>
      <figcaption>{caption}</figcaption>
    </figure>
  );
}

/** Several sheets, small, one beside the other. */
export function SheetList({
  sheets,
}: {
  readonly sheets: readonly (SheetProps & { readonly id: number })[];
}): ReactNode {
  return (
    <ul className="sheet-list">
      {sheets.map(({ id, ...sheet }) => (
        <li key={id}>
          <Sheet {...sheet} />
        </li>
      ))}
    </ul>
  );
}
