import { createContext, type ReactNode, useContext, useState } from 'react';
import type { SetName } from '../../src/ground/contracts/audit.ts';
import type { PictureRequest } from '../client/client.ts';
import { visibleText } from '../text/visible-text.ts';
import { SET_LABELS } from './set-key.tsx';

/** How the pages of one run get at its pictures. */
export interface Pictures {
  readonly urlOf: (request: PictureRequest) => string | null;
  /** Why a picture of this set that has no address is missing. */
  readonly whyMissing: (set: PictureRequest['set']) => string;
}

const PicturesContext = createContext<Pictures>({ urlOf: () => null, whyMissing: () => 'no pictures' });
export const PicturesProvider = PicturesContext.Provider;
export const usePictures = (): Pictures => useContext(PicturesContext);

export interface PictureProps {
  readonly set: SetName;
  readonly file: string;
  /** Where the file lies: by default in the set's folder. */
  readonly from?: 'run';
  readonly size: 'small' | 'medium' | 'large';
}

/** Pixels asked for: twice what is drawn, for dense screens. */
const PIXELS = { small: 128, medium: 320, large: 640 } as const;

/** A picture of a set, or a quiet box that says why there is none. */
export function Picture({ set, file, from, size }: PictureProps): ReactNode {
  const { urlOf, whyMissing } = useContext(PicturesContext);
  const [failedUrl, setFailedUrl] = useState<string | null>(null);
  const place = from ?? set;
  const url = urlOf({ set: place, file, size: PIXELS[size] });
  const className = `picture ${size} set-${set}`;
  if (url === null || url === failedUrl) {
    const reason = url === null ? whyMissing(place) : 'picture could not be read';
    return (
      <span className={`${className} absent`} role="img" aria-label={`${SET_LABELS[set]}: ${reason}`} title={reason}>
        {size === 'small' ? null : <span aria-hidden="true">{reason}</span>}
      </span>
    );
  }
  const alt = `${SET_LABELS[set]} picture ${visibleText(file)}`;
  return (
    <span className={className}>
      <img src={url} alt={alt} loading="lazy" decoding="async" onError={() => setFailedUrl(url)} />
    </span>
  );
}
