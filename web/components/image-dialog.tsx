import type { ReactNode } from 'react';
import { pictureSetSchema } from '../../src/ground/contracts/report.ts';
import { useOpenedKey } from '../state/use-opened.ts';
import { visibleText } from '../text/visible-text.ts';
import { ItemDialog } from './item-dialog.tsx';
import { IMAGE, PictureBox, usePictures } from './picture.tsx';

const PIXELS = 1024;

/** The image that the address of the page asks for, large; nothing where it asks for none. */
export function ImageDialog(): ReactNode {
  const { key, close } = useOpenedKey(IMAGE);
  const { urlOf, whyMissing } = usePictures();
  if (key === null) return null;
  const slash = key.indexOf('/');
  const set = pictureSetSchema.safeParse(key.slice(0, slash)).data;
  const file = key.slice(slash + 1);
  if (set === undefined || file === '') return null;
  return (
    <ItemDialog
      noun="image"
      index={0}
      count={1}
      onMove={() => {}}
      onClose={close}
      note={<bdi>{visibleText(file)}</bdi>}
    >
      <PictureBox
        className={`large set-${set}`}
        url={urlOf({ set, file, size: PIXELS })}
        alt={visibleText(file)}
        name="Image"
        whyMissing={whyMissing(set)}
      />
    </ItemDialog>
  );
}
