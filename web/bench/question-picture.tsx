import { type ReactNode, useState } from 'react';
import { type ImageRef, pictureName } from '../../src/ground/contracts/bench.ts';
import { usePictures } from '../components/picture.tsx';
import { visibleText } from '../text/visible-text.ts';

/** Pixels asked for: twice what is drawn, for dense screens. */
const PIXELS = 480;

/** One picture of a question, or a quiet box that says why there is none. */
export function QuestionPicture({ image, title }: { readonly image: ImageRef; readonly title: string }): ReactNode {
  const { urlOf, whyMissing } = usePictures();
  const [failedUrl, setFailedUrl] = useState<string | null>(null);
  const file = pictureName(image);
  const url = file === null ? null : urlOf({ set: 'questions', file, size: PIXELS });
  const path = visibleText(image.path);
  if (url === null || url === failedUrl) {
    const reason =
      file === null ? 'not in the benchmark' : url === null ? whyMissing('questions') : 'picture could not be read';
    return (
      <span className="picture medium set-questions absent" role="img" aria-label={`${title}: ${reason}`} title={path}>
        <span aria-hidden="true">{reason}</span>
      </span>
    );
  }
  return (
    <span className="picture medium set-questions">
      <img src={url} alt={`${title}: ${path}`} loading="lazy" decoding="async" onError={() => setFailedUrl(url)} />
    </span>
  );
}
