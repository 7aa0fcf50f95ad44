import { type ReactNode, useState } from 'react';
import { usePictures } from './picture.tsx';

export interface SheetProps {
  /** Path of the picture within the run's folder. */
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
  const [failedUrl, setFailedUrl] = useState<string | null>(null);
  const url = urlOf({ set: 'run', file, size: PIXELS });
  const reason = url === null ? whyMissing('run') : 'picture could not be read';
  return (
    <figure className="sheet">
      {url === null || url === failedUrl ? (
        <span className="picture sheet-picture absent" role="img" aria-label={`${alt}: ${reason}`}>
          <span aria-hidden="true">{reason}</span>
        </span>
      ) : (
        <span className="picture sheet-picture">
          <img src={url} alt={alt} loading="lazy" decoding="async" onError={() => setFailedUrl(url)} />
        </span>
      )}
      <figcaption>{caption}</figcaption>
    </figure>
  );
}
