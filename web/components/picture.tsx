import { createContext, type ReactNode, useContext, useState } from 'react';
import type { SetName } from '../../src/ground/contracts/audit.ts';
import type { PictureRequest } from '../client/client.ts';
import { useOpenedKey } from '../state/use-opened.ts';
import { visibleText } from '../text/visible-text.ts';
import { SET_LABELS } from './set-key.tsx';

/** How the pages of one run get at its images. */
export interface Pictures {
  readonly urlOf: (request: PictureRequest) => string | null;
  /** Why an image of this set that has no address is missing. */
  readonly whyMissing: (set: PictureRequest['set']) => string;
}

const PicturesContext = createContext<Pictures>({ urlOf: () => null, whyMissing: () => 'no images' });
export const PicturesProvider = PicturesContext.Provider;
export const usePictures = (): Pictures => useContext(PicturesContext);

export interface OpenableImageProps {
  readonly image: Pick<PictureRequest, 'set' | 'file'>;
  /** The image, whose name is that of the button too. */
  readonly children: ReactNode;
}

/** An image that opens large when it is pressed. */
export function OpenableImage({ image: { set, file }, children }: OpenableImageProps): ReactNode {
  const { openKey } = useOpenedKey(IMAGE);
  return (
    <button type="button" className="image-button" onClick={() => openKey(`${set}/${file}`)}>
      <span className="visually-hidden">Open </span>
      {children}
    </button>
  );
}

/** What an image that is shown large is called in the address of the page. */
export const IMAGE = 'image';

export interface PictureProps {
  readonly set: SetName;
  readonly file: string;
  /** Where the file lies: by default in the set's folder. */
  readonly from?: 'run';
  readonly size: 'small' | 'medium' | 'large';
  /** It opens large when it is pressed; not where it stands in what opens already. */
  readonly opens?: boolean;
}

/** Pixels asked for: twice what is drawn, for dense screens. */
const PIXELS = { small: 128, medium: 320, large: 640 } as const;

/** An image of a set, or a quiet box that says why there is none. */
export function Picture({ set, file, from, size, opens = false }: PictureProps): ReactNode {
  const { urlOf, whyMissing } = usePictures();
  const place = from ?? set;
  const box = (
    <PictureBox
      className={`${size} set-${set}`}
      url={urlOf({ set: place, file, size: PIXELS[size] })}
      alt={`${SET_LABELS[set]} image ${visibleText(file)}`}
      name={SET_LABELS[set]}
      whyMissing={whyMissing(place)}
      hintOf={reason => reason}
      wordless={size === 'small'}
    />
  );
  return opens ? <OpenableImage image={{ set: place, file }}>{box}</OpenableImage> : box;
}

export interface PictureBoxProps {
  readonly className: string;
  /** Null where the image has no address. */
  readonly url: string | null;
  readonly alt: string;
  /** What the image is called where it is missing. */
  readonly name: string;
  /** Why it has no address. */
  readonly whyMissing: string;
  /** What a pointer that rests on the box of a missing image is told, by the reason. */
  readonly hintOf?: (reason: string) => string;
  /** Too small for the reason. */
  readonly wordless?: boolean;
}

/** An image by its address, or a quiet box that says why there is none. */
export function PictureBox(props: PictureBoxProps): ReactNode {
  const { className, url, alt, name, whyMissing, hintOf, wordless = false } = props;
  const [failedUrl, setFailedUrl] = useState<string | null>(null);
  if (url === null || url === failedUrl) {
    const reason = url === null ? whyMissing : 'image could not be read';
    return (
      <span
        className={`picture ${className} absent`}
        role="img"
        aria-label={`${name}: ${reason}`}
        title={hintOf?.(reason)}
      >
        {!wordless && <span aria-hidden="true">{reason}</span>}
      </span>
    );
  }
  return (
    <span className={`picture ${className}`}>
      <img src={url} alt={alt} loading="lazy" decoding="async" onError={() => setFailedUrl(url)} />
    </span>
  );
}
