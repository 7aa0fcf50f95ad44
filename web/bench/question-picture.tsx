import type { ReactNode } from 'react';
import { type ImageRef, pictureName } from '../../src/ground/contracts/bench.ts';
import { OpenableImage, PictureBox, usePictures } from '../components/picture.tsx';
import { visibleText } from '../text/visible-text.ts';

/** Pixels asked for: twice what is drawn, for dense screens. */
const PIXELS = 480;

/** One image of a question. */
export function QuestionPicture({ image, title }: { readonly image: ImageRef; readonly title: string }): ReactNode {
  const { urlOf, whyMissing } = usePictures();
  const file = pictureName(image);
  const path = visibleText(image.path);
  const box = (
    <PictureBox
      className="medium set-questions"
      url={file === null ? null : urlOf({ set: 'questions', file, size: PIXELS })}
      alt={`${title}: ${path}`}
      name={title}
      whyMissing={file === null ? 'not in the benchmark' : whyMissing('questions')}
      hintOf={() => path}
    />
  );
  return file === null ? box : <OpenableImage image={{ set: 'questions', file }}>{box}</OpenableImage>;
}
